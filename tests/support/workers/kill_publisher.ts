/** A camera that does not exist: a command for it ends the thread of `scripted_publisher.ts`. */
export const KILL = "kill-publisher";

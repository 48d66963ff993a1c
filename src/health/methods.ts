import type { Hono } from "hono";
import { refuse } from "./refusal.ts";

/** The methods of what is only read. */
export const READ = "GET, HEAD";

/** Answers all other methods of a path; call it behind the path's routes. @param allow  as `POST` */
export function refuseOtherMethods(app: Hono, path: string, allow: string): void {
  const allowed = `${allow}, OPTIONS`;
  app.options(path, (context) => context.body(null, 204, { Allow: allowed }));
  app.all(path, (context) => {
    context.header("Allow", allowed);
    return refuse(context, {
      status: 405,
      code: "HTTP_METHOD",
      error: "no such method of this resource",
      remedy: `Use ${allow}.`,
    });
  });
}

import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { Control } from "../../health/control_route.ts";
import { CommandReceiver } from "../../mqtt/command_receiver.ts";
import type { Controller } from "./controller.ts";

export interface HttpControlParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly controller: Pick<Controller, "execute">;
}

/** Commands over HTTP: parsed, bounded and acknowledged as those over MQTT, with bounds of their own. */
export function httpControl({ clock, log, controller }: HttpControlParts): Control {
  const receiver = new CommandReceiver({
    clock,
    log,
    forward: (request) => void controller.execute(request, (answer) => receiver.answer(answer)),
    // Each request is acknowledged to its own sender.
    acknowledge: () => undefined,
  });
  return (command) =>
    new Promise((resolve) => receiver.receive(command, { retained: false }, resolve));
}

/** The simulated service in a thread of its own, so that what it keeps is measured apart. */
import v8 from "node:v8";
import vm from "node:vm";
import { epochMs } from "../../../src/core/clock.ts";
import { serve } from "../../../src/core/worker_entry.ts";
import { SimulatedService } from "./simulated_service.ts";

/** What the thread is to do; each is answered with its state afterwards. */
export type ToSimulated =
  | { readonly kind: "start"; readonly jpeg: Uint8Array<ArrayBuffer> }
  | { readonly kind: "pass"; readonly seconds: number }
  | { readonly kind: "collect" };

export interface SimulatedState {
  readonly kind: "state";
  readonly url: string;
  /** The time of the simulation, since the epoch. */
  readonly atMs: number;
  /** The number of the newest picture. */
  readonly seq: number;
  /** What is in use of this thread's heap. */
  readonly heapBytes: number;
}

serve<ToSimulated, SimulatedState>(({ post }) => {
  let service: SimulatedService | null = null;
  v8.setFlagsFromString("--expose-gc");
  const collect: unknown = vm.runInNewContext("gc");
  return (message) => {
    if (message.kind === "start") service = new SimulatedService(message.jpeg);
    else if (message.kind === "pass") service?.pass(message.seconds);
    else if (typeof collect === "function") collect();
    if (service === null) return;
    const { url, atMs, seq } = service;
    const { heapUsed } = Deno.memoryUsage();
    post({ kind: "state", url, atMs: epochMs(atMs), seq, heapBytes: heapUsed });
  };
});

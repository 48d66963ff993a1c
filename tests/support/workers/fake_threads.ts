/** Worker threads that a test plays: it reads what was posted to them, and posts their answers. */
import type { ErrorData } from "../../../src/core/errors.ts";
import type { StopMessage } from "../../../src/core/messages.ts";
import type {
  Spawn,
  WorkerHandle,
  WorkerSpec,
} from "../../../src/service/workers/worker_handle.ts";

interface Message {
  readonly kind: string;
}

/** One thread. */
export class FakeThread<In extends Message, Out extends Message>
  implements WorkerHandle<In | StopMessage> {
  readonly posted: (In | StopMessage)[] = [];
  /** What was to be transferred with them. */
  readonly transferred: Transferable[] = [];
  isTerminated = false;
  readonly #spec: WorkerSpec<Out>;
  readonly #stopped = Promise.withResolvers<true>();

  constructor(spec: WorkerSpec<Out>) {
    this.#spec = spec;
  }

  get name(): string {
    return this.#spec.name;
  }

  /** The messages of a kind that were posted to it so far. */
  of<K extends In["kind"]>(kind: K) {
    return this.posted.filter((message): message is Extract<In, { kind: K }> =>
      message.kind === kind
    );
  }

  /** Posts a message of the thread; one of a terminated thread is lost. */
  emit(message: Out): void {
    if (this.isTerminated) return;
    this.#spec.onMessage(message);
    if (message.kind === "stopped") this.#stopped.resolve(true);
  }

  fail(error: ErrorData): void {
    if (!this.isTerminated) this.#spec.onFailed(error);
  }

  post(message: In | StopMessage, transfers: readonly Transferable[] = []): void {
    if (this.isTerminated) return;
    this.posted.push(message);
    this.transferred.push(...transfers);
  }

  async stop(deadline: Promise<unknown>): Promise<boolean> {
    if (this.isTerminated) return true;
    this.post({ kind: "stop" });
    const orderly = await Promise.race([this.#stopped.promise, deadline.then(() => false)]);
    this.terminate();
    return orderly;
  }

  terminate(): void {
    this.isTerminated = true;
  }
}

/** All threads of one kind; disposed, it closes the ports that were posted to them. */
export class FakeThreads<In extends Message, Out extends Message> implements Disposable {
  readonly all: FakeThread<In, Out>[] = [];

  readonly spawn: Spawn<In | StopMessage, Out> = (spec) => {
    const thread = new FakeThread<In, Out>(spec);
    this.all.push(thread);
    return thread;
  };

  /** The newest thread of a name, or of all. */
  newest(name?: string): FakeThread<In, Out> {
    const thread = this.all.findLast((each) => name === undefined || each.name === name);
    if (thread === undefined) throw new Error(`no thread ${name ?? ""} was started`);
    return thread;
  }

  [Symbol.dispose](): void {
    for (const { posted } of this.all) {
      for (const message of posted) {
        if ("port" in message && message.port instanceof MessagePort) message.port.close();
      }
    }
  }
}

/** A worker that answers one request. */

/** Starts a worker with these permissions, and returns its answer; an uncaught error rejects. */
export async function askWorker<Answer>(
  entry: URL | string,
  permissions: Deno.PermissionOptions,
  request: unknown,
): Promise<Answer> {
  const worker = new Worker(entry, { type: "module", deno: { permissions } });
  const answer = Promise.withResolvers<Answer>();
  worker.onmessage = (event: MessageEvent<Answer>) => answer.resolve(event.data);
  worker.onerror = (event) => {
    event.preventDefault();
    answer.reject(new Error(event.message));
  };
  worker.postMessage(request);
  try {
    return await answer.promise;
  } finally {
    worker.terminate();
  }
}

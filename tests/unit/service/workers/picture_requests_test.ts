import assert from "node:assert/strict";
import {
  MAX_PENDING_PICTURES,
  PictureRequests,
} from "../../../../src/service/workers/picture_requests.ts";

function rig() {
  const answers: string[] = [];
  const posted: string[] = [];
  const requests = new PictureRequests(({ stay, bytes }) =>
    answers.push(`${stay} ${bytes?.byteLength}`)
  );
  const request = (stay: string) => requests.request(stay, () => posted.push(stay));
  const answered = (stay: string, bytes: number) =>
    requests.answered({ stay, seq: 7, bytes: new ArrayBuffer(bytes) });
  return { answers, posted, requests, request, answered };
}

Deno.test("picture requests: each has the thread's answer, and what was not asked for has none", () => {
  const { answers, posted, request, answered } = rig();
  request("A");
  request("B");
  request("A");
  assert.deepEqual([posted, answers], [["A", "B", "A"], []]);
  answered("A", 1);
  answered("B", 2);
  answered("A", 3);
  answered("A", 4);
  answered("C", 5);
  assert.deepEqual(answers, ["A 1", "B 2", "A 3"]);
});

Deno.test("picture requests: without a thread they are answered at once, without a picture", () => {
  const { answers, requests, request, answered } = rig();
  requests.request("A", null);
  assert.deepEqual(answers, ["A undefined"]);
  for (const stay of ["B", "B", "C"]) request(stay);
  requests.threadEnded();
  assert.deepEqual(answers.slice(1), ["B undefined", "B undefined", "C undefined"]);
  answered("B", 1);
  requests.threadEnded();
  assert.equal(answers.length, 4, "each once");
});

Deno.test("picture requests: a thread that does not answer has a bounded number of them", () => {
  const { answers, posted, requests, request } = rig();
  for (let index = 0; index <= MAX_PENDING_PICTURES; index++) request(`S${index}`);
  assert.deepEqual([posted.length, answers], [MAX_PENDING_PICTURES, [
    `S${MAX_PENDING_PICTURES} undefined`,
  ]]);
  requests.threadEnded();
  request("A");
  assert.equal(posted.at(-1), "A");
});

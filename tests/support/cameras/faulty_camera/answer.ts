/** Responses of the faulty camera. */
import type { Wire as WireFaults } from "./options.ts";

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  301: "Moved Permanently",
  302: "Moved Temporarily",
  305: "Use Proxy",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  453: "Not Enough Bandwidth",
  454: "Session Not Found",
  455: "Method Not Valid in This State",
  461: "Unsupported Transport",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
};

/** The fields of a response. */
export interface Answer {
  readonly status: number;
  readonly reason?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string;
}

/** Writes a response with the camera's line terminators and spelling. */
export function answerText(answer: Answer, cseq: string, faults: WireFaults): string {
  const { status, headers = [], body = "" } = answer;
  const lines = [`RTSP/1.0 ${status} ${answer.reason ?? REASONS[status] ?? "Unknown"}`];
  lines.push(`${faults.cseqName}: ${cseq}`, "Server: Camera/1.0");
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  if (body !== "") lines.push(`Content-Length: ${body.length}`);
  return lines.join(faults.lineEnd) + faults.lineEnd.repeat(2) + body;
}

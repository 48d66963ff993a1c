/** `orion.health/1` as a client reads it. */
import { assertCloses } from "../streams/ledger.ts";
import type { CameraAccount } from "../../../src/core/accounts.ts";
import type { HealthJson } from "../../../src/health/health_json.ts";

/** A body as a report, checked as far as the tests go on to use it. */
export function asReport(body: unknown): HealthJson {
  if (!isReport(body)) throw new Error(`not a health report: ${JSON.stringify(body)}`);
  return body;
}

/** Asserts that every account in a report closes. */
export function assertReportCloses(body: unknown): HealthJson {
  const report = asReport(body);
  for (const camera of report.cameras) {
    const account: CameraAccount = camera.ledger;
    assertCloses(account, `camera ${camera.id}:`);
  }
  return report;
}

function isReport(body: unknown): body is HealthJson {
  return typeof body === "object" && body !== null && "schema" in body &&
    body.schema === "orion.health/1";
}

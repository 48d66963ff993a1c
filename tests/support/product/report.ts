/** `orion.health/1` as a client reads it. */
import { assertCloses } from "../streams/ledger.ts";
import type { CameraAccount } from "../../../src/core/accounts.ts";
import type { HealthReport } from "../../../src/health/report.ts";

/** A body as a report, checked as far as the tests need. */
export function asReport(body: unknown): HealthReport {
  if (!isReport(body)) throw new Error(`not a health report: ${JSON.stringify(body)}`);
  return body;
}

/** Asserts that every account in a report closes. */
export function assertReportCloses(body: unknown): HealthReport {
  const report = asReport(body);
  for (const camera of report.cameras) {
    const account: CameraAccount = camera.ledger;
    assertCloses(account, `camera ${camera.id}:`);
  }
  return report;
}

function isReport(body: unknown): body is HealthReport {
  return typeof body === "object" && body !== null && "schema" in body &&
    body.schema === "orion.health/1";
}

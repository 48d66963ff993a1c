/** Certificates as PEM. */
import { X509Certificate } from "node:crypto";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates of a text, without what else it holds; null: one of them cannot be understood. */
export function certificatesIn(text: string): string[] | null {
  const certificates: string[] = text.match(CERTIFICATE) ?? [];
  try {
    for (const certificate of certificates) new X509Certificate(certificate);
  } catch (_error) {
    // The library's message names neither the certificate nor a remedy.
    return null;
  }
  return certificates;
}

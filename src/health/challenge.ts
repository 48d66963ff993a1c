/** The challenge that an answer without the token carries: `orion check` recognizes the service by it. */

/** Formats the value of `WWW-Authenticate`. */
export function challengeText(instance: string): string {
  return `Bearer realm="orion ${instance}"`;
}

/** Parses the instance from it; null when it is the challenge of another server. */
export function challengeInstance(challenge: string): string | null {
  return /^Bearer realm="orion ([a-z0-9-]{1,64})"$/.exec(challenge)?.[1] ?? null;
}

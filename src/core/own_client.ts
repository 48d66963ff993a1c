/** What Orion's own client proves itself with at the embedded broker; made anew at each start. */
export interface OwnClient {
  readonly clientId: string;
  readonly password: string;
  /** Where its own topics begin: `PREFIX/INSTANCE`. */
  readonly rootTopic: string;
}

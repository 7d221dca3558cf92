/** Who answers guests' questions for names: dns-server.ts with this machine's resolvers, or one that knows its own names only. */
import type { Answer } from 'dns-packet';

export type Respond = (answer: Uint8Array) => void;

export interface NameServer {
  /** A query came; `respond` is called once, or not at all for what is no query. `byStream`: the answer may be long. */
  query(bytes: Uint8Array, client: string, respond: Respond, byStream?: boolean): void;
}

/** Who sees what is asked of others, and has a say in it. */
export interface NameWatch {
  /** May the client ask for the name? */
  asked(client: string, name: string): boolean;
  /** May it have the answer? */
  answered(name: string, answers: readonly Answer[]): boolean;
}

/** What nc and telnet do alike, and what each says. */
import type { Call } from '../program.ts';

export const DONE = 0;
export const FAILED = 1;

export interface Manners {
  readonly text: string;
  /** Asks only whether somebody listens. */
  readonly closesAtOnce: boolean;
  /** Gives up a connection that does not come about in this time; 0 for never. */
  readonly waitUs: number;
  readonly connected: string;
  refused(error: string): string;
  readonly over: string;
}

/** How it went: what is told when all is over. */
export interface Outcome {
  readonly isConnected: boolean;
  readonly received: string;
  readonly error: string;
}

export function tell({ exit }: Call, { isConnected, received, error }: Outcome): void {
  exit(isConnected ? DONE : FAILED, { connected: isConnected, received: received.trimEnd(), error });
}

/** Complaints begin with a capital, as libc's do. */
export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

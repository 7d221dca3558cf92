/** What address translation needs of the connection table beyond the common view. `Conntrack` implements it. */
import type { Direction } from '../conntrack/ct-info.ts';
import type { Tuple } from '../conntrack/tuple.ts';

export interface NatConntrack {
  /** CtStatus bits by entry. */
  readonly status: Int32Array;
  /** Number of entries there is room for; entries are 1 … capacity. */
  readonly capacity: number;
  readTuple(entry: number, direction: Direction, out: Tuple): void;
  /** The tuple that answers to the packets of a direction have: `readTuple` and `invert` in one. */
  readAnswer(entry: number, direction: Direction, out: Tuple): void;
  /** The tuple that answers to `tuple` carry: sides exchanged, ICMP types paired. */
  invert(tuple: Tuple, out: Tuple): void;
  /** Gives an entry that is not confirmed yet another reply tuple. */
  alterReply(entry: number, reply: Tuple): void;
  /** Does a confirmed entry other than `except` use this tuple, in either direction? (nf_conntrack_tuple_taken) */
  taken(tuple: Tuple, except: number): boolean;
  /**
   * Removes the entry whose tuple this is if it is a translated TCP connection past its end and the one that begins with
   * a SYN has sequence numbers beyond its; true when it is gone.
   */
  evictClosing(tuple: Tuple, beginning: number): boolean;
  master(entry: number): number;
  remove(entry: number): void;
  /** Called once for every entry that goes. */
  onRemove: ((entry: number) => void) | null;
}

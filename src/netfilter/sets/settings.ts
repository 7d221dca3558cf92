/** What a set was created with, every default filled in. Linux: struct ip_set and the headers of its methods. */
import type { Family } from '../hook.ts';

export interface SetSettings {
  /** Of addresses; IPv4 where elements are none. */
  readonly family: Family;
  /** First and last address or port of a bitmap, unsigned. */
  readonly range: readonly [first: number, last: number];
  /** Members that a list has room for. */
  readonly size: number;
  /** Buckets of a hash at first, a power of two. */
  readonly hashsize: number;
  readonly maxelem: number;
  /** Prefix length, null for none. */
  readonly netmask: number | null;
  readonly bitmask: Int32Array | null;
  readonly markmask: number;
  /** Seconds that elements stay unless they say otherwise, 0 for ever; null for a set without timeouts. */
  readonly timeout: number | null;
  readonly counters: boolean;
  readonly comment: boolean;
  readonly skbinfo: boolean;
  readonly forceadd: boolean;
  readonly bucketsize: number;
  readonly initval: number;
}

/** What a command gives an element besides its value; what is left out stands as null. */
export interface ElementExtras {
  readonly timeout: number | null;
  readonly packets: number | null;
  readonly bytes: number | null;
  readonly comment: string | null;
  readonly skbmark: readonly [mark: number, mask: number] | null;
  readonly skbprio: number | null;
  readonly skbqueue: number | null;
  readonly nomatch: boolean;
}

export const NO_EXTRAS: ElementExtras = {
  timeout: null,
  packets: null,
  bytes: null,
  comment: null,
  skbmark: null,
  skbprio: null,
  skbqueue: null,
  nomatch: false,
};

export const MAX_TIMEOUT_S = 2147483;

/** Where calls of scripts happen: one simulated host, and what scripts mean by `...` where an address stands. */
import type { Tcp } from '../../../../src/stack/tcp/index.ts';
import type { Udp } from '../../../../src/stack/udp/index.ts';

export interface Ends {
  readonly family: 4 | 6;
  readonly remote: Int32Array;
  readonly port: number;
  /** `bind(3, ..., ...)`. */
  readonly bindPort: number;
}

export interface World {
  readonly tcp: Tcp;
  readonly udp: Udp;
  readonly ends: Ends;
  /** Sizes of the files that the script's commands made. */
  readonly files: Map<string, number>;
}

/** A call under way: what of it is done already, and since when it waits. */
export interface Progress {
  written: number;
  readonly since: number;
}

/** Frames of TCP that follow one another, for tests of what joins and cuts them. */
import { data, ethernet, frame, ipv4, ipv6, tcp } from '../../src/wire/build.ts';
import { FLAG_DF } from '../../src/wire/ipv4.ts';

export const [MAC_A, MAC_B] = ['02:00:00:00:00:01', '02:00:00:00:00:02'] as const;

export interface Train {
  readonly family: 4 | 6;
  readonly sizes: readonly number[];
  readonly seq?: number;
  readonly id?: number;
  readonly flags?: number;
  readonly window?: number;
  readonly ttl?: number;
  readonly srcPort?: number;
  readonly options?: Uint8Array;
}

export const TIMESTAMPS = Uint8Array.of(1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9);

/** Segments one behind the other, as one connection sends them. */
export function train({ family, sizes, seq = 1000, id = 7, flags = 0x10, ...rest }: Train): Uint8Array[] {
  const { window = 500, ttl = 64, srcPort = 80, options = TIMESTAMPS } = rest;
  const frames: Uint8Array[] = [];
  let at = seq;
  for (const [i, size] of sizes.entries()) {
    const ip =
      family === 4
        ? ipv4({ src: '192.0.2.1', dst: '192.0.2.2', id: (id + i) & 0xffff, flags: FLAG_DF, ttl })
        : ipv6({ src: '2001:db8::1', dst: '2001:db8::2', hopLimit: ttl });
    const header = { srcPort, dstPort: 4000, seq: at >>> 0, ack: 5, window, options };
    const isLast = i === sizes.length - 1;
    const segment = tcp({ ...header, flags: isLast ? flags : 0x10 });
    const payload = data(Uint8Array.from({ length: size }, (_, j) => (i * 31 + j) & 0xff));
    frames.push(frame(ethernet({ src: MAC_A, dst: MAC_B }), ip, segment, payload));
    at += size;
  }
  return frames;
}

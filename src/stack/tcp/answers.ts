/** Segments of nobody's flight: the answers of handshakes and of TIME_WAIT. */
import * as tcp from '../../wire/tcp.ts';
import type { Host } from '../host.ts';
import type { Flow } from './flow.ts';
import { begin, finish, TIMESTAMPS_SPACE, writeTcp, writeTimestamps, type IpFields } from './transmit.ts';

export interface Bare {
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  /** As it stands in the header. */
  readonly window: number;
  readonly timestamps: { readonly value: number; readonly echo: number } | null;
}

export function sendBare(
  host: Host,
  flow: Flow & IpFields,
  device: number,
  typeOfService: number,
  bare: Bare,
): void {
  const headerLength = tcp.HEADER_LENGTH + (bare.timestamps === null ? 0 : TIMESTAMPS_SPACE);
  const pkt = begin(host, flow, headerLength, device);
  if (pkt === null) return;
  const { bytes, l4 } = pkt;
  writeTcp(
    bytes,
    l4,
    flow.localPort,
    flow.remotePort,
    bare.seq,
    bare.ack,
    bare.flags,
    bare.window,
    headerLength,
    0,
  );
  if (bare.timestamps !== null)
    writeTimestamps(bytes, l4 + tcp.HEADER_LENGTH, bare.timestamps.value, bare.timestamps.echo);
  finish(host, pkt, flow, typeOfService);
}

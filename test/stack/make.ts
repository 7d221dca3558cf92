/** The frame makers of the kernel harness, under one roof for the scenarios, and raw IPv4 with any protocol. */
import * as frames from '../../src/conform/frames.ts';

export {
  address,
  checksum,
  echo,
  icmp,
  mac,
  packet,
  tcp,
  u16,
  u32,
  udp,
  type Ends,
} from '../../src/conform/frames.ts';
export { ethernet } from '../../src/conform/frames.ts';

export function fragments(packet: readonly number[], size: number): number[][] {
  return frames.fragments(packet as number[], size).map((bytes) => [...bytes]);
}

export function ipv4Packet(
  ends: frames.Ends,
  protocol: number,
  payload: readonly number[] | Uint8Array,
  ip: frames.IpOptions = {},
): number[] {
  return frames.packet(ends, protocol, payload, ip);
}

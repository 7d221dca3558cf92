/**
 * The gateway's address by DHCP, asked for on the cable itself, as dhclient does it with a packet socket: neither the gateway's rules
 * nor the addresses that its card has already stand in the way. Every question goes to everybody.
 */
import type { Clock } from '../../base/clock.ts';
import type { Rng } from '../../base/rng.ts';
import { Dhcp4Client, type DhcpLease } from '../../services/dhcp4-client.ts';
import { readI32 } from '../../wire/bytes.ts';
import { checksum, pseudo4 } from '../../wire/checksum.ts';
import * as dhcp from '../../wire/dhcp.ts';
import { ETH_P_IP } from '../../wire/ether-type.ts';
import * as ethernet from '../../wire/ethernet.ts';
import { IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import * as ipv4 from '../../wire/ipv4.ts';
import { WireStatus } from '../../wire/wire-status.ts';
import * as udp from '../../wire/udp.ts';

const L3 = ethernet.HEADER_LENGTH;
const L4 = L3 + ipv4.HEADER_LENGTH;
const DATA = L4 + udp.HEADER_LENGTH;
const EVERYBODY = -1;
const TTL = 64;
/** The client's own address (ciaddr), 0 while it has none (RFC 2131 section 2). */
const CIADDR_AT = 12;

export interface CableLeaseOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly mac: Uint8Array;
  readonly send: (frame: Uint8Array) => void;
  /** There is an address (again), or there is none any more. */
  readonly bound: (lease: DhcpLease | null) => void;
}

export class CableLease {
  private readonly client: Dhcp4Client;

  constructor({ clock, rng, mac, send, bound }: CableLeaseOptions) {
    const say = (message: Uint8Array) => send(frameOf(message, mac));
    this.client = new Dhcp4Client(mac, '', { clock, rng, send: say, bound, tell: () => {} });
  }

  /** Asks, from the beginning; what there is stays until it is answered. */
  ask(): void {
    this.client.start();
  }

  /** True for what is a server's answer, whoever it is for. */
  hear(bytes: Uint8Array, start: number, end: number): boolean {
    const l3 = start + L3;
    if (!ethernet.fits(start, end) || ethernet.type(bytes, start) !== ETH_P_IP) return false;
    if (ipv4.check(bytes, l3, end) !== WireStatus.OK || ipv4.isFragment(bytes, l3)) return false;
    const l4 = l3 + ipv4.headerLength(bytes, l3);
    const l3End = l3 + ipv4.totalLength(bytes, l3);
    if (ipv4.protocol(bytes, l3) !== IPPROTO_UDP || udp.check(bytes, l4, l3End) !== WireStatus.OK)
      return false;
    if (udp.dstPort(bytes, l4) !== dhcp.CLIENT_PORT) return false;
    this.client.hear(bytes.slice(l4 + udp.HEADER_LENGTH, l4 + udp.length(bytes, l4)));
    return true;
  }
}

function frameOf(message: Uint8Array, mac: Uint8Array): Uint8Array {
  const frame = new Uint8Array(DATA + message.length);
  const src = readI32(message, CIADDR_AT);
  const length = frame.length - L4;
  ethernet.emit({ dst: new Uint8Array(6).fill(0xff), src: mac, type: ETH_P_IP }, frame, 0);
  const header = {
    tos: 0,
    id: 0,
    flags: 0,
    fragOffset: 0,
    ttl: TTL,
    checksum: 0,
    options: new Uint8Array(0),
  };
  const addresses = { src, dst: EVERYBODY, protocol: IPPROTO_UDP, totalLength: frame.length - L3 };
  ipv4.emit({ ...header, ...addresses }, frame, L3);
  ipv4.fillChecksum(frame, L3);
  const ports = { srcPort: dhcp.CLIENT_PORT, dstPort: dhcp.SERVER_PORT };
  udp.emit({ ...ports, length, checksum: 0 }, frame, L4);
  frame.set(message, DATA);
  const sum = checksum(frame, L4, frame.length, pseudo4(src, EVERYBODY, IPPROTO_UDP, length));
  udp.setChecksum(frame, L4, udp.mangleZero(sum));
  return frame;
}

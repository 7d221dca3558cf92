/** What ping says of ICMP errors, times and shares (iputils: pr_icmph, gather_statistics, finish). */
import { formatIp4 } from '../../wire/address.ts';
import * as icmp from '../../wire/icmp.ts';
import * as icmpv6 from '../../wire/icmpv6.ts';
import { readI32, readU16 } from '../../wire/bytes.ts';

const UNREACHABLE_4 = [
  'Destination Net Unreachable',
  'Destination Host Unreachable',
  'Destination Protocol Unreachable',
  'Destination Port Unreachable',
  '',
  'Source Route Failed',
  'Destination Net Unknown',
  'Destination Host Unknown',
  'Source Host Isolated',
  'Destination Net Prohibited',
  'Destination Host Prohibited',
  'Destination Net Unreachable for Type of Service',
  'Destination Host Unreachable for Type of Service',
  'Packet filtered',
  'Precedence Violation',
  'Precedence Cutoff',
];
const REDIRECTS = [
  'Redirect Network',
  'Redirect Host',
  'Redirect Type of Service and Network',
  'Redirect Type of Service and Host',
];
const UNREACHABLE_6 = [
  'No route',
  'Administratively prohibited',
  'Beyond scope of source address',
  'Address unreachable',
  'Port unreachable',
];
const PROBLEMS_6 = ['Wrong header field ', 'Unknown header ', 'Unknown option '];

/** Undefined for what is no error. */
export function errorText4(bytes: Uint8Array, l4: number): string | undefined {
  const code = icmp.code(bytes, l4);
  switch (icmp.type(bytes, l4)) {
    case icmp.DEST_UNREACH:
      if (code === icmp.FRAG_NEEDED) return `Frag needed and DF set (mtu = ${icmp.nextHopMtu(bytes, l4)})`;
      return UNREACHABLE_4[code] ?? `Dest Unreachable, Bad Code: ${code}`;
    case icmp.SOURCE_QUENCH:
      return 'Source Quench';
    case icmp.REDIRECT:
      return `${REDIRECTS[code] ?? `Redirect, Bad Code: ${code}`}(New nexthop: ${formatIp4(icmp.gateway(bytes, l4))})`;
    case icmp.TIME_EXCEEDED:
      if (code > 1) return `Time exceeded, Bad Code: ${code}`;
      return code === icmp.TTL_EXCEEDED ? 'Time to live exceeded' : 'Frag reassembly time exceeded';
    case icmp.PARAMETER_PROBLEM:
      return `Parameter problem: pointer = ${icmp.pointer(bytes, l4)}`;
    default:
      return undefined;
  }
}

export function errorText6(bytes: Uint8Array, l4: number): string | undefined {
  const code = icmpv6.code(bytes, l4);
  const word = readI32(bytes, l4 + 4) >>> 0;
  switch (icmpv6.type(bytes, l4)) {
    case icmpv6.DEST_UNREACH:
      return `Destination unreachable: ${UNREACHABLE_6[code] ?? `Unknown code ${code}`}`;
    case icmpv6.PACKET_TOO_BIG:
      return `Packet too big: mtu=${word}`;
    case icmpv6.TIME_EXCEEDED:
      return `Time exceeded: ${code === 0 ? 'Hop limit' : code === 1 ? 'Defragmentation failure' : `code ${code}`}`;
    case icmpv6.PARAMETER_PROBLEM:
      return `Parameter problem: ${PROBLEMS_6[code] ?? `code ${code} `}at ${word}`;
    default:
      return undefined;
  }
}

/** Sequence number in the echo request that an error quotes, or -1 when it is not this ping's. */
export function quotedSequence(bytes: Uint8Array, inner: number, type: number, id: number): number {
  return bytes[inner] === type && readU16(bytes, inner + 4) === id ? readU16(bytes, inner + 6) : -1;
}

/** ` time=0.042 ms`, with fewer decimals the longer it took. */
export function timeText(us: number): string {
  const part = (value: number, digits: number) => String(value).padStart(digits, '0');
  if (us >= 100_000 - 50) return `${Math.floor((us + 500) / 1000)} ms`;
  if (us >= 10_000 - 5) return `${Math.floor((us + 50) / 1000)}.${Math.floor(((us + 50) % 1000) / 100)} ms`;
  if (us >= 1000) return `${Math.floor((us + 5) / 1000)}.${part(Math.floor(((us + 5) % 1000) / 10), 2)} ms`;
  return `${Math.floor(us / 1000)}.${part(us % 1000, 3)} ms`;
}

export function milliseconds(us: number): string {
  return `${Math.floor(us / 1000)}.${String(us % 1000).padStart(3, '0')}`;
}

/** C's %g: six digits, no zeros at the end. */
export function shortNumber(value: number): string {
  return String(Number(value.toPrecision(6)));
}

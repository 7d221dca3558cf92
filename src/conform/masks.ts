/**
 * What the kernel draws at random or reads off its clock, and comparisons therefore may not look at. Each mask stands here
 * once, with its reason; nothing else about an answer is ever overlooked.
 *
 * A frame is masked only where it was made rather than forwarded, which shows in the value differing from the input
 * frame's. What is masked becomes all ones, not zeros, since zero is what forwarded packets often have: so whoever
 * copies the input's value where the kernel draws one, or changes it where the kernel keeps it, is still found out.
 */

import type { Gateway } from './kernel/gateway-file.ts';

const ETHERNET_HEADER = 14;
const IPV6_HEADER = 40;
const ICMP = 1;
const ICMPV6 = 58;
const TCP = 6;
const TCP_RST = 4;
const FRAGMENT = 44;
const TIMESTAMP_OPTION = 68;

export function mask(frame: string, inputFrame: Uint8Array): string {
  const bytes = Buffer.from(frame, 'hex');
  const type = etherType(bytes);
  if (type === 0x0800 && bytes.length >= ETHERNET_HEADER + 20) {
    maskIpv4Identification(bytes, inputFrame);
    maskTimestamps(bytes, inputFrame);
  }
  if (type === 0x86dd && bytes.length >= ETHERNET_HEADER + IPV6_HEADER) {
    maskFlowLabel(bytes, inputFrame);
    maskFragmentIdentification(bytes, inputFrame);
  }
  return bytes.toString('hex');
}

/**
 * ICMP messages of the kernel's own (errors, echo replies) carry an IP identification from a counter that starts at
 * random for every pair of hosts. The header checksum goes with it, where it is right.
 */
function maskIpv4Identification(bytes: Buffer, inputFrame: Uint8Array): void {
  if (bytes[ETHERNET_HEADER + 9] !== ICMP) return;
  if (
    etherType(inputFrame) === 0x0800 &&
    u16(bytes, ETHERNET_HEADER + 4) === u16(inputFrame, ETHERNET_HEADER + 4)
  )
    return;
  const headerLength = (bytes[ETHERNET_HEADER]! & 15) * 4;
  if (!isHeaderSumRight(bytes.subarray(ETHERNET_HEADER, ETHERNET_HEADER + headerLength))) return;
  bytes.writeUInt16BE(0xffff, ETHERNET_HEADER + 4);
  bytes.writeUInt16BE(0xffff, ETHERNET_HEADER + 10);
}

/**
 * The time of day that a gateway puts into the timestamp option (RFC 791) is that of its clock: a replay has another. The
 * header checksum goes with it, where it is right.
 */
function maskTimestamps(bytes: Buffer, inputFrame: Uint8Array): void {
  const headerEnd = Math.min(ETHERNET_HEADER + (bytes[ETHERNET_HEADER]! & 15) * 4, bytes.length);
  for (let at = ETHERNET_HEADER + 20; at < headerEnd; at += optionLength(bytes, at)) {
    if (bytes[at] !== TIMESTAMP_OPTION) continue;
    // From the fifth byte on: times, or addresses and times in turn.
    const step = (bytes[at + 3]! & 15) === 0 ? 4 : 8;
    const end = Math.min(at + optionLength(bytes, at), headerEnd);
    const rightBefore = isHeaderSumRight(bytes.subarray(ETHERNET_HEADER, headerEnd));
    for (let time = at + step; time + 4 <= end; time += step) {
      if (Buffer.compare(bytes.subarray(time, time + 4), inputFrame.subarray(time, time + 4)) === 0) continue;
      bytes.fill(0xff, time, time + 4);
      if (rightBefore) bytes.writeUInt16BE(0xffff, ETHERNET_HEADER + 10);
    }
  }
}

function optionLength(bytes: Uint8Array, at: number): number {
  return bytes[at]! <= 1 ? 1 : Math.max(2, bytes[at + 1] ?? 2);
}

/**
 * ICMPv6 messages of the kernel's own, whole or in fragments, and the RSTs of its closed ports carry a flow label
 * hashed with a key drawn at boot.
 */
function maskFlowLabel(bytes: Buffer, inputFrame: Uint8Array): void {
  const next = bytes[ETHERNET_HEADER + 6];
  const upper = next === FRAGMENT ? bytes[ETHERNET_HEADER + IPV6_HEADER] : next;
  const isReset = upper === TCP && ((bytes[ETHERNET_HEADER + IPV6_HEADER + 13] ?? 0) & TCP_RST) !== 0;
  if (upper !== ICMPV6 && !isReset) return;
  const label = flowLabel(bytes);
  if (etherType(inputFrame) === 0x86dd && label === flowLabel(inputFrame)) return;
  bytes[ETHERNET_HEADER + 1]! |= 0x0f;
  bytes.writeUInt16BE(0xffff, ETHERNET_HEADER + 2);
}

/** The identification of IPv6 fragments that the gateway itself cut is drawn for every packet (RFC 7739). */
function maskFragmentIdentification(bytes: Buffer, inputFrame: Uint8Array): void {
  const at = ETHERNET_HEADER + IPV6_HEADER + 4;
  if (bytes[ETHERNET_HEADER + 6] !== FRAGMENT || bytes.length < at + 4) return;
  const isInputs =
    inputFrame.length >= at + 4 && Buffer.from(inputFrame).readUInt32BE(at) === bytes.readUInt32BE(at);
  if (!isInputs) bytes.writeUInt32BE(0xffffffff, at);
}

/** The same values as maskIpv4Identification and maskFlowLabel hide, where LOG and TRACE print them. */
export function maskLogLine(line: string, own: ReadonlySet<string>): string {
  const source = /\bSRC=(\S+)/.exec(line)?.[1] ?? '';
  if (!own.has(plainAddress(source))) return line;
  // What is quoted behind it is the input's.
  const isIcmp = /^[^[]*\bPROTO=ICMP(v6)?\b/.test(line);
  const isReset = /^[^[]*\bPROTO=TCP\b[^[]*\bRST\b/.test(line);
  const withoutId = isIcmp ? line.replace(/\bID=(\d+|\*)/, 'ID=*') : line;
  return isIcmp || isReset ? withoutId.replace(/\bFLOWLBL=(\d+|\*)/, 'FLOWLBL=*') : line;
}

/** The gateway's addresses, spelled for maskLogLine. */
export function gatewayAddresses(gateway: Gateway): Set<string> {
  const interfaces = Object.values(gateway.interfaces);
  const addresses = interfaces.flatMap(({ addresses: given = [] }) => given);
  const linkLocal = interfaces.flatMap(({ mac }) => (mac === undefined ? [] : [linkLocalAddress(mac)]));
  return new Set([...addresses, ...linkLocal].map((address) => plainAddress(address.replace(/\/.*/, ''))));
}

/** Made of the MAC address (RFC 4291 appendix A). */
function linkLocalAddress(mac: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac.split(':').map((part) => parseInt(part, 16));
  const words = [(a ^ 2) * 256 + b, c * 256 + 0xff, 0xfe00 + d, e * 256 + f];
  return `fe80::${words.map((word) => word.toString(16)).join(':')}`;
}

/** One spelling per address: LOG prints IPv6 in full, configuration files don't. */
function plainAddress(address: string): string {
  if (!address.includes(':')) return address;
  return new URL(`http://[${address}]/`).hostname;
}

function etherType(frame: Uint8Array): number {
  return frame.length < ETHERNET_HEADER ? -1 : u16(frame, 12);
}

function flowLabel(frame: Uint8Array): number {
  return (((frame[ETHERNET_HEADER + 1] ?? 0) & 15) << 16) | u16(frame, ETHERNET_HEADER + 2);
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function isHeaderSumRight(header: Uint8Array): boolean {
  let sum = 0;
  for (let i = 0; i < header.length; i += 2) sum += u16(header, i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum === 0xffff;
}

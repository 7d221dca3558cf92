/**
 * Router advertisements as routers send them (RFC 4861 4.2, 4.6; RFC 8106): the message behind the IPv6 header, checksum 0.
 * What other messages of neighbour discovery look like, and how options are read, is nd.ts.
 */
import { writeU16, writeU32 } from './bytes.ts';
import * as icmpv6 from './icmpv6.ts';
import * as nd from './nd.ts';

export interface PrefixInformation {
  /** The network, 4 words. */
  readonly words: Int32Array;
  readonly length: number;
  /** PREFIX_ON_LINK, PREFIX_AUTONOMOUS. */
  readonly flags: number;
  readonly validSeconds: number;
  readonly preferredSeconds: number;
}

export interface RouterAdvertisement {
  readonly hopLimit: number;
  /** RA_MANAGED, RA_OTHER. */
  readonly flags: number;
  /** 0: no default router. */
  readonly lifetimeSeconds: number;
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly prefixes: readonly PrefixInformation[];
  readonly nameServers: readonly Int32Array[];
  /** Names are searched in it; '' for none. */
  readonly domain: string;
}

const LINK_ADDRESS_LENGTH = 8;
const MTU_LENGTH = 8;
const PREFIX_LENGTH = 32;
/** Of RDNSS and DNSSL, before the addresses or names. */
const DNS_HEADER = 8;
const ADDRESS_LENGTH = 16;

export function byteLength(message: RouterAdvertisement): number {
  const { prefixes, nameServers, domain } = message;
  const servers = nameServers.length === 0 ? 0 : DNS_HEADER + nameServers.length * ADDRESS_LENGTH;
  const search = domain === '' ? 0 : (DNS_HEADER + encodedName(domain).length + 7) & ~7;
  return (
    nd.ROUTER_ADVERTISEMENT_LENGTH +
    LINK_ADDRESS_LENGTH +
    MTU_LENGTH +
    prefixes.length * PREFIX_LENGTH +
    servers +
    search
  );
}

export function emit(message: RouterAdvertisement): Uint8Array {
  const bytes = new Uint8Array(byteLength(message));
  bytes[0] = icmpv6.ROUTER_ADVERTISEMENT;
  bytes[4] = message.hopLimit;
  bytes[5] = message.flags;
  writeU16(bytes, 6, message.lifetimeSeconds);
  let at = nd.ROUTER_ADVERTISEMENT_LENGTH;
  const option = (type: number, length: number): number => {
    bytes[at] = type;
    bytes[at + 1] = length >>> 3;
    at += length;
    return at - length;
  };
  bytes.set(message.mac, option(nd.OPTION_SOURCE_LINK_ADDRESS, LINK_ADDRESS_LENGTH) + 2);
  writeU32(bytes, option(nd.OPTION_MTU, MTU_LENGTH) + 4, message.mtu);
  for (const prefix of message.prefixes) {
    const start = option(nd.OPTION_PREFIX_INFORMATION, PREFIX_LENGTH);
    bytes[start + 2] = prefix.length;
    bytes[start + 3] = prefix.flags;
    writeU32(bytes, start + 4, prefix.validSeconds);
    writeU32(bytes, start + 8, prefix.preferredSeconds);
    writeAddress(bytes, start + 16, prefix.words);
  }
  const { nameServers, domain, lifetimeSeconds } = message;
  if (nameServers.length > 0) {
    const start = option(nd.OPTION_RDNSS, DNS_HEADER + nameServers.length * ADDRESS_LENGTH);
    writeU32(bytes, start + 4, lifetimeSeconds);
    nameServers.forEach((words, i) => writeAddress(bytes, start + DNS_HEADER + i * ADDRESS_LENGTH, words));
  }
  if (domain !== '') {
    const name = encodedName(domain);
    const start = option(nd.OPTION_DNSSL, (DNS_HEADER + name.length + 7) & ~7);
    writeU32(bytes, start + 4, lifetimeSeconds);
    bytes.set(name, start + DNS_HEADER);
  }
  return bytes;
}

function writeAddress(bytes: Uint8Array, at: number, words: Int32Array): void {
  for (let i = 0; i < 4; i++) writeU32(bytes, at + 4 * i, words[i]!);
}

/** A domain name as labels behind their lengths (RFC 1035 3.1). */
export function encodedName(name: string): Uint8Array {
  const labels = name.split('.').filter((label) => label !== '');
  return Uint8Array.from([
    ...labels.flatMap((label) => [label.length, ...Array.from(label, (letter) => letter.charCodeAt(0))]),
    0,
  ]);
}

/**
 * Which addresses of a capture are inside? Asked when one capture holds both directions and the user has not said. A first
 * look at the capture gathers who talks to whom and who began, then addresses are coloured:
 *
 *   1. a private address (RFC 1918, 4193, 6598, link-local) that talks to a public one is inside, the other outside
 *   2. who talks to an address inside is outside, and the other way round, as far as that reaches
 *   3. what is left begins with the address that opens most conversations: it is inside
 *
 * The answer is a list of addresses, one gateway's guess; the report shows it, and `--inside CIDR` overrules it.
 */
import type { CaptureReader, CaptureRecord } from '../capture/index.ts';
import { decodeLinkHeader, LinkHeader, LinkType, lookAtCapture } from '../capture/index.ts';
import { dissectEthernet, dissectNetwork } from '../wire/dissect.ts';
import { formatIp } from '../wire/address.ts';
import * as icmpv6 from '../wire/icmpv6.ts';
import { IPPROTO_ICMPV6, IPPROTO_TCP } from '../wire/ip-protocol.ts';
import * as nd from '../wire/nd.ts';
import { PacketBuffer } from '../wire/packet-buffer.ts';
import * as tcp from '../wire/tcp.ts';

/** Frames looked at; later addresses are judged by the sides of those they talk to, or count as outside. */
const LOOK_AT_FRAMES = 20_000;
const LOOK_AT_PIPED_FRAMES = 500;
/** Addresses kept; a scan of a whole network does not need all of them. */
const MAX_ADDRESSES = 20_000;

interface Address {
  readonly text: string;
  readonly family: number;
  readonly isPrivate: boolean;
  readonly peers: Set<Address>;
  /** Conversations begun. */
  opened: number;
  inside: boolean | null;
}

export class Conversations {
  private readonly addresses = new Map<string, Address>();
  private readonly seen = new Set<string>();

  /** Takes note of a dissected packet. */
  add(pkt: PacketBuffer): void {
    if (pkt.family === 0 || isGroupOrNone(pkt) || isLinkLocalTalk(pkt)) return;
    const src = this.address(pkt.family, pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    const dst = this.address(pkt.family, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
    if (src === null || dst === null || src === dst) return;
    const forward = `${src.text} ${dst.text} ${pkt.proto}`;
    if (this.seen.has(forward)) return;
    this.seen.add(forward);
    src.peers.add(dst);
    dst.peers.add(src);
    if (this.seen.has(`${dst.text} ${src.text} ${pkt.proto}`)) return;
    // The first packet seen opens the conversation, unless it is plainly an answer.
    const answer = pkt.proto === IPPROTO_TCP && pkt.l4Ok !== 0 && isAnswer(pkt);
    (answer ? dst : src).opened++;
  }

  /** Addresses inside, as text with prefix length. */
  inside(): string[] {
    const all = [...this.addresses.values()];
    for (const address of all) {
      if (address.isPrivate && [...address.peers].some((peer) => !peer.isPrivate)) colour(address, true);
    }
    const rest = all.filter((address) => address.peers.size > 0).sort((a, b) => b.opened - a.opened);
    for (const address of rest) if (address.inside === null) colour(address, true);
    return all
      .filter((address) => address.inside === true)
      .map(({ text, family }) => `${text}/${family === 4 ? 32 : 128}`);
  }

  private address(family: number, w0: number, w1: number, w2: number, w3: number): Address | null {
    const text = formatIp(family, w0, w1, w2, w3);
    let address = this.addresses.get(text);
    if (address === undefined) {
      if (this.addresses.size >= MAX_ADDRESSES) return null;
      address = { text, family, isPrivate: isPrivate(family, w0), peers: new Set(), opened: 0, inside: null };
      this.addresses.set(text, address);
    }
    return address;
  }
}

/** A pipe may be live: there, fewer frames have to do. */
export function framesToLookAt(reader: CaptureReader): number {
  return reader.size < 0 ? LOOK_AT_PIPED_FRAMES : LOOK_AT_FRAMES;
}

/** Looks at the beginning of a capture. */
export function lookForInside(path: string): string[] {
  const conversations = new Conversations();
  const reader = lookAtCapture(path);
  const most = framesToLookAt(reader);
  try {
    const pkt = new PacketBuffer();
    const header = new LinkHeader();
    while (reader.record.number < most && reader.next()) {
      if (dissectRecord(reader.record, header, pkt)) conversations.add(pkt);
    }
  } finally {
    reader.close();
  }
  return conversations.inside();
}

/** Layer 3 of a record, whatever its link type, behind any VLAN tags; false when it is not IP. */
export function dissectRecord(record: CaptureRecord, header: LinkHeader, pkt: PacketBuffer): boolean {
  pkt.reset(record.bytes, record.start, record.end);
  if (record.linkType === LinkType.Ethernet) {
    dissectEthernet(pkt);
    return pkt.family !== 0;
  }
  if (!decodeLinkHeader(record, header)) return false;
  pkt.l3 = header.l3;
  dissectNetwork(pkt, header.etherType);
  return pkt.family !== 0;
}

/** Colours an address and, by turns, all that are joined to it; the first colour stands. */
function colour(first: Address, inside: boolean): void {
  if (first.inside !== null) return;
  first.inside = inside;
  const queue = [first];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const peer of next.peers) {
      if (peer.inside !== null) continue;
      peer.inside = !next.inside;
      queue.push(peer);
    }
  }
}

function isAnswer(pkt: PacketBuffer): boolean {
  const flags = tcp.flags(pkt.bytes, pkt.l4);
  return (flags & tcp.SYN) !== 0 && (flags & tcp.ACK) !== 0;
}

function isPrivate(family: number, w0: number): boolean {
  const top = w0 >>> 24;
  if (family === 6) return (top & 0xfe) === 0xfc || isLinkLocal(w0);
  return (
    top === 10 ||
    w0 >>> 20 === ((172 << 4) | 1) ||
    w0 >>> 16 === ((192 << 8) | 168) ||
    w0 >>> 16 === ((169 << 8) | 254) ||
    w0 >>> 22 === ((100 << 2) | 1)
  );
}

/** Neighbour discovery and whatever else stays on one link: no gateway passes it on. */
function isLinkLocalTalk(pkt: PacketBuffer): boolean {
  if (pkt.family !== 6) return false;
  if (isLinkLocal(pkt.src0) || isLinkLocal(pkt.dst0)) return true;
  if (pkt.proto !== IPPROTO_ICMPV6 || pkt.l4Ok === 0) return false;
  return nd.isNd(icmpv6.type(pkt.bytes, pkt.l4));
}

function isLinkLocal(w0: number): boolean {
  return w0 >>> 22 === 0xfe80 >>> 6;
}

/** Multicast and broadcast destinations and unspecified sources belong to no side. */
function isGroupOrNone(pkt: PacketBuffer): boolean {
  if (pkt.family === 6) {
    return pkt.dst0 >>> 24 === 0xff || (pkt.src0 | pkt.src1 | pkt.src2 | pkt.src3) === 0;
  }
  return pkt.dst0 >>> 28 >= 14 || pkt.src0 === 0;
}

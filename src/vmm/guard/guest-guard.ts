/**
 * What one guest may put on the network, judged before the switch sees it: frames from its own hardware address and its own
 * addresses, nothing that only a router or a DHCP server says, nothing that tells others lies about who is where, and no
 * more than its rate. Frames that fail are dropped and counted by what is wrong with them.
 *
 * Guards of routers and DHCP servers in switches are fooled by extension headers and fragments (RFC 7113): here the whole
 * chain of headers is followed, and neighbour discovery in fragments is dropped (RFC 6980).
 */
import * as arp from '../../wire/arp.ts';
import { dissectEthernet, protocolUnknown } from '../../wire/dissect.ts';
import * as ethernet from '../../wire/ethernet.ts';
import { ETH_P_ARP, ETH_P_IP, ETH_P_IPV6 } from '../../wire/ether-type.ts';
import * as icmpv6 from '../../wire/icmpv6.ts';
import { IPPROTO_ICMPV6, IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import * as nd from '../../wire/nd.ts';
import { PacketBuffer } from '../../wire/packet-buffer.ts';
import { WireStatus } from '../../wire/wire-status.ts';
import type { AddressClaims } from './address-claims.ts';
import type { RateLimit } from './rate-limit.ts';

/** Why a frame of a guest went no further. */
export const Offence = {
  NONE: 0,
  MALFORMED: 1,
  MAC: 2,
  ADDRESS: 3,
  ARP: 4,
  NEIGHBOUR: 5,
  ROUTER: 6,
  DHCP: 7,
  PROTOCOL: 8,
  RATE: 9,
} as const;
export type Offence = (typeof Offence)[keyof typeof Offence];

export const OFFENCES = [
  '',
  'malformed',
  "another's hardware address",
  "another's address",
  'a lie by ARP',
  'a lie by neighbour discovery',
  'plays router',
  'a lie by DHCP',
  'a protocol that is not for guests',
  'over its rate',
] as const;

const DHCP_SERVER_PORT = 67;
const DHCP_CLIENT_PORT = 68;
/** Behind the UDP header: whom the client says that it is. */
const CHADDR_AT = 8 + 28;
const DHCP6_SERVER_PORT = 547;
const DHCP6_CLIENT_PORT = 546;

export interface GuardOptions {
  /** From 1 up. */
  readonly guest: number;
  /** The only one that it may have; null for the one that it shows first. */
  readonly mac: Uint8Array | null;
  readonly claims: AddressClaims;
  /** Does somebody else have this hardware address? */
  readonly isTaken: (high: number, low: number, guest: number) => boolean;
  readonly rate: RateLimit | null;
}

export class GuestGuard {
  /** Frames by Offence. */
  readonly offences = new Float64Array(OFFENCES.length);
  /** Of the frame that was refused last. */
  last: Offence = Offence.NONE;
  private readonly options: GuardOptions;
  private readonly pkt = new PacketBuffer();
  /** The hardware address, once it is known. */
  hasMac = false;
  macHigh = 0;
  macLow = 0;
  /** The address that was judged last, which needs no judging again; family 0 for none. */
  private knownFamily = 0;
  private known0 = 0;
  private known1 = 0;
  private known2 = 0;
  private known3 = 0;

  constructor(options: GuardOptions) {
    this.options = options;
    this.reset();
  }

  /** Another guest may come now. */
  reset(): void {
    const { mac, claims, guest } = this.options;
    claims.release(guest);
    this.knownFamily = 0;
    this.hasMac = mac !== null;
    if (mac !== null) {
      this.macHigh = (mac[0]! << 8) | mac[1]!;
      this.macLow = (mac[2]! << 24) | (mac[3]! << 16) | (mac[4]! << 8) | mac[5]!;
    }
  }

  /** May the frame go on? */
  admit(bytes: Uint8Array, start: number, end: number): boolean {
    const offence = this.judge(bytes, start, end);
    if (offence === Offence.NONE) return true;
    this.last = offence;
    this.offences[offence]!++;
    return false;
  }

  private judge(bytes: Uint8Array, start: number, end: number): Offence {
    if (end - start < ethernet.HEADER_LENGTH) return Offence.MALFORMED;
    const { rate } = this.options;
    if (rate !== null && !rate.take(end - start)) return Offence.RATE;
    if (!this.isOwnMac(bytes, start)) return Offence.MAC;
    const { pkt } = this;
    pkt.reset(bytes, start, end);
    const status = dissectEthernet(pkt);
    if (pkt.vlanTci >= 0) return Offence.PROTOCOL;
    switch (pkt.etherType) {
      case ETH_P_ARP:
        return this.judgeArp(pkt);
      case ETH_P_IP:
        return status === WireStatus.OK ? this.judge4(pkt) : Offence.MALFORMED;
      case ETH_P_IPV6:
        return status === WireStatus.OK ? this.judge6(pkt) : Offence.MALFORMED;
      default:
        return Offence.PROTOCOL;
    }
  }

  private isOwnMac(bytes: Uint8Array, start: number): boolean {
    const high = ethernet.srcHigh(bytes, start);
    const low = ethernet.srcLow(bytes, start);
    if (this.hasMac) return high === this.macHigh && low === this.macLow;
    if ((high & 0x100) !== 0 || (high | low) === 0) return false;
    if (this.options.isTaken(high, low, this.options.guest)) return false;
    this.hasMac = true;
    this.macHigh = high;
    this.macLow = low;
    return true;
  }

  private isMac(bytes: Uint8Array, at: number): boolean {
    return ethernet.dstHigh(bytes, at) === this.macHigh && ethernet.dstLow(bytes, at) === this.macLow;
  }

  private owns(family: 4 | 6, w0: number, w1: number, w2: number, w3: number): boolean {
    if (
      w3 === this.known3 &&
      w0 === this.known0 &&
      w2 === this.known2 &&
      w1 === this.known1 &&
      family === this.knownFamily
    )
      return true;
    const { claims, guest } = this.options;
    if (!claims.claim(guest, family, w0, w1, w2, w3)) return false;
    this.knownFamily = family;
    this.known0 = w0;
    this.known1 = w1;
    this.known2 = w2;
    this.known3 = w3;
    return true;
  }

  private judgeArp({ bytes, l3, end }: PacketBuffer): Offence {
    if (arp.check(bytes, l3, end) !== WireStatus.OK) return Offence.MALFORMED;
    if (!this.isMac(bytes, arp.senderMacAt(l3))) return Offence.ARP;
    const sender = arp.senderIp(bytes, l3);
    // Who only asks whether an address is taken does not say that it is its own (RFC 5227).
    if (sender === 0) return arp.operation(bytes, l3) === arp.REQUEST ? Offence.NONE : Offence.ARP;
    return this.owns(4, sender, 0, 0, 0) ? Offence.NONE : Offence.ARP;
  }

  private judge4(pkt: PacketBuffer): Offence {
    const isUdp = pkt.proto === IPPROTO_UDP && pkt.fragOffset === 0;
    if (isUdp && (pkt.sport === DHCP_SERVER_PORT || pkt.dport === DHCP_CLIENT_PORT)) return Offence.DHCP;
    if (isUdp && pkt.dport === DHCP_SERVER_PORT && !this.isClient(pkt)) return Offence.DHCP;
    // Nobody yet: asks for an address, or joins groups.
    if (pkt.src0 === 0) return isUdp && pkt.dport !== DHCP_SERVER_PORT ? Offence.ADDRESS : Offence.NONE;
    return this.owns(4, pkt.src0, 0, 0, 0) ? Offence.NONE : Offence.ADDRESS;
  }

  /** Leases go by what stands in the message. */
  private isClient({ bytes, l4, l3End }: PacketBuffer): boolean {
    return l4 + CHADDR_AT + 6 <= l3End && this.isMac(bytes, l4 + CHADDR_AT);
  }

  private judge6(pkt: PacketBuffer): Offence {
    if (protocolUnknown(pkt)) return Offence.MALFORMED;
    const isNobody = (pkt.src0 | pkt.src1 | pkt.src2 | pkt.src3) === 0;
    const isUdp = pkt.proto === IPPROTO_UDP && pkt.fragOffset === 0;
    if (isUdp && (pkt.sport === DHCP6_SERVER_PORT || pkt.dport === DHCP6_CLIENT_PORT)) return Offence.DHCP;
    if (pkt.proto === IPPROTO_ICMPV6 && pkt.fragOffset === 0) {
      const offence = this.judgeIcmp6(pkt, isNobody);
      if (offence !== Offence.NONE) return offence;
    } else if (isNobody) {
      return Offence.ADDRESS;
    }
    return isNobody || this.owns(6, pkt.src0, pkt.src1, pkt.src2, pkt.src3) ? Offence.NONE : Offence.ADDRESS;
  }

  private judgeIcmp6(pkt: PacketBuffer, isNobody: boolean): Offence {
    const { bytes, l4, l3End } = pkt;
    if (pkt.l4Ok === 0) return Offence.MALFORMED;
    const type = icmpv6.type(bytes, l4);
    if (!nd.isNd(type)) return Offence.NONE;
    if (type === icmpv6.ROUTER_ADVERTISEMENT || type === icmpv6.REDIRECT) return Offence.ROUTER;
    if (pkt.moreFragments !== 0 || nd.check(bytes, l4, l3End) !== WireStatus.OK) return Offence.NEIGHBOUR;
    const option =
      type === icmpv6.NEIGHBOUR_ADVERTISEMENT ? nd.OPTION_TARGET_LINK_ADDRESS : nd.OPTION_SOURCE_LINK_ADDRESS;
    const linkAddress = nd.linkAddressAt(bytes, l4, l3End, option);
    if (linkAddress >= 0 && !this.isMac(bytes, linkAddress)) return Offence.NEIGHBOUR;
    if (type !== icmpv6.NEIGHBOUR_ADVERTISEMENT) return Offence.NONE;
    const word = (i: number) => nd.targetWord(bytes, l4, i);
    const isOwn = !isNobody && this.owns(6, word(0), word(1), word(2), word(3));
    return isOwn ? Offence.NONE : Offence.NEIGHBOUR;
  }
}

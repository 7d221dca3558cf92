/**
 * Tunnels of IP over IPv4 or IPv6 without UDP: GRE (RFC 2784, RFC 2890: keys and sequence numbers sent as asked, checksums
 * only received), gretap (Ethernet in GRE), ipip (RFC 2003) and sit (RFC 4213). Linux: ip_gre.c, ipip.c, sit.c.
 */
import { writeU16, writeU32 } from '../../wire/bytes.ts';
import { ETH_P_IP, ETH_P_IPV6 } from '../../wire/ether-type.ts';
import * as gre from '../../wire/gre.ts';
import { IPPROTO_GRE } from '../../wire/ip-protocol.ts';
import { formatIp } from '../../wire/address.ts';
import * as ipv4 from '../../wire/ipv4.ts';
import * as ipv6 from '../../wire/ipv6.ts';
import { PacketBuffer } from '../../wire/packet-buffer.ts';
import { WireStatus } from '../../wire/wire-status.ts';
import { sameWords, type IpAddress } from '../address.ts';
import type { Device, DeviceKind } from '../device.ts';
import type { Host } from '../host.ts';
import { sendAround } from './encapsulate.ts';
import type { TunnelEnd } from './tunnels.ts';

export const IP_TUNNELS = ['gre', 'gretap', 'ip6gre', 'ip6gretap', 'ipip', 'sit'] as const;
export type IpTunnelKind = (typeof IP_TUNNELS)[number];

const IPPROTO_IPIP = 4;
const IPPROTO_IPV6 = 41;
/** Transparent Ethernet bridging. */
const ETH_P_TEB = 0x6558;
const KEY_LENGTH = 4;
const DEFAULT_TTL = 64;
const ECN_MASK = 3;

export interface IpTunnelOptions {
  readonly kind: IpTunnelKind;
  readonly local: IpAddress | undefined;
  readonly remote: IpAddress | undefined;
  /** Of GRE; undefined for none. */
  readonly inputKey: number | undefined;
  readonly outputKey: number | undefined;
  /** 0: that of the packet inside. */
  readonly ttl: number;
  readonly tos: number;
  readonly dontFragment: boolean;
  readonly device: Device | undefined;
}

export class IpTunnel implements DeviceKind, TunnelEnd {
  readonly name: string;
  readonly protocol: number;
  readonly port = 0;
  private readonly host: Host;
  private readonly options: IpTunnelOptions;
  private readonly isGre: boolean;
  private readonly isTap: boolean;
  private device: Device | undefined;

  constructor(host: Host, options: IpTunnelOptions) {
    this.host = host;
    this.options = options;
    this.name = options.kind;
    this.isGre = options.kind.includes('gre');
    this.isTap = options.kind.endsWith('tap');
    this.protocol = this.isGre ? IPPROTO_GRE : options.kind === 'sit' ? IPPROTO_IPV6 : IPPROTO_IPIP;
    host.tunnels.add(this);
  }

  attach(device: Device): void {
    this.device = device;
  }

  get lower(): Device | undefined {
    return this.options.device;
  }

  /** Bytes that the tunnel takes of each packet. */
  static overhead(options: IpTunnelOptions): number {
    const isV6 = options.kind.startsWith('ip6');
    const outer = isV6 ? ipv6.HEADER_LENGTH : ipv4.HEADER_LENGTH;
    if (!options.kind.includes('gre')) return outer;
    const key = options.outputKey === undefined ? 0 : KEY_LENGTH;
    return outer + gre.HEADER_LENGTH + key + (options.kind.endsWith('tap') ? 14 : 0);
  }

  // ── Out ─────────────────────────────────────────────────────────────────────────────────────────────────────

  frame(device: Device, bytes: Uint8Array, start: number, end: number, cause: number): void {
    const { options } = this;
    const remote = options.remote ?? this.embedded(bytes, start);
    const version = this.isTap ? 0 : bytes[start]! >>> 4;
    if (remote === undefined || !this.carries(version)) {
      device.txErrors++;
      return;
    }
    const type = this.isTap ? ETH_P_TEB : version === 6 ? ETH_P_IPV6 : ETH_P_IP;
    const key = options.outputKey;
    const headerLength = this.isGre ? gre.HEADER_LENGTH + (key === undefined ? 0 : KEY_LENGTH) : 0;
    const [ttl, tos] = inherited(version, bytes, start);
    const isSent = sendAround(
      this.host,
      {
        local: options.local,
        remote,
        protocol: this.protocol,
        ttl: options.ttl !== 0 ? options.ttl : this.isTap ? DEFAULT_TTL : ttl,
        tos: (options.tos & ~ECN_MASK) | (tos & ECN_MASK),
        dontFragment: options.dontFragment,
        device: options.device,
      },
      headerLength,
      (out, at) => {
        if (!this.isGre) return;
        writeU16(out, at, key === undefined ? 0 : gre.FLAG_KEY);
        writeU16(out, at + 2, type);
        if (key !== undefined) writeU32(out, at + gre.HEADER_LENGTH, key);
      },
      bytes.subarray(start, end),
      cause,
    );
    if (!isSent) device.txErrors++;
  }

  private carries(version: number): boolean {
    if (this.isGre) return true;
    return this.options.kind === 'sit' ? version === 6 : version === 4;
  }

  /** sit without a remote end: 2002::/16 addresses name it (RFC 3056). */
  private embedded(bytes: Uint8Array, start: number): IpAddress | undefined {
    const isSixToFour =
      this.options.kind === 'sit' && bytes[start + 24] === 0x20 && bytes[start + 25] === 0x02;
    if (!isSixToFour) return undefined;
    const at = start + 26;
    const word = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    return { family: 4, words: Int32Array.of(word, 0, 0, 0) };
  }

  // ── In ──────────────────────────────────────────────────────────────────────────────────────────────────────

  claims(pkt: PacketBuffer): number {
    const { local, remote, inputKey, kind } = this.options;
    if (pkt.family !== (kind.startsWith('ip6') ? 6 : 4) || this.device?.up !== true) return 0;
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = pkt;
    if (remote !== undefined && !sameWords(remote.words, Int32Array.of(src0, src1, src2, src3))) return 0;
    if (local !== undefined && !sameWords(local.words, Int32Array.of(dst0, dst1, dst2, dst3))) return 0;
    if (this.isGre && !this.claimsGre(pkt, inputKey)) return 0;
    return 1 + (remote === undefined ? 0 : 2) + (local === undefined ? 0 : 1);
  }

  private claimsGre({ bytes, l4, l3End }: PacketBuffer, inputKey: number | undefined): boolean {
    if (gre.check(bytes, l4, l3End) !== WireStatus.OK || gre.version(bytes, l4) !== 0) return false;
    const hasKey = (gre.flags(bytes, l4) & gre.FLAG_KEY) !== 0;
    if (hasKey !== (inputKey !== undefined)) return false;
    if (hasKey && gre.key(bytes, l4) >>> 0 !== inputKey! >>> 0) return false;
    return (gre.protocol(bytes, l4) === ETH_P_TEB) === this.isTap;
  }

  receive(pkt: PacketBuffer): void {
    const { bytes, l4, l3End } = pkt;
    const device = this.device!;
    let at = l4;
    if (this.isGre) {
      if ((gre.flags(bytes, l4) & gre.FLAG_CHECKSUM) !== 0 && !gre.checksumOk(bytes, l4, l3End)) {
        device.rxErrors++;
        return;
      }
      at += gre.headerLength(bytes, l4);
    }
    const inner = new PacketBuffer(bytes, at, l3End);
    inner.cause = pkt.cause;
    this.host.receiveWithin(device, inner);
  }

  remove(): void {
    this.host.tunnels.remove(this);
  }

  describe(): string {
    const { remote, local, ttl, inputKey, outputKey } = this.options;
    const parts = [
      this.name,
      `remote ${remote === undefined ? 'any' : textOf(remote)}`,
      `local ${local === undefined ? 'any' : textOf(local)}`,
      `ttl ${ttl === 0 ? 'inherit' : ttl}`,
      ...(inputKey === undefined ? [] : [`ikey ${formatIp(4, inputKey | 0, 0, 0, 0)}`]),
      ...(outputKey === undefined ? [] : [`okey ${formatIp(4, outputKey | 0, 0, 0, 0)}`]),
    ];
    return parts.join(' ');
  }

  linkText(): string {
    const { local, remote, kind } = this.options;
    const type = kind === 'gre' ? 'gre' : kind === 'ip6gre' ? 'gre6' : kind;
    const any = kind.startsWith('ip6') ? '::' : '0.0.0.0';
    const text = (address: IpAddress | undefined) => (address === undefined ? any : textOf(address));
    return `link/${type} ${text(local)} ${remote === undefined ? 'brd' : 'peer'} ${text(remote)}`;
  }
}

/** Time to live and type of service of the packet inside. */
function inherited(version: number, bytes: Uint8Array, at: number): [ttl: number, tos: number] {
  if (version === 4) return [ipv4.ttl(bytes, at), ipv4.tos(bytes, at)];
  if (version === 6) return [ipv6.hopLimit(bytes, at), ((bytes[at]! & 15) << 4) | (bytes[at + 1]! >>> 4)];
  return [DEFAULT_TTL, 0];
}

function textOf({ family, words }: IpAddress): string {
  return formatIp(family, words[0]!, words[1]!, words[2]!, words[3]!);
}

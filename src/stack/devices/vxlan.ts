/**
 * VXLAN (RFC 7348; Linux: drivers/net/vxlan): Ethernet in UDP. Which host an address is behind is learnt from what arrives; the
 * unknown, and what is for many, goes to the default remote hosts.
 */
import { writeU16, writeU32, readI32 } from '../../wire/bytes.ts';
import { formatIp, formatMac } from '../../wire/address.ts';
import * as ethernet from '../../wire/ethernet.ts';
import { IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as udp from '../../wire/udp.ts';
import { sameWords, type IpAddress } from '../address.ts';
import type { Device, DeviceKind } from '../device.ts';
import type { Host } from '../host.ts';
import { frameHash } from './bond-hash.ts';
import { sendAround } from './encapsulate.ts';
import type { TunnelEnd } from './tunnels.ts';

export const VXLAN_PORT = 4789;
const HEADER_LENGTH = 8;
/** The VNI is there. */
const FLAG_VNI = 0x08000000;
const DEFAULT_TTL = 64;
const US_PER_SECOND = 1_000_000;
/** Addresses that are remembered; the oldest gives way, so that forged sources are no memory leak. */
const MOST_LEARNT = 4096;

export interface VxlanOptions {
  readonly id: number;
  readonly local: IpAddress | undefined;
  readonly remotes: readonly IpAddress[];
  readonly port: number;
  readonly ttl: number;
  readonly device: Device | undefined;
  readonly learning: boolean;
  readonly ageingSeconds: number;
}

interface Learnt {
  remote: IpAddress;
  seenAt: number;
}

export class VxlanLink implements DeviceKind, TunnelEnd {
  readonly name = 'vxlan';
  readonly protocol = IPPROTO_UDP;
  readonly port: number;
  private readonly host: Host;
  private readonly options: VxlanOptions;
  private readonly fdb = new Map<string, Learnt>();
  private device: Device | undefined;

  constructor(host: Host, options: VxlanOptions) {
    this.host = host;
    this.options = options;
    this.port = options.port;
    host.tunnels.add(this);
  }

  /** Bytes that the tunnel takes of each frame's packet. */
  static overhead(options: Pick<VxlanOptions, 'remotes' | 'local'>): number {
    const isV6 = (options.remotes[0] ?? options.local)?.family === 6;
    return (isV6 ? 40 : 20) + udp.HEADER_LENGTH + HEADER_LENGTH + ethernet.HEADER_LENGTH;
  }

  attach(device: Device): void {
    this.device = device;
  }

  get lower(): Device | undefined {
    return undefined;
  }

  // ── Out ─────────────────────────────────────────────────────────────────────────────────────────────────────

  frame(device: Device, bytes: Uint8Array, start: number, end: number, cause: number): void {
    const known = ethernet.isMulticast(bytes, start) ? undefined : this.find(formatMac(bytes, start));
    const remotes = known === undefined ? this.options.remotes : [known];
    if (remotes.length === 0) device.txDropped++;
    for (const remote of remotes) this.sendTo(remote, device, bytes, start, end, cause);
  }

  private sendTo(
    remote: IpAddress,
    device: Device,
    bytes: Uint8Array,
    start: number,
    end: number,
    cause: number,
  ): void {
    const { local, id, port, ttl, device: lower } = this.options;
    const length = udp.HEADER_LENGTH + HEADER_LENGTH + end - start;
    const sport = this.sourcePort(bytes, start, end);
    const isSent = sendAround(
      this.host,
      {
        local,
        remote,
        protocol: IPPROTO_UDP,
        ttl: ttl !== 0 ? ttl : DEFAULT_TTL,
        tos: 0,
        dontFragment: false,
        device: lower,
      },
      udp.HEADER_LENGTH + HEADER_LENGTH,
      (out, at) => {
        writeU16(out, at, sport);
        writeU16(out, at + 2, port);
        writeU16(out, at + 4, length);
        writeU16(out, at + 6, 0);
        writeU32(out, at + 8, FLAG_VNI);
        writeU32(out, at + 12, id << 8);
      },
      bytes.subarray(start, end),
      cause,
    );
    if (!isSent) device.txErrors++;
  }

  /** Out of the flow inside, so that ways of several next hops are used evenly (RFC 7348 5). */
  private sourcePort(bytes: Uint8Array, start: number, end: number): number {
    const first = this.host.sysctls.get('net.ipv4.ip_local_port_range[0]');
    const last = this.host.sysctls.get('net.ipv4.ip_local_port_range[1]');
    return first + (frameHash(bytes, start, end, 'layer3+4') % (last - first + 1));
  }

  // ── In ──────────────────────────────────────────────────────────────────────────────────────────────────────

  claims(pkt: PacketBuffer): number {
    const at = pkt.l4 + udp.HEADER_LENGTH;
    if (this.device?.up !== true || at + HEADER_LENGTH + ethernet.HEADER_LENGTH > pkt.l3End) return 0;
    if ((readI32(pkt.bytes, at) & FLAG_VNI) === 0) return 0;
    return readI32(pkt.bytes, at + 4) >>> 8 === this.options.id ? 1 : 0;
  }

  receive(pkt: PacketBuffer): void {
    const at = pkt.l4 + udp.HEADER_LENGTH + HEADER_LENGTH;
    if (this.options.learning) this.learn(pkt, formatMac(pkt.bytes, at + ethernet.ADDRESS_LENGTH));
    const inner = new PacketBuffer(pkt.bytes, at, pkt.l3End);
    inner.cause = pkt.cause;
    this.host.receiveWithin(this.device!, inner);
  }

  private learn({ family, src0, src1, src2, src3 }: PacketBuffer, mac: string): void {
    const remote: IpAddress = { family: family === 6 ? 6 : 4, words: Int32Array.of(src0, src1, src2, src3) };
    const entry = this.fdb.get(mac);
    const seenAt = this.host.clock.now;
    if (entry !== undefined) {
      entry.seenAt = seenAt;
      if (!sameWords(entry.remote.words, remote.words)) entry.remote = remote;
      return;
    }
    if (this.fdb.size >= MOST_LEARNT) this.fdb.delete(this.fdb.keys().next().value!);
    this.fdb.set(mac, { remote, seenAt });
  }

  private find(mac: string): IpAddress | undefined {
    const entry = this.fdb.get(mac);
    if (entry === undefined) return undefined;
    if (this.host.clock.now - entry.seenAt <= this.options.ageingSeconds * US_PER_SECOND) return entry.remote;
    this.fdb.delete(mac);
    return undefined;
  }

  remove(): void {
    this.host.tunnels.remove(this);
  }

  describe(): string {
    const { id, remotes, local, port, ageingSeconds, ttl } = this.options;
    const text = ({ family, words }: IpAddress) =>
      formatIp(family, words[0]!, words[1]!, words[2]!, words[3]!);
    return [
      `vxlan id ${id}`,
      ...(remotes[0] === undefined ? [] : [`remote ${text(remotes[0])}`]),
      ...(local === undefined ? [] : [`local ${text(local)}`]),
      ...(this.options.device === undefined ? [] : [`dev ${this.options.device.name}`]),
      `srcport 0 0 dstport ${port} ttl ${ttl === 0 ? 'auto' : ttl} ageing ${ageingSeconds} udpcsum noudp6zerocsumtx noudp6zerocsumrx`,
    ].join(' ');
  }
}

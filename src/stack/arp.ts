/**
 * ARP (RFC 826) of one host: asks for neighbours, answers for own addresses, learns from both (Linux: arp_process).
 */
import { call } from '../base/call.ts';
import { DropReason } from '../netfilter/drop-reason.ts';
import { AddressType } from '../netfilter/host-services.ts';
import * as arp from '../wire/arp.ts';
import { writeU16 } from '../wire/bytes.ts';
import { ETH_P_ARP } from '../wire/ether-type.ts';
import * as ethernet from '../wire/ethernet.ts';
import { PacketType, type PacketBuffer } from '../wire/packet-buffer.ts';
import { WireStatus } from '../wire/wire-status.ts';
import { Scope } from './addresses.ts';
import type { DeviceSettings4 } from './device-settings.ts';
import type { Device } from './device.ts';
import type { Host } from './host.ts';
import { NeighbourState, type Neighbour } from './neighbour.ts';
import { InputRoute, isLoopback4, isMulticast4 } from './route4.ts';

const BROADCAST_MAC = new Uint8Array(6).fill(0xff);
const ZERO_MAC = new Uint8Array(6);
const FRAME_LENGTH = ethernet.HEADER_LENGTH + arp.LENGTH;
const MICROSECONDS_PER_TICK = 10_000;

export class Arp {
  private readonly host: Host;
  private readonly frame = new Uint8Array(FRAME_LENGTH);

  constructor(host: Host) {
    this.host = host;
  }

  /** Asks for a neighbour: everybody while its address is unknown, itself when the address is to be confirmed. */
  request(neighbour: Neighbour): void {
    const device = neighbour.device;
    const target = neighbour.w0;
    // With packets waiting, the last one's own source is used where it is ours (arp_announce 0).
    const waiting = neighbour.queue.at(-1);
    const source =
      waiting !== undefined && this.host.addresses.isOwn4(waiting.src0)
        ? waiting.src0
        : this.host.addresses.select4(device, target, Scope.LINK);
    if (source === 0) return;
    const asksItself = neighbour.state === NeighbourState.PROBE;
    const mac = asksItself ? neighbour.mac : BROADCAST_MAC;
    this.send(device, arp.REQUEST, mac, source, ZERO_MAC, 0, target, waiting?.cause ?? 0);
  }

  /** Gratuitous: who has the address hears that it is here. */
  announce(device: Device, address: number): void {
    if (!device.hasEthernet) return;
    this.send(device, arp.REQUEST, BROADCAST_MAC, address, ZERO_MAC, 0, address, 0);
  }

  send(
    device: Device,
    operation: number,
    to: Uint8Array,
    senderIp: number,
    targetMac: Uint8Array,
    targetMacAt: number,
    targetIp: number,
    cause: number,
  ): void {
    const frame = this.frame;
    frame.set(to, 0);
    frame.set(device.mac, 6);
    writeU16(frame, 12, ETH_P_ARP);
    arp.write(
      frame,
      ethernet.HEADER_LENGTH,
      operation,
      device.mac,
      0,
      senderIp,
      targetMac,
      targetMacAt,
      targetIp,
    );
    device.transmit(frame, 0, FRAME_LENGTH, cause);
  }

  receive(pkt: PacketBuffer, device: Device): void {
    const { bytes, l3 } = pkt;
    const host = this.host;
    if (pkt.packetType === PacketType.OTHERHOST) return host.drop(pkt, DropReason.OTHER_HOST);
    const operation = arp.check(bytes, l3, pkt.end) === WireStatus.OK ? arp.operation(bytes, l3) : 0;
    if (operation !== arp.REQUEST && operation !== arp.REPLY) return host.drop(pkt, DropReason.ARP_IGNORED);
    const sender = arp.senderIp(bytes, l3);
    const target = arp.targetIp(bytes, l3);
    if (isMulticast4(target) || (isLoopback4(target) && !host.settings.v4(device).routeLocalnet)) {
      return host.drop(pkt, DropReason.ARP_IGNORED);
    }
    if (operation === arp.REQUEST && this.answer(pkt, device, sender, target)) return;
    if (!this.learnFrom(pkt, device, operation, sender)) host.drop(pkt, DropReason.ARP_IGNORED);
  }

  /** True when the request was for us, and thus done with. */
  private answer(pkt: PacketBuffer, device: Device, sender: number, target: number): boolean {
    const { bytes, l3 } = pkt;
    const settings = this.host.settings.v4(device);
    if (sender === 0) {
      // Somebody asks whether the address is taken (RFC 2131's probe): told, but not learnt from.
      if (this.host.addressType(4, target, 0, 0, 0, 0) !== AddressType.LOCAL) return false;
      if (!this.isIgnored(settings.arpIgnore, device, sender, target)) this.reply(pkt, device, target);
      return true;
    }
    // Routed as a packet from the sender to the target would be, so a martian sender gets no answer.
    pkt.src0 = sender;
    pkt.dst0 = target;
    const kind = this.host.route4.input(pkt, device);
    if (kind === InputRoute.LOCAL) {
      if (!this.isIgnored(settings.arpIgnore, device, sender, target)) {
        this.remember(device, sender, bytes, arp.senderMacAt(l3));
        this.reply(pkt, device, target);
      }
      return true;
    }
    const isProxied = kind === InputRoute.FORWARD && this.answersFor(sender, target, device, settings);
    if (isProxied) {
      this.remember(device, sender, bytes, arp.senderMacAt(l3));
      this.replyForAnother(pkt, device, target);
      return true;
    }
    return false;
  }

  /**
   * For what lies behind other devices: all of it (proxy_arp), or what was named (`ip neigh add proxy`). For what lies behind
   * the same, where its stations do not hear each other (proxy_arp_pvlan), but for who only says where it is.
   */
  private answersFor(
    sender: number,
    target: number,
    device: Device,
    { proxyArp, proxyArpPvlan }: DeviceSettings4,
  ): boolean {
    if (this.host.route4.route!.device === device) return proxyArpPvlan && sender !== target;
    if (proxyArp) return true;
    const proxies = this.host.proxies;
    if (proxies.all().length === 0) return false;
    return proxies.has({ family: 4, words: Int32Array.of(target, 0, 0, 0) }, device);
  }

  private isIgnored(mode: number, device: Device, sender: number, target: number): boolean {
    const own = this.host.addresses.find(4, target, 0, 0, 0, mode === 0 ? undefined : device);
    switch (mode) {
      case 0:
        return false;
      case 1:
        return own === undefined;
      case 2:
        return own === undefined || !own.contains(sender, 0, 0, 0);
      default:
        return mode === 8;
    }
  }

  private reply(pkt: PacketBuffer, device: Device, target: number): void {
    const { bytes, l3 } = pkt;
    const senderAt = arp.senderMacAt(l3);
    const to = bytes.slice(senderAt, senderAt + 6);
    this.send(device, arp.REPLY, to, target, to, 0, arp.senderIp(bytes, l3), pkt.cause);
  }

  /** Proxy ARP: at once when we were asked directly. */
  private replyForAnother(pkt: PacketBuffer, device: Device, target: number): void {
    if (pkt.packetType === PacketType.HOST) return this.reply(pkt, device, target);
    const { bytes, l3, cause } = pkt;
    const senderAt = arp.senderMacAt(l3);
    const to = bytes.slice(senderAt, senderAt + 6);
    const sender = arp.senderIp(bytes, l3);
    this.host.neighbours4.afterProxyDelay(
      call(this, 'send', device, arp.REPLY, to, target, to, 0, sender, cause),
    );
  }

  /** A request that passes by, or a reply: whom we know already is updated. True when something came of it. */
  private learnFrom(pkt: PacketBuffer, device: Device, operation: number, sender: number): boolean {
    const { bytes, l3 } = pkt;
    const host = this.host;
    const settings = host.settings.v4(device);
    const gratuitous = arp.targetIp(bytes, l3) === sender;
    let neighbour = host.neighbours4.find(device, sender, 0, 0, 0);
    if (neighbour === undefined) {
      const accepted = settings.arpAccept !== 0 && (gratuitous || operation === arp.REPLY);
      if (!accepted || host.addressType(4, sender, 0, 0, 0, 0) !== AddressType.UNICAST) return false;
      neighbour = host.neighbours4.learn(device, sender, 0, 0, 0);
      if (neighbour === undefined) return false;
    }
    // Two replies to one question: the first counts, for the length of the lock.
    const lockUs = host.neighbours4.setting('locktime') * MICROSECONDS_PER_TICK;
    const override = host.clock.now > neighbour.updatedAt + lockUs || gratuitous;
    const confirmed = operation === arp.REPLY && pkt.packetType === PacketType.HOST;
    host.neighbours4.update(neighbour, bytes, arp.senderMacAt(l3), confirmed, override);
    return true;
  }

  /** A request for us: who asks will be answered, and is remembered. */
  private remember(device: Device, sender: number, bytes: Uint8Array, at: number): void {
    const neighbour = this.host.neighbours4.learn(device, sender, 0, 0, 0);
    if (neighbour !== undefined) this.host.neighbours4.update(neighbour, bytes, at, false, true);
  }
}

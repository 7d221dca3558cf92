/**
 * One capture that holds both directions, taken anywhere: the packet arrives on the interface that leads to its source,
 * addressed to the gateway. With the loop closed, packets of the other side are re-addressed to the translation first;
 * answers to what was redirected to the gateway itself are then the gateway's own, and leave through OUTPUT. What a
 * gateway of the same addresses sent when the capture was taken is not run: this one answers by itself.
 */
import type { CaptureRecord } from '../../capture/index.ts';
import { AddressType } from '../../netfilter/host-services.ts';
import type { Device } from '../../stack/device.ts';
import type { Host } from '../../stack/host.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { ClosedLoop } from '../closed-loop.ts';
import { addressTo, type CapturedPacket } from './captured-packet.ts';
import { Prepared, type Driver } from './driver.ts';

export class TwoSidedDriver implements Driver {
  private readonly host: Host;
  private readonly packet: CapturedPacket;
  private readonly loop: ClosedLoop | null;
  /** Where packets arrive whose source no route leads to. */
  private readonly outside: Device;
  private device: Device;
  private readdressed = false;
  private sends = false;
  private isOwn = false;
  private sameSide = false;

  constructor(host: Host, packet: CapturedPacket, loop: ClosedLoop | null, outside: Device) {
    this.host = host;
    this.packet = packet;
    this.loop = loop;
    this.outside = outside;
    this.device = outside;
  }

  get ifaceName(): string {
    return this.sends || this.isOwn ? '' : this.device.name;
  }

  prepare(record: CaptureRecord, _input: number, pkt: PacketBuffer): Prepared {
    this.readdressed = false;
    this.sends = false;
    this.isOwn = false;
    this.sameSide = false;
    if (!this.packet.take(record, pkt)) {
      this.device = this.outside;
      return Prepared.NOT_IP;
    }
    const source = this.towards(pkt.family, pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    this.sameSide =
      source !== null && source === this.towards(pkt.family, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
    if (this.loop !== null) this.readdressed = this.loop.readdress(pkt);
    this.device = source ?? this.outside;
    if (this.readdressed) this.moveSource(pkt);
    else if (this.isFromGateway(pkt)) this.isOwn = true;
    if (this.isOwn) return Prepared.SENT_BEFORE;
    this.packet.fitTo(pkt, this.device.mtu);
    addressTo(pkt, this.device.mac);
    return Prepared.READY;
  }

  run(pkt: PacketBuffer): void {
    if (this.sends) this.host.send(pkt, true);
    else this.host.receive(this.device, pkt);
  }

  notes(): string[] {
    const notes = this.packet.notes();
    if (this.readdressed) notes.push('re-addressed to the translation');
    if (this.isOwn) notes.push('sent by the gateway of the capture: this one answers by itself');
    if (this.sameSide) notes.push('both ends on one side: a gateway would not have seen it');
    return notes;
  }

  private isFromGateway({ family, src0, src1, src2, src3 }: PacketBuffer): boolean {
    const own = this.host.addresses.find(family === 4 ? 4 : 6, src0, src1, src2, src3);
    return own !== undefined && !own.device.isLoopback;
  }

  /** The translation may have moved the source to the other side, or to the gateway itself. */
  private moveSource(pkt: PacketBuffer): void {
    const { family, src0, src1, src2, src3 } = pkt;
    const type = this.host.addressType(family === 4 ? 4 : 6, src0, src1, src2, src3, 0);
    this.sends = type === AddressType.LOCAL;
    this.device = this.towards(family, src0, src1, src2, src3) ?? this.outside;
  }

  /** The interface that leads to an address; null for the gateway's own and for what no route leads to. */
  private towards(family: number, w0: number, w1: number, w2: number, w3: number): Device | null {
    const table = family === 4 ? this.host.routes4 : this.host.routes6;
    const device = table.lookup(w0, w1, w2, w3)?.device;
    return device === undefined || device.isLoopback ? null : device;
  }
}

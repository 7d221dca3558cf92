/**
 * A capture taken on the machine that has the rules (`--host ADDRESS…`): what comes to its addresses passes INPUT, what
 * it sends passes OUTPUT, and its sockets are taken to exist: their answers are in the capture.
 */
import type { CaptureRecord } from '../../capture/index.ts';
import type { Family } from '../../netfilter/hook.ts';
import { AddressType } from '../../netfilter/host-services.ts';
import type { Device } from '../../stack/device.ts';
import type { Host } from '../../stack/host.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { ClosedLoop } from '../closed-loop.ts';
import { addressTo, type CapturedPacket } from './captured-packet.ts';
import { Prepared, type Driver } from './driver.ts';

export class OnHostDriver implements Driver {
  private readonly host: Host;
  private readonly packet: CapturedPacket;
  private readonly loop: ClosedLoop | null;
  private readonly device: Device;
  private sends = false;
  private readdressed = false;
  private foreign = false;

  constructor(host: Host, packet: CapturedPacket, loop: ClosedLoop | null, device: Device) {
    this.host = host;
    this.packet = packet;
    this.loop = loop;
    this.device = device;
  }

  get ifaceName(): string {
    return this.sends ? '' : this.device.name;
  }

  prepare(record: CaptureRecord, _input: number, pkt: PacketBuffer): Prepared {
    this.sends = false;
    this.readdressed = false;
    this.foreign = false;
    if (!this.packet.take(record, pkt)) return Prepared.NOT_IP;
    if (this.loop !== null) this.readdressed = this.loop.readdress(pkt);
    this.sends = this.isOwn(pkt.family as Family, pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    this.foreign = !this.sends && !this.isForUs(pkt);
    if (!this.sends && !this.foreign) addressTo(pkt, this.device.mac);
    return Prepared.READY;
  }

  run(pkt: PacketBuffer): void {
    if (this.sends) this.host.send(pkt, true);
    else this.host.receive(this.device, pkt);
  }

  notes(): string[] {
    const notes = this.packet.notes();
    if (this.readdressed) notes.push('re-addressed to the translation');
    if (this.foreign) notes.push('neither from nor to the addresses given with --host');
    return notes;
  }

  private isForUs(pkt: PacketBuffer): boolean {
    const type = this.host.addressType(pkt.family as Family, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3, 0);
    return type === AddressType.LOCAL || type === AddressType.BROADCAST || type === AddressType.MULTICAST;
  }

  private isOwn(family: Family, w0: number, w1: number, w2: number, w3: number): boolean {
    return this.host.addressType(family, w0, w1, w2, w3, 0) === AddressType.LOCAL;
  }
}

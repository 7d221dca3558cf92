/**
 * A capture taken on the machine that has the rules (`--host ADDRESS…`): what comes to its addresses passes INPUT, what
 * it sends passes OUTPUT. Its sockets and its stack are taken to exist, and their answers are in the capture: the host
 * here answers nothing by itself (HostEnv.passive). Only REJECT does, since the captured machine may have had other
 * rules; where its answer is in the capture as well, it is not sent again.
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
import type { OwnAnswers } from './own-answers.ts';

export class OnHostDriver implements Driver {
  private readonly host: Host;
  private readonly packet: CapturedPacket;
  private readonly loop: ClosedLoop | null;
  private readonly device: Device;
  private readonly answers: OwnAnswers;
  private sends = false;
  private readdressed = false;
  private foreign = false;
  /** Number of the frame that a rule has answered with this one already. */
  private answered = 0;

  constructor(
    host: Host,
    packet: CapturedPacket,
    loop: ClosedLoop | null,
    device: Device,
    answers: OwnAnswers,
  ) {
    this.host = host;
    this.packet = packet;
    this.loop = loop;
    this.device = device;
    this.answers = answers;
  }

  get ifaceName(): string {
    return this.sends ? '' : this.device.name;
  }

  prepare(record: CaptureRecord, _input: number, pkt: PacketBuffer): Prepared {
    this.sends = false;
    this.readdressed = false;
    this.foreign = false;
    this.answered = 0;
    if (!this.packet.take(record, pkt)) return Prepared.NOT_IP;
    if (this.loop !== null) this.readdressed = this.loop.readdress(pkt);
    this.packet.fitTo(pkt, this.device.mtu);
    this.sends = this.isOwn(pkt.family as Family, pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    if (this.sends) {
      this.answered = this.answers.take(pkt);
      return this.answered === 0 ? Prepared.READY : Prepared.SENT_BEFORE;
    }
    this.foreign = !this.isForUs(pkt);
    if (!this.foreign) addressTo(pkt, this.device.mac);
    return Prepared.READY;
  }

  run(pkt: PacketBuffer): void {
    if (this.sends) {
      this.host.send(pkt, true);
    } else {
      this.answers.listening = true;
      this.host.receive(this.device, pkt);
      this.answers.listening = false;
    }
  }

  notes(): string[] {
    const notes = this.packet.notes();
    if (this.readdressed) notes.push('re-addressed to the translation');
    if (this.foreign) notes.push('neither from nor to the addresses given with --host');
    if (this.answered !== 0) notes.push(`left already when a rule answered frame ${this.answered} with it`);
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

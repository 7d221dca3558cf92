/**
 * Captures on named interfaces (`--in IFACE=CAPTURE`): each frame arrives as it was captured, byte for byte. Captures
 * without Ethernet (raw IP, cooked, loopback) get a header addressed to the gateway, since theirs is lost; the sender's
 * address is there where the capture tells it.
 */
import {
  decodeLinkHeader,
  encapsulate,
  LinkHeader,
  LinkType,
  type CaptureRecord,
} from '../../capture/index.ts';
import type { Device } from '../../stack/device.ts';
import type { Host } from '../../stack/host.ts';
import { dissectEthernet } from '../../wire/dissect.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { addressTo } from './captured-packet.ts';
import { Prepared, type Driver } from './driver.ts';
import { FrameBuffer, HEADROOM, UNKNOWN_SENDER } from './frame-buffer.ts';

const MAC_LENGTH = 6;

export class ExactDriver implements Driver {
  private readonly host: Host;
  /** By input. */
  private readonly devices: readonly Device[];
  private readonly header = new LinkHeader();
  private readonly buffer = new FrameBuffer();
  private device: Device;
  private wrapped = false;

  constructor(host: Host, devices: readonly Device[]) {
    this.host = host;
    this.devices = devices;
    this.device = devices[0]!;
  }

  get ifaceName(): string {
    return this.device.name;
  }

  prepare(record: CaptureRecord, input: number, pkt: PacketBuffer): Prepared {
    this.device = this.devices[input]!;
    this.wrapped = false;
    pkt.reset(record.bytes, record.start, record.end);
    if (record.linkType === LinkType.Ethernet) return Prepared.READY;
    if (!decodeLinkHeader(record, this.header)) return Prepared.NOT_IP;
    this.wrap(record, pkt);
    return Prepared.READY;
  }

  run(pkt: PacketBuffer): void {
    this.host.receive(this.device, pkt);
  }

  notes(): string[] {
    return this.wrapped ? ['Ethernet header made: the capture has none'] : [];
  }

  private wrap(record: CaptureRecord, pkt: PacketBuffer): void {
    const { header, buffer } = this;
    const memory = buffer.ofLength(record.end - record.start);
    const sender = header.sourceLength === MAC_LENGTH ? header.sourceAddress : UNKNOWN_SENDER;
    const length = encapsulate(record, header, buffer.frame, this.device.mac, sender);
    pkt.reset(memory, HEADROOM, HEADROOM + length);
    dissectEthernet(pkt);
    addressTo(pkt, this.device.mac);
    this.wrapped = true;
  }
}

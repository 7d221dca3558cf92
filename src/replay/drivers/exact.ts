/**
 * Captures on named interfaces (`--in IFACE=CAPTURE`): each frame arrives as it was captured, byte for byte. Captures
 * without Ethernet (raw IP, cooked, loopback) get a header addressed to the gateway, since theirs is lost.
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
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { Prepared, type Driver } from './driver.ts';
import { FrameBuffer, UNKNOWN_SENDER } from './frame-buffer.ts';

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
    this.wrapped = record.linkType !== LinkType.Ethernet;
    if (!this.wrapped) {
      pkt.reset(record.bytes, record.start, record.end);
      return Prepared.READY;
    }
    if (!decodeLinkHeader(record, this.header)) {
      pkt.reset(record.bytes, record.start, record.end);
      return Prepared.NOT_IP;
    }
    const { frame, start } = this.buffer.ofLength(record.end - record.start);
    const length = encapsulate(record, this.header, frame.subarray(start), this.device.mac, UNKNOWN_SENDER);
    pkt.reset(frame, start, start + length);
    return Prepared.READY;
  }

  run(pkt: PacketBuffer): void {
    this.host.receive(this.device, pkt);
  }

  notes(): string[] {
    return this.wrapped ? ['Ethernet header made: the capture has none'] : [];
  }
}

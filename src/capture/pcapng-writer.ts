/**
 * Writes pcapng, little endian: one section, an interface block for every device, Enhanced Packet Blocks with direction,
 * verdict and comments, so that Wireshark shows what became of each packet beside the packet.
 *
 * Source: draft-ietf-opsawg-pcapng. Of the draft's verdict types, Linux_eBPF_TC is the one whose values say what a
 * packet filter says: TC_ACT_OK, TC_ACT_SHOT, TC_ACT_STOLEN, TC_ACT_QUEUED (linux/pkt_cls.h); Wireshark shows them by
 * these names (frame.verdict.ebpf_tc). XDP cannot tell "queued" from "dropped", and Hardware is shown as plain bytes.
 */
import { CaptureError } from './errors.ts';
import { LinkType } from './link-type.ts';
import * as ng from './pcapng-format.ts';
import type { CaptureDirection } from './record.ts';
import { type ByteSink, SinkBuffer } from './sink.ts';
import { putTicks } from './ticks.ts';

/** TC_ACT_* of linux/pkt_cls.h, by what they mean to a packet filter. */
export const CaptureVerdict = { Accept: 0, Drop: 2, Stolen: 4, Queue: 5 } as const;
export type CaptureVerdict = (typeof CaptureVerdict)[keyof typeof CaptureVerdict];

export interface PcapngWriterOptions {
  /** Who wrote it, such as "sluice 0.1.0". */
  application: string;
  /** Resolution of the time stamps; nanoseconds unless given. */
  resolution?: 'microseconds' | 'nanoseconds';
}

export interface PcapngInterfaceOptions {
  name: string;
  description?: string;
  /** 6 bytes. */
  mac?: Uint8Array;
  /** Ethernet unless given. */
  linkType?: number;
}

/** What is known of a packet beside its bytes. Reuse one for all packets; null leaves a field out. */
export class PacketNote {
  direction: CaptureDirection = 0;
  verdict: CaptureVerdict | null = null;
  /** The same number for every frame that one packet became: Wireshark finds them by frame.packet_id. */
  packetId: number | null = null;
  readonly comments: string[] = [];

  reset(): void {
    this.direction = 0;
    this.verdict = null;
    this.packetId = null;
    this.comments.length = 0;
  }
}

/** UTF-16 units become at most three bytes of UTF-8 each. */
const UTF8_MAX_RATIO = 3;
const utf8 = new TextEncoder();

export class PcapngWriter {
  private readonly out: SinkBuffer;
  private readonly perMicrosecond: number;
  private interfaceCount = 0;

  /** The section header is written at once. `close` closes the sink. */
  constructor(sink: ByteSink, options: PcapngWriterOptions) {
    this.out = new SinkBuffer(sink);
    this.perMicrosecond = options.resolution === 'microseconds' ? 1 : 1000;
    const at = this.beginBlock(
      ng.BLOCK_SECTION_HEADER,
      ng.SECTION_HEADER_BYTES + optionRoom(options.application),
    );
    const view = this.out.view;
    view.setUint32(at, ng.BYTE_ORDER_MAGIC, true);
    view.setUint16(at + 4, 1, true);
    view.setUint16(at + 6, 0, true);
    // The section's length is not known in advance: -1.
    view.setUint32(at + 8, 0xffff_ffff, true);
    view.setUint32(at + 12, 0xffff_ffff, true);
    let end = this.putText(at + ng.SECTION_HEADER_BYTES, ng.SHB_USERAPPL, options.application);
    end = this.putOptionHeader(end, ng.OPT_END, 0);
    this.endBlock(end);
  }

  /** Describes a device and returns the number that `write` takes. */
  addInterface(options: PcapngInterfaceOptions): number {
    const room = ng.INTERFACE_BYTES + optionRoom(options.name) + optionRoom(options.description ?? '') + 32;
    const at = this.beginBlock(ng.BLOCK_INTERFACE_DESCRIPTION, room);
    const out = this.out;
    out.view.setUint16(at, options.linkType ?? LinkType.Ethernet, true);
    out.view.setUint16(at + 2, 0, true);
    out.view.setUint32(at + 4, ng.MAX_RECORD_BYTES, true);
    let end = this.putText(at + ng.INTERFACE_BYTES, ng.IF_NAME, options.name);
    if (options.description !== undefined) end = this.putText(end, ng.IF_DESCRIPTION, options.description);
    if (options.mac !== undefined) {
      out.bytes.set(options.mac.subarray(0, 6), end + ng.OPTION_HEADER_BYTES);
      end = this.putOptionHeader(end, ng.IF_MACADDR, 6);
    }
    out.bytes[end + ng.OPTION_HEADER_BYTES] = this.perMicrosecond === 1 ? 6 : 9;
    end = this.putOptionHeader(end, ng.IF_TSRESOL, 1);
    end = this.putOptionHeader(end, ng.OPT_END, 0);
    this.endBlock(end);
    return this.interfaceCount++;
  }

  /** Writes the packet bytes[start..end); `originalLength` is what it had on the wire. */
  write(
    interfaceId: number,
    timeUs: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    originalLength: number,
    note: PacketNote | null,
  ): void {
    if (interfaceId >= this.interfaceCount) {
      throw new CaptureError(
        'CAPTURE_INTERFACE',
        `interface ${interfaceId} was not added to the capture`,
        '',
      );
    }
    const length = end - start;
    if (length > ng.MAX_RECORD_BYTES) {
      throw new CaptureError('CAPTURE_LENGTH', `a packet of ${length} bytes is too long to write`, '');
    }
    const out = this.out;
    const room = ng.ENHANCED_PACKET_BYTES + ng.paddedLength(length) + (note === null ? 0 : noteRoom(note));
    const at = this.beginBlock(ng.BLOCK_ENHANCED_PACKET, room);
    const view = out.view;
    view.setUint32(at, interfaceId, true);
    putTicks(view, at + 4, timeUs, this.perMicrosecond);
    view.setUint32(at + 12, length, true);
    view.setUint32(at + 16, originalLength, true);
    const target = out.bytes;
    let to = at + ng.ENHANCED_PACKET_BYTES;
    for (let from = start; from < end; from++, to++) target[to] = bytes[from]!;
    to = this.pad(to, length);
    if (note !== null) to = this.putNote(to, note);
    this.endBlock(to);
  }

  flush(): void {
    this.out.flush();
  }

  close(): void {
    this.out.close();
  }

  private putNote(from: number, note: PacketNote): number {
    const view = this.out.view;
    let at = from;
    if (note.direction !== 0) {
      view.setUint32(at + ng.OPTION_HEADER_BYTES, note.direction, true);
      at = this.putOptionHeader(at, ng.EPB_FLAGS, 4);
    }
    if (note.packetId !== null) {
      view.setUint32(at + ng.OPTION_HEADER_BYTES, note.packetId % 0x1_0000_0000, true);
      view.setUint32(at + ng.OPTION_HEADER_BYTES + 4, Math.floor(note.packetId / 0x1_0000_0000), true);
      at = this.putOptionHeader(at, ng.EPB_PACKETID, 8);
    }
    if (note.verdict !== null) {
      const value = at + ng.OPTION_HEADER_BYTES;
      this.out.bytes[value] = ng.VERDICT_LINUX_EBPF_TC;
      view.setUint32(value + 1, note.verdict, true);
      view.setUint32(value + 5, 0, true);
      at = this.putOptionHeader(at, ng.EPB_VERDICT, ng.VERDICT_TC_BYTES);
    }
    for (const comment of note.comments) at = this.putText(at, ng.OPT_COMMENT, comment);
    // A block without options has no end of options either.
    return at === from ? at : this.putOptionHeader(at, ng.OPT_END, 0);
  }

  /** Writes the type, makes room, and returns where the body begins. */
  private beginBlock(type: number, bodyRoom: number): number {
    this.out.reserve(ng.BLOCK_FRAME_BYTES + bodyRoom);
    this.out.view.setUint32(this.out.position, type, true);
    return this.out.position + 8;
  }

  /** Writes the length in front and behind and moves on. */
  private endBlock(end: number): void {
    const length = end + 4 - this.out.position;
    this.out.view.setUint32(this.out.position + 4, length, true);
    this.out.view.setUint32(end, length, true);
    this.out.position = end + 4;
  }

  private putText(at: number, code: number, text: string): number {
    const from = at + ng.OPTION_HEADER_BYTES;
    // Whole characters only: what does not fit an option's 16-bit length is left off.
    const room = this.out.bytes.subarray(from, from + ng.MAX_OPTION_BYTES);
    return this.putOptionHeader(at, code, utf8.encodeInto(text, room).written);
  }

  /** The value, if any, is there already: writes header and padding around it and returns where the option ends. */
  private putOptionHeader(at: number, code: number, length: number): number {
    this.out.view.setUint16(at, code, true);
    this.out.view.setUint16(at + 2, length, true);
    return this.pad(at + ng.OPTION_HEADER_BYTES + length, length);
  }

  private pad(end: number, length: number): number {
    const bytes = this.out.bytes;
    let at = end;
    for (let i = length; (i & 3) !== 0; i++) bytes[at++] = 0;
    return at;
  }
}

function optionRoom(text: string): number {
  const most = Math.min(text.length * UTF8_MAX_RATIO, ng.MAX_OPTION_BYTES);
  return 2 * ng.OPTION_HEADER_BYTES + ng.paddedLength(most);
}

function noteRoom(note: PacketNote): number {
  // Flags, packet id, verdict and the end, each with its header.
  let room = 8 + 12 + 16 + 4;
  for (const comment of note.comments) room += optionRoom(comment);
  return room;
}

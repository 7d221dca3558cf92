/**
 * pcapng, read: sections of blocks, each block with its length in front and behind.
 *
 * Source: draft-ietf-opsawg-pcapng. Read are Section Header, Interface Description, Enhanced Packet, Simple Packet and
 * the obsolete Packet Block; whatever else there is (name resolution, statistics, decryption secrets, custom, unknown)
 * is passed over by its length. A section's length field is not used: blocks are followed one by one.
 *
 * Interface numbers begin anew in every section. Records carry the index into the reader's list of all interfaces.
 */
import type { CaptureError } from './errors.ts';
import { unsupportedLinkType } from './link-type.ts';
import { CaptureParser } from './parser.ts';
import * as ng from './pcapng-format.ts';
import { readInterfaceOptions, walkOptions } from './pcapng-options.ts';
import { CaptureInterface, type CaptureRecord } from './record.ts';
import { type InputWindow, WINDOW_BYTES } from './source.ts';

const TRAILER_BYTES = 4;

export class PcapngParser extends CaptureParser {
  private readonly interfaces: CaptureInterface[];
  private littleEndian = true;
  /** Index in `interfaces` of the section's first. */
  private sectionBase = 0;
  private blockType = 0;
  private blockLength = 0;

  /** Reads on to the first packet, so that the interfaces in front of it are known when the file is open. */
  constructor(window: InputWindow, record: CaptureRecord, interfaces: CaptureInterface[]) {
    super(window, record);
    this.interfaces = interfaces;
    this.advanceToPacket();
  }

  get format(): 'pcapng' {
    return 'pcapng';
  }

  next(): boolean {
    if (!this.advanceToPacket()) return false;
    const window = this.window;
    const at = window.position;
    const type = this.blockType;
    const record = this.record;
    record.offset = window.origin + at;
    record.bigEndian = !this.littleEndian;
    record.flags = 0;
    record.optionsStart = 0;
    record.optionsEnd = 0;
    if (type === ng.BLOCK_SIMPLE_PACKET) this.simplePacket(at);
    else this.timedPacket(at, type === ng.BLOCK_PACKET);
    window.position = at + this.blockLength;
    return true;
  }

  /** Passes everything up to the next packet block, which then stands whole at the window's position. */
  private advanceToPacket(): boolean {
    const window = this.window;
    for (;;) {
      if (window.end - window.position < 8 && !window.fill(8))
        return this.cut('a block', ng.BLOCK_FRAME_BYTES);
      const type = window.view.getUint32(window.position, this.littleEndian);
      if (type === ng.BLOCK_SECTION_HEADER) {
        if (!this.sectionHeader()) return false;
        continue;
      }
      const length = window.view.getUint32(window.position + 4, this.littleEndian);
      if ((length & 3) !== 0 || length < ng.BLOCK_FRAME_BYTES) throw this.badBlockLength(type, length);
      if (type === ng.BLOCK_ENHANCED_PACKET || type === ng.BLOCK_SIMPLE_PACKET || type === ng.BLOCK_PACKET) {
        if (!this.wholeBlock(type, length)) return false;
        this.blockType = type;
        this.blockLength = length;
        return true;
      }
      if (type === ng.BLOCK_INTERFACE_DESCRIPTION) {
        if (!this.wholeBlock(type, length)) return false;
        this.interfaceDescription(length);
        window.position += length;
      } else if (!this.skipBlock(type, length)) {
        return false;
      }
    }
  }

  /** Makes the block contiguous and checks that its two lengths agree. */
  private wholeBlock(type: number, length: number): boolean {
    const window = this.window;
    if (length > WINDOW_BYTES) throw this.badBlockLength(type, length);
    if (window.end - window.position < length && !window.fill(length))
      return this.cut(ng.blockName(type), length);
    const trailerAt = window.position + length - TRAILER_BYTES;
    const trailer = window.view.getUint32(trailerAt, this.littleEndian);
    if (trailer !== length) throw this.badTrailer(type, length, trailer, window.origin + trailerAt);
    return true;
  }

  private skipBlock(type: number, length: number): boolean {
    const window = this.window;
    if (length > ng.MAX_SKIPPED_BLOCK_BYTES) throw this.badBlockLength(type, length);
    const offset = window.offset;
    if (!window.skip(length - TRAILER_BYTES) || !window.fill(TRAILER_BYTES)) {
      this.cutWithin(ng.blockName(type), window.origin + window.end - offset, length, offset);
      return false;
    }
    const trailer = window.view.getUint32(window.position, this.littleEndian);
    if (trailer !== length) throw this.badTrailer(type, length, trailer, window.offset);
    window.position += TRAILER_BYTES;
    return true;
  }

  private sectionHeader(): boolean {
    const window = this.window;
    const name = ng.blockName(ng.BLOCK_SECTION_HEADER);
    if (!window.fill(ng.BLOCK_FRAME_BYTES))
      return this.cut(name, ng.BLOCK_FRAME_BYTES + ng.SECTION_HEADER_BYTES);
    const view = window.view;
    const magic = view.getUint32(window.position + 8, true);
    if (magic !== ng.BYTE_ORDER_MAGIC && magic !== ng.BYTE_ORDER_MAGIC_SWAPPED) {
      const shown = magic.toString(16).padStart(8, '0');
      throw this.error(
        'CAPTURE_BLOCK',
        `the byte-order magic of the section is 0x${shown}`,
        window.offset + 8,
      );
    }
    const littleEndian = magic === ng.BYTE_ORDER_MAGIC;
    const length = view.getUint32(window.position + 4, littleEndian);
    if ((length & 3) !== 0 || length < ng.BLOCK_FRAME_BYTES + ng.SECTION_HEADER_BYTES) {
      throw this.badBlockLength(ng.BLOCK_SECTION_HEADER, length);
    }
    this.littleEndian = littleEndian;
    if (!this.wholeBlock(ng.BLOCK_SECTION_HEADER, length)) return false;
    const major = view.getUint16(window.position + 12, littleEndian);
    const minor = view.getUint16(window.position + 14, littleEndian);
    // 1.2 is what some writers of 1.0 declare; the draft says to treat it alike.
    if (major !== 1) {
      throw this.error(
        'CAPTURE_FORMAT',
        `pcapng version ${major}.${minor} is not known; 1.x is read`,
        window.offset + 12,
      );
    }
    this.sectionBase = this.interfaces.length;
    window.position += length;
    return true;
  }

  private interfaceDescription(length: number): void {
    const window = this.window;
    const at = window.position;
    const least = ng.BLOCK_FRAME_BYTES + ng.INTERFACE_BYTES;
    if (length < least) throw this.badBlockLength(ng.BLOCK_INTERFACE_DESCRIPTION, length);
    const linkType = window.view.getUint16(at + 8, this.littleEndian);
    const snapLength = window.view.getUint32(at + 12, this.littleEndian);
    const declared = new CaptureInterface(this.interfaces.length, linkType, snapLength, window.offset);
    readInterfaceOptions(window, at + 16, at + length - TRAILER_BYTES, this.littleEndian, declared);
    this.interfaces.push(declared);
  }

  /** Enhanced Packet Block, and the obsolete Packet Block, which differs in the interface field only. */
  private timedPacket(at: number, obsolete: boolean): void {
    const view = this.window.view;
    const littleEndian = this.littleEndian;
    const length = this.blockLength;
    if (length < ng.BLOCK_FRAME_BYTES + ng.ENHANCED_PACKET_BYTES)
      throw this.badBlockLength(this.blockType, length);
    const local = obsolete ? view.getUint16(at + 8, littleEndian) : view.getUint32(at + 8, littleEndian);
    const declared = this.interfaceOf(local);
    const captured = view.getUint32(at + 20, littleEndian);
    const dataAt = at + 8 + ng.ENHANCED_PACKET_BYTES;
    const blockEnd = at + length - TRAILER_BYTES;
    this.checkCaptured(captured, blockEnd - dataAt);
    const record = this.record;
    const high = view.getUint32(at + 12, littleEndian);
    const low = view.getUint32(at + 16, littleEndian);
    if (!declared.clock.read(high, low)) throw this.badTime(high, low);
    record.seconds = declared.clock.seconds;
    record.nanoseconds = declared.clock.nanoseconds;
    record.timeUs = record.seconds * 1_000_000 + record.nanoseconds / 1000;
    record.hasTime = true;
    record.start = dataAt;
    record.end = dataAt + captured;
    record.originalLength = view.getUint32(at + 24, littleEndian);
    const optionsAt = dataAt + ng.paddedLength(captured);
    let fcsLength = declared.fcsLength;
    if (optionsAt < blockEnd) {
      record.optionsStart = optionsAt;
      record.optionsEnd = blockEnd;
      record.flags = walkOptions(this.window, optionsAt, blockEnd, littleEndian);
      const flagged = (record.flags >>> 5) & 0xf;
      if (flagged !== 0) fcsLength = flagged;
    }
    this.finish(declared, captured, fcsLength);
  }

  /** Simple Packet Block: always of the section's first interface, and without a time. */
  private simplePacket(at: number): void {
    const length = this.blockLength;
    if (length < ng.BLOCK_FRAME_BYTES + ng.SIMPLE_PACKET_BYTES)
      throw this.badBlockLength(this.blockType, length);
    const declared = this.interfaceOf(0);
    const original = this.window.view.getUint32(at + 8, this.littleEndian);
    const captured = declared.snapLength === 0 ? original : Math.min(original, declared.snapLength);
    const dataAt = at + 8 + ng.SIMPLE_PACKET_BYTES;
    this.checkCaptured(captured, at + length - TRAILER_BYTES - dataAt);
    const record = this.record;
    record.hasTime = false;
    record.start = dataAt;
    record.end = dataAt + captured;
    record.originalLength = original;
    this.finish(declared, captured, declared.fcsLength);
  }

  private finish(declared: CaptureInterface, captured: number, fcsLength: number): void {
    const record = this.record;
    record.number++;
    record.interfaceId = declared.id;
    record.linkType = declared.linkType;
    if (declared.snapLength !== 0 && captured > declared.snapLength) {
      this.warnSnapLength(captured, declared.snapLength);
    }
    if (fcsLength !== 0) record.removeFcs(fcsLength);
  }

  /** An interface may have any link type as long as no packet is of it: a capture of "any" lists devices of all kinds. */
  private interfaceOf(local: number): CaptureInterface {
    const declared = this.interfaces[this.sectionBase + local];
    if (declared === undefined) {
      const count = this.interfaces.length - this.sectionBase;
      throw this.error(
        'CAPTURE_INTERFACE',
        `record ${this.record.number + 1} is of interface ${local}, but the section describes ${count}`,
        this.window.offset,
      );
    }
    if (!declared.supported) {
      const name = declared.name === '' ? `interface ${local}` : `interface ${local} (${declared.name})`;
      const message = `record ${this.record.number + 1} is of ${name}: ${unsupportedLinkType(declared.linkType)}`;
      throw this.error('CAPTURE_LINK_TYPE', message, this.window.offset);
    }
    return declared;
  }

  private checkCaptured(captured: number, room: number): void {
    if (captured > ng.MAX_RECORD_BYTES) throw this.tooLong(captured);
    if (captured > room) {
      throw this.error(
        'CAPTURE_LENGTH',
        `record ${this.record.number + 1} claims ${captured} captured bytes, but its block has room for ${room}`,
        this.window.offset,
      );
    }
  }

  private badBlockLength(type: number, length: number): CaptureError {
    const limit =
      length % 4 !== 0
        ? 'which is no multiple of 4'
        : length < 64
          ? 'too few for it'
          : 'more than any such block may have';
    return this.error(
      'CAPTURE_BLOCK',
      `${ng.blockName(type)} claims a length of ${length} bytes, ${limit}`,
      this.window.offset,
    );
  }

  private badTrailer(type: number, length: number, trailer: number, offset: number): CaptureError {
    const message = `${ng.blockName(type)} has the length ${length} in front and ${trailer} behind`;
    return this.error('CAPTURE_BLOCK', message, offset);
  }

  private badTime(high: number, low: number): CaptureError {
    const ticks = (BigInt(high) << 32n) | BigInt(low);
    const message = `the time stamp of record ${this.record.number + 1} (${ticks} ticks) is out of range`;
    return this.error('CAPTURE_TIME', message, this.window.offset);
  }
}

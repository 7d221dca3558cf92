/**
 * Classic pcap, read: a header of 24 bytes, then records of a 16-byte header and the packet.
 *
 * Sources: pcap-savefile(5); draft-ietf-opsawg-pcap for the frame check sequence in the link type word. Versions
 * before 2.3 wrote the two lengths the other way round, and 2.3 was written both ways (libpcap's sf-pcap.c says so);
 * both are read. The time zone and accuracy fields have never been used and are ignored, as everyone does.
 */
import type { CaptureError } from './errors.ts';
import { unsupportedLinkType } from './link-type.ts';
import { MAX_RECORD_BYTES } from './pcapng-format.ts';
import { CaptureInterface, type CaptureRecord } from './record.ts';
import type { InputWindow } from './source.ts';
import { type CaptureFormat, CaptureParser } from './parser.ts';
import { PCAP_MAGIC_NANO, PCAP_MAGIC_NANO_SWAPPED, PCAP_MAGIC_SWAPPED } from './magic.ts';

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const FCS_PRESENT = 0x0400_0000;

export class PcapParser extends CaptureParser {
  private readonly littleEndian: boolean;
  private readonly nano: boolean;
  private readonly interface: CaptureInterface | null = null;
  private readonly swappedLengths: 'never' | 'always' | 'when-larger' = 'never';

  constructor(window: InputWindow, magic: number, record: CaptureRecord, interfaces: CaptureInterface[]) {
    super(window, record);
    // `magic` was read as big endian.
    this.littleEndian = magic === PCAP_MAGIC_SWAPPED || magic === PCAP_MAGIC_NANO_SWAPPED;
    this.nano = magic === PCAP_MAGIC_NANO || magic === PCAP_MAGIC_NANO_SWAPPED;
    if (!window.fill(FILE_HEADER_BYTES)) {
      this.cut('the file header', FILE_HEADER_BYTES);
      return;
    }
    const view = window.view;
    const major = view.getUint16(4, this.littleEndian);
    const minor = view.getUint16(6, this.littleEndian);
    if (major !== 2) {
      throw this.error('CAPTURE_FORMAT', `pcap version ${major}.${minor} is not known; 2.x is read`, 4);
    }
    if (minor < 3) this.swappedLengths = 'always';
    else if (minor === 3) this.swappedLengths = 'when-larger';
    const linkWord = view.getUint32(20, this.littleEndian);
    const linkType = linkWord & 0xffff;
    const declared = new CaptureInterface(0, linkType, view.getUint32(16, this.littleEndian), 0);
    if (!declared.supported) throw this.error('CAPTURE_LINK_TYPE', unsupportedLinkType(linkType), 20);
    // The length of the frame check sequence is counted in 16-bit words.
    if ((linkWord & FCS_PRESENT) !== 0) declared.fcsLength = (linkWord >>> 28) * 2;
    this.interface = declared;
    interfaces.push(declared);
    record.linkType = linkType;
    record.bigEndian = !this.littleEndian;
    record.hasTime = true;
    window.position = FILE_HEADER_BYTES;
  }

  get format(): CaptureFormat {
    return this.nano ? 'pcap-nanosecond' : 'pcap';
  }

  next(): boolean {
    const declared = this.interface;
    if (declared === null) return false;
    const window = this.window;
    if (window.end - window.position < RECORD_HEADER_BYTES && !window.fill(RECORD_HEADER_BYTES)) {
      return this.cut(`the header of record ${this.record.number + 1}`, RECORD_HEADER_BYTES);
    }
    const view = window.view;
    const littleEndian = this.littleEndian;
    const at = window.position;
    const seconds = view.getUint32(at, littleEndian);
    const fraction = view.getUint32(at + 4, littleEndian);
    let captured = view.getUint32(at + 8, littleEndian);
    let original = view.getUint32(at + 12, littleEndian);
    if (this.swappedLengths !== 'never' && (this.swappedLengths === 'always' || captured > original)) {
      const swap = captured;
      captured = original;
      original = swap;
    }
    if (captured > MAX_RECORD_BYTES) throw this.tooLong(captured);
    if (fraction >= (this.nano ? 1_000_000_000 : 1_000_000)) throw this.badFraction(fraction);
    const length = RECORD_HEADER_BYTES + captured;
    if (window.end - at < length && !window.fill(length)) {
      return this.cut(`record ${this.record.number + 1}`, length);
    }
    const start = window.position + RECORD_HEADER_BYTES;
    const record = this.record;
    record.offset = window.origin + window.position;
    record.start = start;
    record.end = start + captured;
    record.originalLength = original;
    record.seconds = seconds;
    if (this.nano) {
      record.nanoseconds = fraction;
      record.timeUs = seconds * 1_000_000 + fraction / 1000;
    } else {
      record.nanoseconds = fraction * 1000;
      record.timeUs = seconds * 1_000_000 + fraction;
    }
    record.number++;
    window.position = start + captured;
    if (declared.snapLength !== 0 && captured > declared.snapLength)
      this.warnSnapLength(captured, declared.snapLength);
    if (declared.fcsLength !== 0) record.removeFcs(declared.fcsLength);
    return true;
  }

  private badFraction(fraction: number): CaptureError {
    const unit = this.nano ? 'nanoseconds' : 'microseconds';
    return this.error(
      'CAPTURE_TIME',
      `the time stamp of record ${this.record.number + 1} has ${fraction} ${unit}, which is a second or more`,
      this.window.offset,
    );
  }
}

/**
 * Reads a capture record by record, whatever its format, from any source of bytes.
 *
 *     const reader = openCapture('trace.pcapng');        // or CaptureReader.from(source) without Node
 *     while (reader.next()) use(reader.record);           // one object, valid until the next call
 *     if (reader.truncated !== null) report(reader.truncated.describe());
 *     reader.close();
 *
 * Opening reads up to the first packet, so that `interfaces` and `format` can be looked at before it.
 * `next` is synchronous, also for gzip and for pipes (it waits there), allocates nothing, and throws a CaptureError
 * where the file is broken; every record in front of the broken place was handed out before. An input that merely
 * ends early is no error: `next` gives false, and `truncated` says where and in what.
 *
 * Memory is the same for a file of any length: one window of WINDOW_BYTES, and with gzip its history.
 */
import { CaptureError } from './errors.ts';
import { GunzipSource } from './gzip.ts';
import { describeForeign, isGzip, isPcapMagic, PCAPNG_MAGIC, startsLikeCapture } from './magic.ts';
import { type CaptureFormat, CaptureParser } from './parser.ts';
import { PcapParser } from './pcap.ts';
import { PcapngParser } from './pcapng.ts';
import { type CaptureInterface, CaptureRecord } from './record.ts';
import { type ByteSource, InputWindow } from './source.ts';

const MAGIC_BYTES = 4;
/** Enough to recognise what a foreign file is. */
const PROBE_BYTES = 64;

export class CaptureReader {
  readonly record: CaptureRecord;
  /** Interfaces described so far, of all sections; complete up to the record at hand. `record.interfaceId` is its index. */
  readonly interfaces: readonly CaptureInterface[];
  /** Whether the file is compressed. */
  readonly gzip: boolean;
  private readonly window: InputWindow;
  private readonly parser: CaptureParser;

  /** Takes over the source, which `close` (or a failure here) closes. */
  static from(source: ByteSource): CaptureReader {
    try {
      return new CaptureReader(source);
    } catch (error) {
      source.close();
      throw error;
    }
  }

  private constructor(source: ByteSource) {
    const probe = new Uint8Array(PROBE_BYTES);
    const length = readProbe(source, probe);
    this.gzip = isGzip(probe, length);
    if (this.gzip) {
      this.window = new InputWindow(new GunzipSource(source, probe.subarray(0, length)));
    } else {
      this.window = new InputWindow(source);
      this.window.preload(probe, length);
    }
    const interfaces: CaptureInterface[] = [];
    this.record = new CaptureRecord(this.window.bytes, this.window.view);
    this.interfaces = interfaces;
    this.parser = openParser(this.window, this.record, interfaces);
  }

  /** Reads the next record into `record`; false at the end of the input. */
  next(): boolean {
    return this.parser.next();
  }

  /** Set when the input ended within something, after the last whole record was handed out. */
  get truncated(): CaptureError | null {
    return this.parser.truncated;
  }

  /** The first thing in the file that is odd but was read, such as a packet longer than the snap length. */
  get warning(): CaptureError | null {
    return this.parser.warning;
  }

  get format(): CaptureFormat {
    return this.parser.format;
  }

  get name(): string {
    return this.window.source.name;
  }

  /** Bytes of the file read so far (compressed ones of a compressed file), for a progress display. */
  get consumed(): number {
    return this.window.source.consumed;
  }

  /** Bytes of the file in all; -1 for a pipe. */
  get size(): number {
    return this.window.source.size;
  }

  close(): void {
    this.window.source.close();
  }
}

/** Reads at least enough to tell compressed from plain, unless the input is shorter. */
function readProbe(source: ByteSource, probe: Uint8Array): number {
  let length = 0;
  while (length < MAGIC_BYTES) {
    const count = source.read(probe, length, probe.length - length);
    if (count === 0) break;
    length += count;
  }
  return length;
}

function openParser(
  window: InputWindow,
  record: CaptureRecord,
  interfaces: CaptureInterface[],
): CaptureParser {
  const name = window.source.name;
  if (!window.fill(MAGIC_BYTES)) {
    if (window.available === 0 && window.source.cut === null) {
      throw new CaptureError('CAPTURE_FORMAT', 'not a capture: it is empty', name, 0);
    }
    if (startsLikeCapture(window.bytes, window.end)) {
      return new EndedParser(window, record);
    }
    throw new CaptureError('CAPTURE_FORMAT', describeForeign(window.bytes, window.end), name, 0);
  }
  const magic = window.view.getUint32(0);
  if (isPcapMagic(magic)) return new PcapParser(window, magic, record, interfaces);
  if (magic === PCAPNG_MAGIC) return new PcapngParser(window, record, interfaces);
  throw new CaptureError('CAPTURE_FORMAT', describeForeign(window.bytes, window.end), name, 0);
}

/** A file that was cut before it said which format it has. */
class EndedParser extends CaptureParser {
  constructor(window: InputWindow, record: CaptureRecord) {
    super(window, record);
    this.cut('the magic number', MAGIC_BYTES);
  }

  get format(): CaptureFormat {
    return 'pcap';
  }

  next(): boolean {
    return false;
  }
}

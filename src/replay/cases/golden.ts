/**
 * Golden captures: the frames that left each interface, kept as a pcapng file with one interface block a device. Frames are
 * compared byte for byte and in order, interface by interface; their times and all else in the file are for the reader.
 */
import * as fs from 'node:fs';
import { SluiceError, type Place } from '../../base/errors.ts';
import { CaptureDirection, MemorySink, openCapture, PacketNote, PcapngWriter } from '../../capture/index.ts';
import type { OutFrame, PacketOutcome, TimerOutcome } from '../outcome.ts';
import type { ReplaySummary } from '../summary.ts';
import type { GoldenExpectation } from './case-file.ts';
import { makeFailure, type Failure } from './failure.ts';
import { firstDifference, sideBySide } from './side-by-side.ts';

interface SentFrame extends OutFrame {
  readonly timeUs: number;
  /** The packet that caused it, 0 for a timer. */
  readonly cause: number;
}

/** A golden file of either kind: collects what it needs, compares, writes. */
export interface Golden {
  packet(outcome: PacketOutcome): void;
  timer(outcome: TimerOutcome): void;
  /** After the last frame. */
  summary?(summary: ReplaySummary): void;
  /** Null when the file holds what was collected; ends in a SluiceError when it cannot be read. */
  compare(): Failure | null;
  /** Writes the file. */
  write(): void;
}

export class GoldenFrames implements Golden {
  private readonly expectation: GoldenExpectation;
  private readonly frames: SentFrame[] = [];

  constructor(expectation: GoldenExpectation) {
    this.expectation = expectation;
  }

  packet({ n, timeUs, out }: PacketOutcome): void {
    this.add(out, timeUs, n);
  }

  timer({ timeUs, out }: TimerOutcome): void {
    this.add(out, timeUs, 0);
  }

  compare(): Failure | null {
    const { path } = this.expectation;
    if (!fs.existsSync(path)) return missing(this.expectation);
    const expected = readFrames(path);
    const actual = byInterface(this.frames);
    for (const name of new Set([...expected.keys(), ...actual.keys()])) {
      const failure = this.compareInterface(name, expected.get(name) ?? [], actual.get(name) ?? []);
      if (failure !== null) return failure;
    }
    return null;
  }

  write(): void {
    const sink = new MemorySink();
    const writer = new PcapngWriter(sink, { application: 'sluice' });
    const ids = new Map<string, number>();
    const note = new PacketNote();
    for (const { iface, frame, timeUs, cause } of this.frames) {
      let id = ids.get(iface);
      if (id === undefined) ids.set(iface, (id = writer.addInterface({ name: iface })));
      note.reset();
      note.direction = CaptureDirection.Outbound;
      if (cause > 0) note.packetId = cause;
      writer.write(id, timeUs, frame, 0, frame.length, frame.length, note);
    }
    writer.close();
    writeGolden(this.expectation.path, sink.bytes());
  }

  private add(out: readonly OutFrame[], timeUs: number, cause: number): void {
    for (const { iface, frame } of out) this.frames.push({ iface, frame, timeUs, cause });
  }

  private compareInterface(
    name: string,
    expected: readonly Uint8Array[],
    actual: readonly SentFrame[],
  ): Failure | null {
    const { place, title } = this.expectation;
    const longest = Math.max(expected.length, actual.length);
    for (let i = 0; i < longest; i++) {
      const wanted = expected[i] ?? null;
      const sent = actual[i] ?? null;
      if (wanted !== null && sent !== null && firstDifference(wanted, sent.frame) < 0) continue;
      const cause =
        sent === null ? '' : sent.cause > 0 ? `, sent because of packet ${sent.cause}` : ', sent by a timer';
      const totals =
        expected.length === actual.length
          ? ''
          : ` (${expected.length} frames expected, ${actual.length} sent)`;
      return makeFailure({
        place,
        title,
        message: `${name}, frame ${i + 1}${cause}: ${whatDiffers(wanted, sent)}${totals}`,
        details: sideBySide(wanted, sent?.frame ?? null),
      });
    }
    return null;
  }
}

function whatDiffers(expected: Uint8Array | null, actual: SentFrame | null): string {
  if (actual === null) return 'expected, not sent';
  return expected === null ? 'not expected' : `differs at byte ${firstDifference(expected, actual.frame)}`;
}

function readFrames(path: string): Map<string, Uint8Array[]> {
  const frames = new Map<string, Uint8Array[]>();
  const reader = openCapture(path);
  try {
    const { record } = reader;
    while (reader.next()) {
      const name = reader.interfaces[record.interfaceId]?.name ?? '';
      if (name === '') {
        throw new SluiceError('CASE_GOLDEN', 'a golden capture names its interfaces; this one does not', {
          file: path,
        });
      }
      const list = frames.get(name) ?? [];
      frames.set(name, list);
      list.push(record.bytes.slice(record.start, record.end));
    }
    if (reader.truncated !== null) throw reader.truncated;
  } finally {
    reader.close();
  }
  return frames;
}

function byInterface(frames: readonly SentFrame[]): Map<string, SentFrame[]> {
  const lists = new Map<string, SentFrame[]>();
  for (const frame of frames) {
    const list = lists.get(frame.iface) ?? [];
    lists.set(frame.iface, list);
    list.push(frame);
  }
  return lists;
}

/** The failure of a golden that is not there yet. */
export function missing({ place, title, path }: { place: Place; title: string; path: string }): Failure {
  return makeFailure({ place, title, message: `${path} does not exist; --update writes it` });
}

/** Replaces the file in one step, so that an interrupted update leaves the old one. */
export function writeGolden(path: string, content: Uint8Array | string): void {
  const temporary = `${path}.new`;
  try {
    fs.writeFileSync(temporary, content);
    fs.renameSync(temporary, path);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    const why = error instanceof Error ? error.message : String(error);
    throw new SluiceError('CASE_GOLDEN', `cannot be written: ${why}`, { file: path });
  }
}

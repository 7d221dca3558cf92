/**
 * A node that listens on its cable and plays what was heard on another:
 *
 *     sniffer: { kind: capture, record: seen.pcap }
 *     past: { kind: capture, play: yesterday.pcapng, at: 2s }
 *
 * Frames are played at the distances that the capture has. Files are the affair of whoever makes the lab: they hand it
 * CaptureFiles; a lab has no files of its own.
 */
import type { Clock, TimeUs } from '../base/clock.ts';
import { SluiceError } from '../base/errors.ts';
import { fail, onlyKeys, textAt } from '../base/plain-object.ts';
import { durationAt } from './duration.ts';
import type { RawNode } from './raw-topology.ts';
import type { CaptureNode } from './topology.ts';

export interface CapturedFrame {
  readonly time: TimeUs;
  readonly bytes: Uint8Array;
}

export interface FrameRecorder {
  write(time: TimeUs, bytes: Uint8Array, start: number, end: number): void;
  close(): void;
}

export interface CaptureFiles {
  /** The frames of a capture, in their order, read as they are asked for. */
  frames(path: string): Iterable<CapturedFrame>;
  recorder(path: string): FrameRecorder;
}

export function parseCaptureNode({ name, settings, path, inside }: RawNode): CaptureNode {
  onlyKeys(settings, path, ['play', 'record', 'at']);
  const file = (key: string) =>
    settings[key] === undefined ? null : textAt(settings[key], `${path}.${key}`);
  const { at } = settings;
  const node = { kind: 'capture', name, play: file('play'), record: file('record'), inside } as const;
  if (at !== undefined && node.play === null)
    fail(`${path}.at`, 'says when to play, but there is nothing to "play"');
  return { ...node, at: node.play === null || at === 'never' ? null : durationAt(at ?? 0, `${path}.at`) };
}

export class LabCapture {
  readonly node: CaptureNode;
  played = 0;
  heard = 0;
  private readonly clock: Clock;
  private readonly files: CaptureFiles | null;
  private readonly recorder: FrameRecorder | null;
  private readonly emit: (frame: Uint8Array) => void;

  /** @param emit - puts a frame on the cable */
  constructor(
    node: CaptureNode,
    clock: Clock,
    files: CaptureFiles | null,
    emit: (frame: Uint8Array) => void,
  ) {
    this.node = node;
    this.clock = clock;
    this.files = files;
    this.emit = emit;
    this.recorder = node.record === null ? null : this.filesOf(node.record).recorder(node.record);
    if (node.play !== null) this.filesOf(node.play);
    if (node.at !== null) this.play(node.play!, clock.now + node.at);
  }

  private filesOf(path: string): CaptureFiles {
    if (this.files !== null) return this.files;
    throw new SluiceError('LAB', `${this.node.name}: there are no files here to find "${path}" in`);
  }

  /** Plays a capture from a time on. */
  play(path: string, from: TimeUs): void {
    const frames = this.filesOf(path).frames(path)[Symbol.iterator]();
    const first = frames.next();
    if (first.done === true) return;
    const start = first.value.time;
    const put = ({ time, bytes }: CapturedFrame) =>
      this.clock.at(from + Math.max(0, time - start), () => {
        this.played++;
        this.emit(bytes);
        const next = frames.next();
        if (next.done !== true) put(next.value);
      });
    put(first.value);
  }

  hear(bytes: Uint8Array, start: number, end: number): void {
    this.heard++;
    this.recorder?.write(this.clock.now, bytes, start, end);
  }

  close(): void {
    this.recorder?.close();
  }
}

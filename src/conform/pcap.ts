/**
 * Classic pcap files for the kernel harness: read whole, merged by time, written.
 *
 * Not the product's reader (src/capture): the oracle shares no code with what it judges. Only link type Ethernet,
 * since veth knows no other; pcapng is refused with the command that converts it.
 * Source: the file format in pcap-savefile(5).
 */
import { readFileSync } from 'node:fs';

export interface TimedFrame {
  /** Seconds since the epoch, as precise as a double holds them. */
  readonly time: number;
  readonly frame: Uint8Array;
}

export interface InputFrame extends TimedFrame {
  readonly iface: string;
}

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const MICROSECOND_MAGIC = 0xa1b2c3d4;
const NANOSECOND_MAGIC = 0xa1b23c4d;
const PCAPNG_MAGIC = 0x0a0d0d0a;
const LINKTYPE_ETHERNET = 1;

export function readPcap(fileName: string): TimedFrame[] {
  return parsePcap(readFileSync(fileName), fileName);
}

export function parsePcap(file: Uint8Array, fileName: string): TimedFrame[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < FILE_HEADER) throw new Error(`${fileName}: too short for a pcap file`);
  const little = isLittleEndian(view, fileName);
  const perSecond = view.getUint32(0, little) === NANOSECOND_MAGIC ? 1e9 : 1e6;
  const linkType = view.getUint32(20, little) & 0xffff;
  if (linkType !== LINKTYPE_ETHERNET) throw new Error(`${fileName}: link type ${linkType}, not Ethernet`);

  const frames: TimedFrame[] = [];
  let at = FILE_HEADER;
  while (at + RECORD_HEADER <= file.length) {
    const captured = view.getUint32(at + 8, little);
    const start = at + RECORD_HEADER;
    if (start + captured > file.length) break;
    const time = (view.getUint32(at, little) * perSecond + view.getUint32(at + 4, little)) / perSecond;
    frames.push({ time, frame: file.subarray(start, start + captured) });
    at = start + captured;
  }
  if (at !== file.length) throw new Error(`${fileName}: cut short at byte ${at}`);
  return frames;
}

function isLittleEndian(view: DataView, fileName: string): boolean {
  for (const little of [true, false]) {
    const magic = view.getUint32(0, little);
    if (magic === MICROSECOND_MAGIC || magic === NANOSECOND_MAGIC) return little;
    if (magic === PCAPNG_MAGIC) {
      throw new Error(`${fileName}: pcapng; convert it with: editcap -F pcap ${fileName} OUTPUT`);
    }
  }
  throw new Error(`${fileName}: not a pcap file`);
}

/** Microsecond pcap, little endian. */
export function formatPcap(frames: readonly TimedFrame[]): Uint8Array {
  const size = frames.reduce((sum, { frame }) => sum + RECORD_HEADER + frame.length, FILE_HEADER);
  const file = new Uint8Array(size);
  const view = new DataView(file.buffer);
  view.setUint32(0, MICROSECOND_MAGIC, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, 262144, true);
  view.setUint32(20, LINKTYPE_ETHERNET, true);
  let at = FILE_HEADER;
  for (const { time, frame } of frames) {
    const microseconds = Math.round(time * 1e6);
    view.setUint32(at, Math.floor(microseconds / 1e6), true);
    view.setUint32(at + 4, microseconds % 1e6, true);
    view.setUint32(at + 8, frame.length, true);
    view.setUint32(at + 12, frame.length, true);
    file.set(frame, at + RECORD_HEADER);
    at += RECORD_HEADER + frame.length;
  }
  return file;
}

/** Merges inputs by the time of their next frame; ties go in the order given, each input keeps its own order. */
export function mergeInputs(
  inputs: readonly { readonly iface: string; readonly frames: readonly TimedFrame[] }[],
): InputFrame[] {
  const next = inputs.map(() => 0);
  const merged: InputFrame[] = [];
  for (;;) {
    let first = -1;
    let firstTime = Infinity;
    inputs.forEach(({ frames }, i) => {
      const head = frames[next[i]!];
      if (head !== undefined && head.time < firstTime) {
        first = i;
        firstTime = head.time;
      }
    });
    const source = inputs[first];
    if (source === undefined) return merged;
    merged.push({ iface: source.iface, ...source.frames[next[first]!]! });
    next[first] = next[first]! + 1;
  }
}

/**
 * What the provenance tests need to know of a capture file: how many frames, which link types, the Ethernet addresses.
 *
 * Not the product's reader, which these captures are used to test: classic captures are read by the npm package
 * `pcap-parser`, and what that does not know (nanoseconds, pcapng) is counted by walking lengths.
 * Formats: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';

export interface CaptureFacts {
  readonly packets: number;
  /** One number a file for classic captures, one an interface for pcapng: LINKTYPE_ values. */
  readonly linkTypes: readonly number[];
  /** The frames' bytes where `pcap-parser` reads the file, else empty. */
  readonly frames: readonly Buffer[];
}

/** The part of `pcap-parser`, which comes without types, that is used here. */
interface PcapParser {
  on(event: 'globalHeader', handler: (header: { linkLayerType: number }) => void): void;
  on(event: 'packet', handler: (packet: { data: Buffer }) => void): void;
  on(event: 'error', handler: (error: Error) => void): void;
  on(event: 'end', handler: () => void): void;
}
const pcapParser = createRequire(import.meta.url)('pcap-parser') as { parse(input: Readable): PcapParser };

const NANOSECOND_LITTLE_ENDIAN = 0xa1b23c4d;
const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;

export async function readFacts(path: string): Promise<CaptureFacts> {
  const stored = readFileSync(path);
  const bytes = path.endsWith('.gz') ? gunzipSync(stored) : stored;
  switch (bytes.readUInt32LE(0)) {
    case SECTION_HEADER:
      return countBlocks(bytes);
    case NANOSECOND_LITTLE_ENDIAN:
      return countRecords(bytes);
    default:
      return parseClassic(bytes);
  }
}

function parseClassic(bytes: Buffer): Promise<CaptureFacts> {
  return new Promise((resolve, reject) => {
    const linkTypes: number[] = [];
    const frames: Buffer[] = [];
    const parser = pcapParser.parse(Readable.from([bytes]));
    parser.on('globalHeader', (header) => linkTypes.push(header.linkLayerType));
    parser.on('packet', (packet) => frames.push(packet.data));
    parser.on('error', reject);
    parser.on('end', () => resolve({ packets: frames.length, linkTypes, frames }));
  });
}

function countRecords(bytes: Buffer): CaptureFacts {
  let packets = 0;
  let offset = 24;
  for (; offset < bytes.length; offset += 16 + bytes.readUInt32LE(offset + 8)) packets += 1;
  if (offset !== bytes.length) throw new Error('the last record is cut');
  return { packets, linkTypes: [bytes.readUInt32LE(20)], frames: [] };
}

function countBlocks(bytes: Buffer): CaptureFacts {
  const linkTypes: number[] = [];
  let packets = 0;
  let offset = 0;
  for (; offset < bytes.length; offset += bytes.readUInt32LE(offset + 4)) {
    const type = bytes.readUInt32LE(offset);
    if (type === INTERFACE_DESCRIPTION) linkTypes.push(bytes.readUInt16LE(offset + 8));
    if (type === ENHANCED_PACKET) packets += 1;
  }
  if (offset !== bytes.length) throw new Error('the last block is cut');
  return { packets, linkTypes, frames: [] };
}

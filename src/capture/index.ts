/**
 * Captures: pcap and pcapng, read and written as streams.
 *
 * Reading (reader.ts has the example): `openCapture(path)` gives a CaptureReader; `next()` fills its one record.
 * `decodeLinkHeader` finds layer 3 whatever the link type, `encapsulate` makes an Ethernet frame of it.
 * Writing: a PcapngWriter or PcapWriter on a FileSink or MemorySink.
 *
 * Everything but files.ts runs without Node; a browser imports reader.ts and the writers themselves.
 */
export { CaptureError, type CaptureErrorCode } from './errors.ts';
export { FileSink, FileSource, lookAtCapture, openCapture } from './files.ts';
export {
  CookedType,
  decodeLinkHeader,
  encapsulate,
  ETHERNET_HEADER_BYTES,
  LinkHeader,
} from './link-header.ts';
export { isSupportedLinkType, LinkType, linkTypeName } from './link-type.ts';
export type { CaptureFormat } from './parser.ts';
export { PcapWriter, type PcapWriterOptions } from './pcap-writer.ts';
export { MAX_RECORD_BYTES } from './pcapng-format.ts';
export {
  CaptureVerdict,
  PacketNote,
  type PcapngInterfaceOptions,
  PcapngWriter,
  type PcapngWriterOptions,
} from './pcapng-writer.ts';
export { CaptureReader } from './reader.ts';
export { CaptureDirection, CaptureInterface, CaptureRecord } from './record.ts';
export { type ByteSink, MemorySink } from './sink.ts';
export { type ByteSource, MemorySource } from './source.ts';

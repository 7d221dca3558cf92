/** What a list of frames consists of: the values that rules aimed at them ask for. */
import { ETHERNET_HEADER, PacketEditor, Protocol } from './packet-editor.ts';

export interface Facts {
  readonly addresses: readonly string[];
  /** Transport protocol numbers. */
  readonly protocols: readonly number[];
  readonly ports: readonly number[];
  readonly lengths: readonly number[];
  readonly hopLimits: readonly number[];
  readonly trafficClasses: readonly number[];
  readonly macs: readonly string[];
  /** ICMP or ICMPv6 types with their codes. */
  readonly icmp: readonly (readonly [type: number, code: number])[];
  readonly flags: readonly number[];
  /** Pieces of payload, and where in the datagram they stand. */
  readonly pieces: readonly { readonly at: number; readonly bytes: Buffer }[];
  /** Words at places of datagrams; not where the kernel's own have identifications and flow labels drawn at random. */
  readonly words: readonly { readonly at: number; readonly value: number }[];
}

const LONGEST_PIECE = 12;

export function factsOf(frames: readonly Uint8Array[], family: 4 | 6): Facts {
  const seen = {
    addresses: new Set<string>(),
    protocols: new Set<number>(),
    ports: new Set<number>(),
    lengths: new Set<number>(),
    hopLimits: new Set<number>(),
    trafficClasses: new Set<number>(),
    macs: new Set<string>(),
    icmp: new Map<string, readonly [number, number]>(),
    flags: new Set<number>(),
  };
  const pieces: { at: number; bytes: Buffer }[] = [];
  const words: { at: number; value: number }[] = [];
  for (const frame of frames) {
    const packet = new PacketEditor(frame);
    if (packet.family !== family) continue;
    const { bytes, ends, end, transport } = packet;
    const l3 = ETHERNET_HEADER;
    seen.addresses.add(ends.from).add(ends.to);
    seen.lengths.add(family === 4 ? end - l3 : end - l3 - 40);
    seen.hopLimits.add(bytes[family === 4 ? l3 + 8 : l3 + 7]!);
    seen.trafficClasses.add(family === 4 ? bytes[l3 + 1]! : (bytes.readUInt16BE(l3) >> 4) & 0xff);
    seen.macs.add(
      bytes
        .subarray(6, 12)
        .toString('hex')
        .replace(/(..)(?!$)/g, '$1:'),
    );
    const length = end - l3;
    for (const at of [family === 4 ? 0 : 4, 8, 12, 20, 40, length - 4, length - 8]) {
      if (at >= 0 && at + 4 <= length) words.push({ at, value: bytes.readUInt32BE(l3 + at) });
    }
    if (length > 48) {
      const at = 24 + ((pieces.length * 7) % (length - 32));
      const size = 1 + (pieces.length % LONGEST_PIECE);
      pieces.push({ at, bytes: bytes.subarray(l3 + at, Math.min(l3 + at + size, end)) });
    }
    if (transport === null) continue;
    seen.protocols.add(transport.protocol);
    const { protocol, at } = transport;
    if (protocol === Protocol.ICMP || protocol === Protocol.ICMPV6) {
      seen.icmp.set(`${bytes[at]} ${bytes[at + 1]}`, [bytes[at]!, bytes[at + 1]!]);
    } else if (protocol === Protocol.TCP || protocol === Protocol.UDP) {
      seen.ports.add(bytes.readUInt16BE(at)).add(bytes.readUInt16BE(at + 2));
      if (protocol === Protocol.TCP && at + 14 <= end) seen.flags.add(bytes[at + 13]! & 0x3f);
    }
  }
  const list = <T>(values: Set<T>, instead: T): T[] => (values.size === 0 ? [instead] : [...values]);
  return {
    addresses: list(seen.addresses, family === 4 ? '192.0.2.1' : '2001:db8::1'),
    protocols: list<number>(seen.protocols, Protocol.TCP),
    ports: list(seen.ports, 80),
    lengths: list(seen.lengths, 100),
    hopLimits: list(seen.hopLimits, 64),
    trafficClasses: list(seen.trafficClasses, 0),
    macs: list(seen.macs, '02:00:00:00:01:01'),
    icmp: seen.icmp.size === 0 ? [[family === 4 ? 8 : 128, 0]] : [...seen.icmp.values()],
    flags: list(seen.flags, 2),
    pieces: pieces.length === 0 ? [{ at: 40, bytes: Buffer.from('GET ') }] : pieces,
    words: words.length === 0 ? [{ at: 0, value: 0x45000054 }] : words,
  };
}

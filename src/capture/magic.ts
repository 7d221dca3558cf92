/**
 * What a file is, by its first bytes and never by its name; and for files that are no captures, what they seem to be,
 * since "not a capture" alone helps nobody who mistyped an argument.
 */

/** The first four bytes, read as big endian. */
export const PCAP_MAGIC = 0xa1b2c3d4;
export const PCAP_MAGIC_SWAPPED = 0xd4c3b2a1;
export const PCAP_MAGIC_NANO = 0xa1b23c4d;
export const PCAP_MAGIC_NANO_SWAPPED = 0x4d3cb2a1;
export const PCAPNG_MAGIC = 0x0a0d0d0a;
const READABLE = [PCAP_MAGIC, PCAP_MAGIC_SWAPPED, PCAP_MAGIC_NANO, PCAP_MAGIC_NANO_SWAPPED, PCAPNG_MAGIC];

export function isPcapMagic(magic: number): boolean {
  return magic !== PCAPNG_MAGIC && READABLE.includes(magic);
}

export function isGzip(bytes: Uint8Array, length: number): boolean {
  return length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Whether fewer than four bytes could still become a capture: then the file was cut, not mistaken. */
export function startsLikeCapture(bytes: Uint8Array, length: number): boolean {
  return READABLE.some((magic) => {
    for (let i = 0; i < length; i++) if (bytes[i] !== ((magic >>> (24 - 8 * i)) & 0xff)) return false;
    return true;
  });
}

/** Prefix in hex, and what a file beginning so is. Variants of pcap first: they are the likeliest. */
const KNOWN: readonly (readonly [prefix: string, what: string])[] = [
  ['a1b2cd34', "a modified pcap (Alexey Kuznetzov's format)"],
  ['34cdb2a1', "a modified pcap (Alexey Kuznetzov's format)"],
  ['a1b234cd', "a modified pcap (Alexey Kuznetzov's format, second form)"],
  ['cd34b2a1', "a modified pcap (Alexey Kuznetzov's format, second form)"],
  ['a1e2cb12', 'a modified pcap (Navtel)'],
  ['12cbe2a1', 'a modified pcap (Navtel)'],
  ['1c0001ac', 'a modified pcap (IXIA lcap, hardware)'],
  ['ac01001c', 'a modified pcap (IXIA lcap, hardware)'],
  ['1c0001ab', 'a modified pcap (IXIA lcap, software)'],
  ['ab01001c', 'a modified pcap (IXIA lcap, software)'],
  ['0a0a0d0a', 'a pcapng whose line ends were changed in transfer (send it as binary)'],
  ['0a0d0a0d', 'a pcapng whose line ends were changed in transfer (send it as binary)'],
  ['0d0a0d0a', 'a pcapng whose line ends were changed in transfer (send it as binary)'],
  ['0d0a0d0d0a', 'a pcapng whose line ends were changed in transfer (send it as binary)'],
  ['736e6f6f70000000', 'a snoop capture (convert it with editcap)'],
  ['52545353', 'a Network Monitor 1 capture (convert it with editcap)'],
  ['474d4255', 'a Network Monitor 2 capture (convert it with editcap)'],
  ['5452534e49464620', 'a Sniffer capture (convert it with editcap)'],
  ['1f8b', 'gzip within gzip'],
  ['28b52ffd', 'compressed with zstd (decompress it first)'],
  ['fd377a585a00', 'compressed with xz (decompress it first)'],
  ['425a68', 'compressed with bzip2 (decompress it first)'],
  ['04224d18', 'compressed with lz4 (decompress it first)'],
  ['504b0304', 'a zip archive'],
  ['377abcaf271c', 'a 7z archive'],
  ['7f454c46', 'a program (ELF)'],
  ['25504446', 'a PDF'],
];

/** A sentence that says what the bytes are not, and what they seem to be. */
export function describeForeign(bytes: Uint8Array, length: number): string {
  let hex = '';
  for (let i = 0; i < Math.min(length, 16); i++) hex += bytes[i]!.toString(16).padStart(2, '0');
  const known = KNOWN.find(([prefix]) => hex.startsWith(prefix));
  if (known !== undefined) return `not a capture that can be read: it is ${known[1]}`;
  if (isText(bytes, length)) return 'not a capture: it is text';
  return `not a capture: it begins with ${hex.slice(0, 8)}, which is no magic number of pcap or pcapng`;
}

function isText(bytes: Uint8Array, length: number): boolean {
  for (let i = 0; i < Math.min(length, 64); i++) {
    const byte = bytes[i]!;
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return false;
    if (byte === 0x7f) return false;
  }
  return length > 0;
}

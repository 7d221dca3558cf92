/**
 * A frame to be changed: finds its headers, sets fields of any width, and makes lengths and checksums right again.
 *
 * Not the product's wire layer, like everything that makes input for both sides. Frames that are not whole IP packets
 * are left as they are. Sources: RFC 791, 8200, 9293, 768, 1071.
 */
import {
  checksum,
  isV6,
  mac,
  packet,
  pseudoHeader,
  type Bytes,
  type Ends,
  type IpOptions,
} from '../frames.ts';

export const ETHERNET_HEADER = 14;
const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
export const Protocol = {
  HOP_BY_HOP: 0,
  ICMP: 1,
  TCP: 6,
  UDP: 17,
  DCCP: 33,
  ROUTING: 43,
  FRAGMENT: 44,
  ESP: 50,
  AH: 51,
  ICMPV6: 58,
  OPTIONS: 60,
  COMP: 108,
  SCTP: 132,
  MOBILITY: 135,
} as const;
const EXTENSIONS: readonly number[] = [Protocol.HOP_BY_HOP, Protocol.ROUTING, Protocol.OPTIONS];
/** Where the checksum stands in the transport header. */
const CHECKSUM_AT: Readonly<Record<number, number>> = { 1: 2, 6: 16, 17: 6, 58: 2 };

export class PacketEditor {
  bytes: Buffer;

  constructor(frame: Uint8Array) {
    this.bytes = Buffer.from(frame);
  }

  /** 4, 6, or 0 for what is not IP or has no whole header. */
  get family(): 0 | 4 | 6 {
    const { bytes } = this;
    if (bytes.length < ETHERNET_HEADER + IPV4_HEADER) return 0;
    const type = bytes.readUInt16BE(12);
    const version = bytes[ETHERNET_HEADER]! >> 4;
    if (type === 0x0800 && version === 4) return 4;
    return type === 0x86dd && version === 6 && bytes.length >= ETHERNET_HEADER + IPV6_HEADER ? 6 : 0;
  }

  get headerLength(): number {
    return this.family === 4 ? (this.bytes[ETHERNET_HEADER]! & 15) * 4 : IPV6_HEADER;
  }

  /** Where the datagram ends: behind it may be padding. */
  get end(): number {
    const at = ETHERNET_HEADER;
    const length =
      this.family === 4 ? this.bytes.readUInt16BE(at + 2) : IPV6_HEADER + this.bytes.readUInt16BE(at + 4);
    return Math.min(at + length, this.bytes.length);
  }

  /** The transport protocol and where its header begins; fragments other than first ones have none. */
  get transport(): { readonly protocol: number; readonly at: number } | null {
    const { bytes } = this;
    if (this.family === 4) {
      if ((bytes.readUInt16BE(ETHERNET_HEADER + 6) & 0x1fff) !== 0) return null;
      return this.#within(bytes[ETHERNET_HEADER + 9]!, ETHERNET_HEADER + this.headerLength);
    }
    if (this.family !== 6) return null;
    let protocol = bytes[ETHERNET_HEADER + 6]!;
    let at = ETHERNET_HEADER + IPV6_HEADER;
    while (EXTENSIONS.includes(protocol) && at + 8 <= bytes.length) {
      protocol = bytes[at]!;
      at += 8 + bytes[at + 1]! * 8;
    }
    return protocol === Protocol.FRAGMENT ? null : this.#within(protocol, at);
  }

  #within(protocol: number, at: number): { protocol: number; at: number } | null {
    return at + 8 <= this.end ? { protocol, at } : null;
  }

  get ends(): Ends {
    const [at, length] = this.family === 4 ? [ETHERNET_HEADER + 12, 4] : [ETHERNET_HEADER + 8, 16];
    return { from: this.#address(at, length), to: this.#address(at + length, length) };
  }

  #address(at: number, length: number): string {
    const part = this.bytes.subarray(at, at + length);
    return length === 4 ? part.join('.') : part.toString('hex').replace(/(....)(?!$)/g, '$1:');
  }

  setAddress(which: 'from' | 'to', address: readonly number[]): void {
    const first = ETHERNET_HEADER + (this.family === 4 ? 12 : 8);
    this.bytes.set(address, which === 'from' ? first : first + address.length);
  }

  /** The datagram without link header and padding. */
  datagram(): number[] {
    return [...this.bytes.subarray(ETHERNET_HEADER, this.end)];
  }

  /** Everything from the transport header on. */
  segment(): number[] {
    const { transport } = this;
    return transport === null ? [] : [...this.bytes.subarray(transport.at, this.end)];
  }

  replaceDatagram(datagram: readonly number[]): void {
    this.bytes = Buffer.concat([this.bytes.subarray(0, ETHERNET_HEADER), Buffer.from(datagram)]);
  }

  /** Puts bytes in or takes some out (from `at`, counted from the frame's first byte), the length fields following. */
  splice(at: number, remove: number, put: Bytes): void {
    const end = this.end;
    const { bytes, family } = this;
    this.bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(put), bytes.subarray(at + remove, end)]);
    const length = this.bytes.length - ETHERNET_HEADER;
    if (family === 4) this.bytes.writeUInt16BE(length, ETHERNET_HEADER + 2);
    else this.bytes.writeUInt16BE(length - IPV6_HEADER, ETHERNET_HEADER + 4);
  }

  fixHeaderChecksum(): void {
    if (this.family !== 4) return;
    const header = this.bytes.subarray(
      ETHERNET_HEADER,
      Math.min(ETHERNET_HEADER + this.headerLength, this.bytes.length),
    );
    this.bytes.writeUInt16BE(0, ETHERNET_HEADER + 10);
    this.bytes.writeUInt16BE(checksum(header), ETHERNET_HEADER + 10);
  }

  fixChecksums(): void {
    this.fixHeaderChecksum();
    const { transport } = this;
    if (transport === null) return;
    const { protocol, at } = transport;
    const field = CHECKSUM_AT[protocol];
    const end = this.end;
    if (field === undefined || at + field + 2 > end) return;
    if (protocol === Protocol.UDP && end >= at + 8) this.bytes.writeUInt16BE(end - at, at + 4);
    this.bytes.writeUInt16BE(0, at + field);
    const segment = [...this.bytes.subarray(at, end)];
    const cover = protocol === Protocol.ICMP ? [] : pseudoHeader(this.ends, protocol, segment.length);
    this.bytes.writeUInt16BE(checksum([...cover, ...segment]), at + field);
  }
}

/** A frame from one station to another around a new IP packet. */
export function frameOf(
  destination: string,
  source: string,
  ends: Ends,
  protocol: number,
  payload: Bytes,
  ip: IpOptions = {},
): Uint8Array {
  const type = isV6(ends.from) ? [0x86, 0xdd] : [8, 0];
  const editor = new PacketEditor(
    Uint8Array.from([...mac(destination), ...mac(source), ...type, ...packet(ends, protocol, payload, ip)]),
  );
  editor.fixChecksums();
  return editor.bytes;
}

/**
 * The options of an answer: record route and timestamp of the packet that is answered come back, going on where they
 * were (RFC 1122 3.2.2.6; Linux: ip_options_echo, ip_options_build). Source routes are not turned round: a packet that
 * brought one is only here where accept_source_route is on, and its answer then goes the direct way.
 */
import { readI32, writeU32 } from '../wire/bytes.ts';
import * as ipv4 from '../wire/ipv4.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { AddressType } from '../netfilter/host-services.ts';
import type { Host } from './host.ts';

const TS_AND_ADDRESS = 1;
const TS_PRESPECIFIED = 3;
const MICROSECONDS_PER_MS = 1000;
const MS_PER_DAY = 86_400_000;

export class OptionsEcho {
  private readonly host: Host;
  private readonly options = new Uint8Array(ipv4.MAX_HEADER_LENGTH - ipv4.HEADER_LENGTH);
  /** Bytes, a multiple of four. */
  length = 0;
  /** Where, counted from the first option, an address or a time is to be written; -1 for nowhere. */
  private recordAt = -1;
  private stampAddressAt = -1;
  private stampAt = -1;

  constructor(host: Host) {
    this.host = host;
  }

  /** Reads the options of the packet to be answered up to `end`; -1 when they are such that it gets no answer. */
  prepare(pkt: PacketBuffer, end: number): number {
    this.length = 0;
    this.recordAt = -1;
    this.stampAddressAt = -1;
    this.stampAt = -1;
    const { bytes, l3, l4 } = pkt;
    if (l4 === l3 + ipv4.HEADER_LENGTH) return 0;
    const from = l3 + ipv4.HEADER_LENGTH;
    const record = ipv4.findOption(bytes, from, end, ipv4.OPTION_RECORD_ROUTE);
    if (record >= 0) this.echoRecord(bytes, record);
    const stamp = ipv4.findOption(bytes, from, end, ipv4.OPTION_TIMESTAMP);
    if (stamp >= 0 && !this.echoStamp(bytes, stamp)) return -1;
    const cipso = ipv4.findOption(bytes, from, end, ipv4.OPTION_CIPSO);
    if (cipso >= 0) this.copy(bytes, cipso);
    while ((this.length & 3) !== 0) this.options[this.length++] = 0;
    return 0;
  }

  private copy(bytes: Uint8Array, at: number): number {
    const start = this.length;
    const length = bytes[at + 1]!;
    this.options.set(bytes.subarray(at, at + length), start);
    this.length += length;
    return start;
  }

  /** The entry that our own check of the options filled in last stays; the next free one will be the answer's. */
  private echoRecord(bytes: Uint8Array, at: number): void {
    const start = this.copy(bytes, at);
    const length = this.options[start + 1]!;
    const pointer = this.options[start + 2]!;
    if (pointer > length || pointer + 3 > length) return;
    this.recordAt = start + pointer - 1;
    this.options[start + 2] = pointer + 4;
  }

  private echoStamp(bytes: Uint8Array, at: number): boolean {
    const start = this.copy(bytes, at);
    const length = this.options[start + 1]!;
    let pointer = this.options[start + 2]!;
    if (pointer > length) return true;
    const flags = this.options[start + 3]! & 0xf;
    if (flags === TS_AND_ADDRESS) {
      if (pointer + 3 > length) return false;
      this.stampAddressAt = start + pointer - 1;
      pointer += 4;
    }
    if (pointer + 3 > length) return false;
    if (flags !== TS_PRESPECIFIED) {
      this.stampAt = start + pointer - 1;
      pointer += 4;
    } else if (pointer + 7 <= length) {
      const address = readI32(this.options, start + pointer - 1);
      if (this.host.addressType(4, address, 0, 0, 0, 0) !== AddressType.UNICAST) {
        this.stampAt = start + pointer + 3;
        pointer += 8;
      }
    }
    this.options[start + 2] = pointer;
    return true;
  }

  /** Writes the options behind the IP header of the answer, which knows its way by now. */
  write(bytes: Uint8Array, at: number, answer: PacketBuffer): void {
    if (this.length === 0) return;
    bytes.set(this.options.subarray(0, this.length), at);
    const own = this.host.outgoingAddress4(answer);
    if (this.recordAt >= 0) writeU32(bytes, at + this.recordAt, own);
    if (this.stampAddressAt >= 0) writeU32(bytes, at + this.stampAddressAt, own);
    if (this.stampAt >= 0) {
      const now = Math.floor(this.host.clock.now / MICROSECONDS_PER_MS) % MS_PER_DAY;
      writeU32(bytes, at + this.stampAt, now);
    }
  }
}

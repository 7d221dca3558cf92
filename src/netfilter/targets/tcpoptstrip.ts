/**
 * `-j TCPOPTSTRIP`: takes TCP options out of segments, by writing no-operations over them. Linux: xt_TCPOPTSTRIP.
 */
import { defineTarget, type TargetAction, type ValueType } from '../extension.ts';
import { DropReason } from '../drop-reason.ts';
import { ValueError } from '../syntax/value-error.ts';
import { parseUnsigned } from '../syntax/values/index.ts';
import { Verdict } from '../verdict.ts';
import { updateWord16 } from '../../wire/checksum.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';
import {
  MD5,
  MSS,
  OPTION_NOP,
  SACK,
  SACK_PERMITTED,
  TIMESTAMPS,
  WINDOW_SCALE,
} from '../../wire/tcp-options.ts';

const NAMES = new Map<string, number>([
  ['mss', MSS],
  ['wscale', WINDOW_SCALE],
  ['sack-permitted', SACK_PERMITTED],
  ['sack', SACK],
  ['timestamp', TIMESTAMPS],
  ['md5', MD5],
]);

/** Kinds by name or number, in order. */
const kinds: ValueType<readonly number[]> = {
  label: 'option[,option...]',
  parse(words) {
    const list: number[] = [];
    for (const word of words[0]!.split(',')) {
      const kind = NAMES.get(word) ?? parseUnsigned(word);
      if (kind < 0 || kind > 255) throw new ValueError(`Bad TCP option value "${word}"`);
      if (kind <= OPTION_NOP) throw new ValueError('Option value may not be 0 or 1');
      if (list.includes(kind)) throw new ValueError(`Option "${word}" already specified`);
      list.push(kind);
    }
    return list.sort((a, b) => a - b);
  },
  print: (value) => value.join(','),
};

class TcpOptStripAction implements TargetAction {
  /** By kind: 1 for those to take out. */
  private readonly strips = new Uint8Array(256);

  constructor(list: readonly number[]) {
    for (const kind of list) this.strips[kind] = 1;
  }

  run(pkt: PacketBuffer): number {
    if (pkt.fragOffset !== 0) return Verdict.CONTINUE;
    const { bytes, l4 } = pkt;
    const available = pkt.l3End - l4;
    const length = available < tcp.HEADER_LENGTH ? 0 : tcp.headerLength(bytes, l4);
    if (length < tcp.HEADER_LENGTH || available < length) {
      pkt.dropReason = DropReason.TRANSPORT_HEADER;
      return Verdict.DROP;
    }
    for (let i = tcp.HEADER_LENGTH; i < length - 1;) {
      const kind = bytes[l4 + i]!;
      const size = kind <= OPTION_NOP ? 1 : bytes[l4 + i + 1]! || 1;
      if (i + size > length) break;
      if (this.strips[kind] === 1) for (let j = i; j < i + size; j++) blank(bytes, l4, j);
      i += size;
    }
    return Verdict.CONTINUE;
  }
}

/** A no-operation over the byte at that offset of the header. */
function blank(bytes: Uint8Array, l4: number, offset: number): void {
  const shift = offset % 2 === 0 ? 8 : 0;
  const old = bytes[l4 + offset]! << shift;
  tcp.setChecksum(bytes, l4, updateWord16(tcp.headerChecksum(bytes, l4), old, OPTION_NOP << shift));
  bytes[l4 + offset] = OPTION_NOP;
}

export const tcpoptstrip = defineTarget({
  name: 'TCPOPTSTRIP',
  about: 'takes TCP options out of segments',
  tables: ['mangle'],
  protocols: [IPPROTO_TCP],
  options: { strip: { value: kinds, name: 'strip-options', about: 'these, by name or number' } },
  list(info, _family, numeric) {
    if (info.strip === undefined) return '';
    const name = (kind: number) =>
      (numeric ? undefined : [...NAMES].find(([, number]) => number === kind)?.[0]) ?? String(kind);
    return `TCPOPTSTRIP options ${info.strip.value.map(name).join(',')}`;
  },
  create: (info) => new TcpOptStripAction(info.strip?.value ?? []),
});

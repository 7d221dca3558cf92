/**
 * `-m sctp`: ports and chunks of SCTP (RFC 9260). Linux: xt_sctp. Later fragments don't match; a header that is not all
 * there, and a chunk of length 0, drop the packet (hotdrop).
 */
import { defineMatch, type InfoOf, type MatchTest } from '../extension.ts';
import type { HookState } from '../hook-state.ts';
import { ValueError } from '../syntax/value-error.ts';
import { parseUnsigned, printRange, type Range } from '../syntax/values/index.ts';
import { readU16 } from '../../wire/bytes.ts';
import { IPPROTO_SCTP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as sctp from '../../wire/sctp.ts';
import { servicePort } from '../syntax/values/services.ts';
import { ALL_PORTS, isAllPorts, portFacts } from './port-facts.ts';
import { listSctpChunks, sctpChunks, type SctpChunks } from './sctp-chunks.ts';
import { isIn, listSomeRange } from './u32-range.ts';

/** Names count only where the services file has them for SCTP, as iptables looks them up. */
function parseSctpPort(word: string): number {
  const number = parseUnsigned(word);
  const port = number >= 0 && number <= 65535 ? number : servicePort(word, 'sctp');
  if (port < 0) throw new ValueError(`invalid port/service \`${word}' specified`);
  return port;
}

const ports = {
  label: 'port[:port]',
  parse([word]: readonly string[]): Range {
    const colon = word!.indexOf(':');
    const from = colon < 0 ? word! : word!.slice(0, colon);
    const to = colon < 0 ? undefined : word!.slice(colon + 1);
    const low = from === '' && to !== undefined ? 0 : parseSctpPort(from);
    const high = to === undefined ? low : to === '' ? 65535 : parseSctpPort(to);
    if (low > high) throw new ValueError('invalid portrange (min > max)');
    return { low, high };
  },
  print: printRange,
};

class SctpTest implements MatchTest {
  private readonly sport: Range;
  private readonly sportNot: boolean;
  private readonly dport: Range;
  private readonly dportNot: boolean;
  private readonly chunks: ChunkTest | null;
  private readonly chunksNot: boolean;

  constructor(info: Info) {
    this.sport = info.sport?.value ?? ALL_PORTS;
    this.sportNot = info.sport?.not ?? false;
    this.dport = info.dport?.value ?? ALL_PORTS;
    this.dportNot = info.dport?.not ?? false;
    this.chunks = info.chunks === undefined ? null : new ChunkTest(info.chunks.value);
    this.chunksNot = info.chunks?.not ?? false;
  }

  test(pkt: PacketBuffer, at: HookState): boolean {
    if (pkt.fragOffset !== 0) return false;
    if (pkt.l4Ok === 0) {
      at.hotdrop = true;
      return false;
    }
    return (
      isIn(pkt.sport, this.sport) !== this.sportNot &&
      isIn(pkt.dport, this.dport) !== this.dportNot &&
      (this.chunks === null || this.chunks.test(pkt, at) !== this.chunksNot)
    );
  }
}

class ChunkTest {
  private readonly how: SctpChunks['how'];
  /** By chunk type: 1 for those asked for. */
  private readonly wanted = new Uint8Array(256);
  private readonly wantedCount: number;
  /** Which flags are looked at, and what they must be. */
  private readonly flagMask = new Uint8Array(256);
  private readonly flagValue = new Uint8Array(256);
  /** Types found in the packet at hand. */
  private readonly scratchFound = new Uint8Array(256);

  constructor({ how, chunks }: SctpChunks) {
    this.how = how;
    for (const { type, mask, value } of chunks) {
      this.wanted[type] = 1;
      this.flagMask[type] = mask;
      this.flagValue[type] = value;
    }
    this.wantedCount = chunks.length;
  }

  test(pkt: PacketBuffer, at: HookState): boolean {
    const { bytes, l3End } = pkt;
    const found = this.scratchFound;
    let missing = this.wantedCount;
    if (this.how === 'all') found.fill(0);
    let chunk = sctp.chunksStart(pkt.l4);
    do {
      const length = chunk + sctp.CHUNK_HEADER_LENGTH > l3End ? 0 : readU16(bytes, chunk + 2);
      if (length === 0) {
        at.hotdrop = true;
        return false;
      }
      const type = sctp.chunkType(bytes, chunk);
      const fits =
        this.wanted[type] === 1 &&
        (sctp.chunkFlags(bytes, chunk) & this.flagMask[type]!) === this.flagValue[type];
      if (this.how === 'any' && fits) return true;
      if (this.how === 'only' && !fits) return false;
      if (this.how === 'all' && fits && found[type] === 0) {
        found[type] = 1;
        missing--;
      }
      chunk += (length + 3) & ~3;
    } while (chunk < l3End);
    return this.how === 'all' ? missing === 0 : this.how === 'only';
  }
}

const port = (side: string, about: string) =>
  ({ value: ports, aliases: [`${side}-port`], negate: true, about }) as const;

const options = {
  sport: port('source', 'source port or range'),
  dport: port('destination', 'destination port or range'),
  chunks: {
    value: sctpChunks,
    name: 'chunk-types',
    negate: true,
    about: 'all or any of these chunks are in the packet, or only these',
  },
} as const;

type Info = InfoOf<typeof options>;

export const sctpMatch = defineMatch({
  name: 'sctp',
  about: 'ports and chunks of SCTP',
  protocols: [IPPROTO_SCTP],
  options,
  facts: portFacts,
  mayHotdrop: (info) => info.chunks !== undefined,
  list: ({ sport, dport, chunks }, _family, numeric) =>
    [
      'sctp',
      listSomeRange('spt', sport, isAllPorts),
      listSomeRange('dpt', dport, isAllPorts),
      chunks === undefined ? '' : `${chunks.not ? '! ' : ''}${listSctpChunks(chunks.value, numeric)}`,
    ]
      .filter((word) => word !== '')
      .join(' '),
  create: (info) => new SctpTest(info),
});

/**
 * `all|any|only CHUNK[:FLAGS][,…]`: which chunks `-m sctp` asks for. A capital letter asks for a flag that is set, a small
 * one for a flag that is not. iptables knows flags of three chunks only, and ignores those of I_DATA and its like.
 */
import type { ValueType } from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import * as sctp from '../../wire/sctp.ts';

export interface SctpChunk {
  readonly type: number;
  /** Flags that are looked at, and what they must be. */
  readonly mask: number;
  readonly value: number;
}

export interface SctpChunks {
  readonly how: 'all' | 'any' | 'only';
  /** In the order of their types. */
  readonly chunks: readonly SctpChunk[];
}

const CHUNKS: readonly (readonly [name: string, type: number, flags?: string])[] = [
  // Of a list of flags the last letter is bit 0.
  ['DATA', sctp.DATA, 'IUBE'],
  ['INIT', sctp.INIT],
  ['INIT_ACK', sctp.INIT_ACK],
  ['SACK', sctp.SACK],
  ['HEARTBEAT', sctp.HEARTBEAT],
  ['HEARTBEAT_ACK', sctp.HEARTBEAT_ACK],
  ['ABORT', sctp.ABORT, 'T'],
  ['SHUTDOWN', sctp.SHUTDOWN],
  ['SHUTDOWN_ACK', sctp.SHUTDOWN_ACK],
  ['ERROR', sctp.ERROR],
  ['COOKIE_ECHO', sctp.COOKIE_ECHO],
  ['COOKIE_ACK', sctp.COOKIE_ACK],
  ['ECN_ECNE', sctp.ECNE],
  ['ECN_CWR', sctp.CWR],
  ['SHUTDOWN_COMPLETE', sctp.SHUTDOWN_COMPLETE, 'T'],
  ['I_DATA', sctp.I_DATA],
  ['ASCONF_ACK', sctp.ASCONF_ACK],
  ['RE_CONFIG', sctp.RE_CONFIG],
  ['PAD', sctp.PAD],
  ['FORWARD_TSN', sctp.FORWARD_TSN],
  ['ASCONF', sctp.ASCONF],
  ['I_FORWARD_TSN', sctp.I_FORWARD_TSN],
];

const HOWS = ['all', 'any', 'only'] as const;

/** What `ALL` stands for: any type whatever. */
const ALL_CHUNKS: readonly SctpChunk[] = Array.from({ length: 256 }, (_, type) => ({
  type,
  mask: 0,
  value: 0,
}));

/** What other chunks may be given without meaning. */
const IGNORED_FLAGS: ReadonlyMap<number, string> = new Map([[sctp.I_DATA, 'IUBE']]);

export const sctpChunks: ValueType<SctpChunks> = {
  label: 'all|any|only chunk[:flags][,...]',
  words: 2,
  parse(words) {
    const how = HOWS.find((name) => name === words[0]!.toLowerCase());
    if (how === undefined) throw new ValueError('Match type has to be one of "ALL", "ANY" or "ONLY"');
    const list = words[1]!;
    if (list.toUpperCase() === 'ALL') return { how, chunks: ALL_CHUNKS };
    if (list.toUpperCase() === 'NONE') return { how, chunks: [] };
    const byType = new Map<number, SctpChunk>();
    for (const part of list.split(',')) {
      const [name, letters = ''] = part.split(':');
      const known = CHUNKS.find(([chunk]) => chunk === name!.toUpperCase());
      if (known === undefined) throw new ValueError(`Unknown sctp chunk \`${name!}'`);
      const [, type, flags = ''] = known;
      const before = byType.get(type) ?? { type, mask: 0, value: 0 };
      byType.set(type, withFlags(before, letters, flags));
    }
    return { how, chunks: [...byType.values()].sort((a, b) => a.type - b.type) };
  },
  print: (value) => printChunks(value, (type) => nameOf(type)),
};

function withFlags(chunk: SctpChunk, letters: string, flags: string): SctpChunk {
  let { mask, value } = chunk;
  for (const letter of letters) {
    const at = flags.indexOf(letter.toUpperCase());
    if (at < 0) {
      if (IGNORED_FLAGS.get(chunk.type)?.includes(letter.toUpperCase()) === true) continue;
      throw new ValueError(`Invalid flags for chunk type ${chunk.type}`);
    }
    const bit = 1 << (flags.length - 1 - at);
    mask |= bit;
    value = letter === letter.toUpperCase() ? value | bit : value & ~bit;
  }
  return { type: chunk.type, mask, value };
}

function nameOf(type: number): string {
  return CHUNKS.find(([, number]) => number === type)?.[0] ?? '';
}

/** As -L shows it: numerically, `0x0000` in place of `DATA`. */
export function listSctpChunks(value: SctpChunks, numeric: boolean): string {
  const number = (type: number) => `0x${type.toString(16).toUpperCase().padStart(4, '0')}`;
  return printChunks(value, numeric ? number : nameOf);
}

function printChunks({ how, chunks }: SctpChunks, name: (type: number) => string): string {
  if (chunks.length === 0) return `${how} NONE`;
  if (chunks.length === ALL_CHUNKS.length) return `${how} ALL`;
  const words = chunks.map((chunk) => {
    const letters = lettersOf(chunk);
    return letters === '' ? name(chunk.type) : `${name(chunk.type)}:${letters}`;
  });
  return `${how} ${words.join(',')}`;
}

function lettersOf({ type, mask, value }: SctpChunk): string {
  const flags = CHUNKS.find(([, number]) => number === type)?.[2] ?? '';
  let letters = '';
  for (let i = 0; i < flags.length; i++) {
    const bit = 1 << (flags.length - 1 - i);
    if ((mask & bit) !== 0) letters += (value & bit) !== 0 ? flags[i]! : flags[i]!.toLowerCase();
  }
  return letters;
}

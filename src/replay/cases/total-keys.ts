/**
 * What `totals:` may say of a replay as a whole, from its summary. One declaration a key: its type, its words for the
 * reference, and its check, which answers what differs (nothing: as expected).
 */
import { DropReason } from '../../netfilter/drop-reason.ts';
import type { Ruleset } from '../../netfilter/rule.ts';
import { ruleCounts } from '../report/rule-counts.ts';
import type { ReplaySummary } from '../summary.ts';
import { didYouMean } from '../../base/did-you-mean.ts';
import { VERDICTS } from './packet-words.ts';
import { commentOf, printRef, refHolds, ruleRef, type RuleRef } from './rule-ref.ts';
import {
  count,
  countHolds,
  entryOf,
  listOf,
  mapOf,
  noneOr,
  oneOf,
  pattern,
  patternMatches,
  text,
  type Count,
  type Pattern,
} from './values.ts';
import type { Entry, Key, ValueType } from './yaml-reader.ts';

/** What a replay left behind, with what only its listener heard. */
export interface Totals {
  readonly summary: ReplaySummary;
  readonly log: readonly string[];
}

/** One figure that is not as expected: `name` is the key, and the member of the map where there is one. */
export interface TotalDifference {
  readonly name: string;
  readonly expected: string;
  readonly actual: string;
}

export interface TotalKey<T> extends Key<T> {
  check(value: T, totals: Totals): readonly TotalDifference[];
  refs?(value: T): readonly RuleRef[];
}

function key<T>(parts: TotalKey<T>): TotalKey<T> {
  return parts;
}

const COUNTER_KEYS = {
  packets: { type: count, about: 'packets', example: '12' },
  bytes: { type: count, about: 'bytes', example: 'at least 1000' },
} as const;

type Counter = Count | Entry<typeof COUNTER_KEYS>;

const counterEntry = entryOf(COUNTER_KEYS, 'a counter');
const counter: ValueType<Counter> = {
  words: `${count.words}, of packets; or \`{ packets: …, bytes: … }\``,
  read: (reader, node) => (reader.isMap(node) ? counterEntry.read(reader, node) : count.read(reader, node)),
  print: (value) => ('min' in value ? count.print(value) : 'counters'),
};

/** Names of the stack's own ends, beside the reasons for a drop. */
const dropName: ValueType<string> = {
  words: 'a reason (`POLICY`)',
  read: (reader, node) => {
    const word = reader.textOf(node, 'a reason');
    if (Object.hasOwn(DropReason, word)) return word;
    return reader.fail(node, `no drop has the reason "${word}"${didYouMean(word, Object.keys(DropReason))}`);
  },
  print: (value) => value,
};

export const TOTAL_KEYS = {
  frames: key({
    type: count,
    about: 'frames that came in',
    example: '100',
    check: (wanted, { summary }) => figure('frames', wanted, summary.frames),
  }),
  verdicts: key({
    type: mapOf(oneOf(VERDICTS), count),
    about: 'frames by verdict',
    example: '{ ACCEPT: 92, DROP: at most 8 }',
    check: (wanted, { summary }) =>
      wanted.flatMap(([verdict, number]) => figure(`verdicts ${verdict}`, number, summary.verdicts[verdict])),
  }),
  drops: key({
    type: noneOr(mapOf(dropName, count)),
    about: 'frames dropped, by reason; `none` when no frame may be dropped',
    example: '{ RULE: 7, POLICY: 0 }',
    check: (wanted, { summary }) => {
      const drops = summary.reasons.filter(({ verdict }) => verdict === 'DROP');
      if (wanted !== 'none') {
        return wanted.flatMap(([name, number]) => {
          const frames = drops.reduce((sum, { code, frames }) => sum + (code === name ? frames : 0), 0);
          return figure(`drops ${name}`, number, frames);
        });
      }
      const actual = drops.map(({ code, text, frames }) => `${frames} ${code} (${text})`).join(', ');
      return actual === '' ? [] : [{ name: 'drops', expected: 'none', actual }];
    },
  }),
  counters: key({
    type: mapOf(ruleRef, counter),
    about:
      'counters of rules and of policies after the replay; of a chain, the sum of its rules and its policy. IPv4',
    example: '{ filter:FORWARD:5: 7, nat:POSTROUTING:1: { packets: 7, bytes: 2487 } }',
    check: (wanted, { summary }) => counters(wanted, summary.rulesets, 4),
    refs: (wanted) => wanted.map(([ref]) => ref),
  }),
  counters6: key({
    type: mapOf(ruleRef, counter),
    about: 'the same of IPv6',
    example: '{ filter:FORWARD:policy: 0 }',
    check: (wanted, { summary }) => counters(wanted, summary.rulesets, 6),
    refs: (wanted) => wanted.map(([ref]) => ref),
  }),
  unusedRules: key({
    type: noneOr(listOf(ruleRef)),
    about:
      'every rule has to be hit by some packet (`none`), or every rule but these; by chain, all rules of it are excused',
    example: '[filter:INPUT, filter:FORWARD:13]',
    check: (allowed, { summary }) => {
      const excused = (at: string, comment: string | null) =>
        allowed !== 'none' && allowed.some((ref) => refHolds(ref, at, comment));
      return ruleCounts(summary.rulesets)
        .filter(({ packets, at, rule }) => packets === 0 && !excused(at, commentOf(rule)))
        .map(({ family, at, text, place }) => ({
          name: 'unusedRules',
          expected: `${family === 6 ? 'IPv6 ' : ''}${at} to be hit`,
          actual: `never${place === '' ? '' : `  ${place}`}  ${text}`,
        }));
    },
    refs: (allowed) => (allowed === 'none' ? [] : allowed),
  }),
  connections: key({
    type: count,
    about: 'connections in the table after the last frame',
    example: '3',
    check: (wanted, { summary }) => figure('connections', wanted, summary.conntrack.length),
  }),
  conntrack: key({
    type: listOf(pattern),
    about: 'lines of `conntrack -L -o extended`; each has to be found in one of them',
    example: '/tcp .* ESTABLISHED .* dport=80 /',
    check: (patterns, { summary }) => found('conntrack', patterns, summary.conntrack),
  }),
  noConntrack: key({
    type: listOf(pattern),
    about: 'what must not be found in any line of it',
    example: 'dport=23 ',
    check: (patterns, { summary }) => notFound('noConntrack', patterns, summary.conntrack),
  }),
  log: key({
    type: listOf(pattern),
    about: 'lines of the kernel log; each has to be found in one of them',
    example: '"/^refused: IN=eth1 .* DPT=23 /"',
    check: (patterns, { log }) => found('log', patterns, log),
  }),
  noLog: key({
    type: listOf(pattern),
    about: 'what must not be found in any line of it',
    example: 'DPT=80 ',
    check: (patterns, { log }) => notFound('noLog', patterns, log),
  }),
  logLines: key({
    type: count,
    about: 'lines of the kernel log',
    example: 'at most 10',
    check: (wanted, { log }) => figure('logLines', wanted, log.length),
  }),
  sent: key({
    type: mapOf(text, count),
    about: 'frames that left, by interface',
    example: '{ eth0: 41, eth1: 44 }',
    check: (wanted, { summary }) =>
      wanted.flatMap(([name, number]) => {
        const device = summary.interfaces.find((one) => one.name === name);
        if (device !== undefined) return figure(`sent ${name}`, number, device.sent);
        const names = summary.interfaces.map((one) => one.name);
        const actual = `there is no interface ${name}${didYouMean(name, names)}`;
        return [{ name: `sent ${name}`, expected: count.print(number), actual }];
      }),
  }),
} as const;

function figure(name: string, wanted: Count, actual: number): TotalDifference[] {
  return countHolds(wanted, actual) ? [] : [{ name, expected: count.print(wanted), actual: String(actual) }];
}

function found(name: string, patterns: readonly Pattern[], lines: readonly string[]): TotalDifference[] {
  return patterns
    .filter((one) => !lines.some((line) => patternMatches(one, line)))
    .map((one) => ({ name, expected: pattern.print(one), actual: lines.join('\n') || 'none' }));
}

function notFound(name: string, patterns: readonly Pattern[], lines: readonly string[]): TotalDifference[] {
  return patterns.flatMap((one) =>
    lines
      .filter((line) => patternMatches(one, line))
      .map((actual) => ({ name, expected: `no ${pattern.print(one)}`, actual })),
  );
}

function counters(
  wanted: readonly (readonly [RuleRef, Counter])[],
  rulesets: readonly Ruleset[],
  family: 4 | 6,
): TotalDifference[] {
  const own = rulesets.filter((ruleset) => ruleset.family === family);
  return wanted.flatMap(([ref, value]) => {
    const actual = countersOf(ref, own);
    const name = printRef(ref);
    if ('min' in value) return figure(name, value, actual.packets);
    const { packets, bytes } = value.values;
    return [
      ...(packets === undefined ? [] : figure(`${name} packets`, packets, actual.packets)),
      ...(bytes === undefined ? [] : figure(`${name} bytes`, bytes, actual.bytes)),
    ];
  });
}

function countersOf(ref: RuleRef, rulesets: readonly Ruleset[]): { packets: number; bytes: number } {
  const sum = { packets: 0, bytes: 0 };
  const add = ({ packets, bytes }: { packets: number; bytes: number }) => {
    sum.packets += packets;
    sum.bytes += bytes;
  };
  for (const one of ruleCounts(rulesets)) if (refHolds(ref, one.at, commentOf(one.rule))) add(one);
  for (const { tables } of rulesets) {
    for (const { spec, chains } of tables.values()) {
      for (const chain of chains.values()) {
        if (chain.policy !== null && refHolds(ref, `${spec.name}:${chain.name}:policy`, null)) add(chain);
      }
    }
  }
  return sum;
}

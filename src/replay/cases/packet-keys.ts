/**
 * What an expectation may say of a packet. One declaration a key: its type, its words for the reference, and its check,
 * which answers null when the packet is as expected, else in words what it is instead.
 */
import { describeFrame } from '../../wire/describe.ts';
import type { Endpoints, PacketOutcome, TraceStep } from '../outcome.ts';
import { change, printEndpoint, type Change, type EndpointTest } from './net-values.ts';
import { DIRECTIONS, STATES, VERDICTS } from './packet-words.ts';
import { commentOf, refHolds, ruleRef, type RuleRef } from './rule-ref.ts';
import {
  listOf,
  noneOr,
  oneOf,
  pattern,
  patternEquals,
  patternMatches,
  text,
  whole,
  type Pattern,
} from './values.ts';
import type { Key } from './yaml-reader.ts';

export interface PacketKey<T> extends Key<T> {
  /** Needs the trace of the rules passed, which costs time to make. */
  readonly trace?: true;
  check(value: T, outcome: PacketOutcome): string | null;
  /** Rules that the value names, to be held against the rules loaded. */
  refs?(value: T): readonly RuleRef[];
}

function key<T>(parts: PacketKey<T>): PacketKey<T> {
  return parts;
}

export const PACKET_KEYS = {
  verdict: key({
    type: listOf(oneOf(VERDICTS)),
    about: 'what became of it; of several verdicts, one',
    example: 'DROP',
    check: (verdicts, { verdict }) => (verdicts.includes(verdict) ? null : verdict),
  }),
  rule: key({
    type: noneOr(listOf(ruleRef)),
    about:
      'the rule or policy that decided: by place, by chain (`filter:FORWARD`), or by its comment; `none` when no table decided',
    example: 'filter:FORWARD:5',
    check: (refs, { rule, ruleObject }) => {
      if (refs === 'none' || rule === null) return refs === 'none' && rule === null ? null : (rule ?? 'none');
      return refs.some((ref) => refHolds(ref, rule, commentOf(ruleObject))) ? null : rule;
    },
    refs: (refs) => (refs === 'none' ? [] : refs),
  }),
  reason: key({
    type: listOf(pattern),
    about: 'why: the name of the reason (`POLICY`) or its words (`no route`)',
    example: 'POLICY',
    check: (patterns, { reason, reasonCode }) =>
      patterns.some((one) => one.source === reasonCode || patternEquals(one, reason))
        ? null
        : `${reason} (${reasonCode})`,
  }),
  out: key({
    type: noneOr(listOf(text)),
    about:
      'the interfaces on which frames left because of it, all of them and no others; `none` when nothing left',
    example: 'eth1',
    check: (names, { out }) => {
      const actual = [...new Set(out.map(({ iface }) => iface))].sort();
      const wanted = names === 'none' ? [] : [...new Set(names)].sort();
      return wanted.join() === actual.join() ? null : actual.join(', ') || 'none';
    },
  }),
  sends: key({
    type: listOf(pattern),
    about: "frames that left because of it, in tcpdump's words; each has to be found in one of them",
    example: '/Flags \\[R\\./',
    check: (patterns, { out }) => {
      const lines = out.map(({ iface, frame }) => `${iface} ${describeFrame(frame)}`);
      return allFound(patterns, lines);
    },
  }),
  snat: key({
    type: noneOr(change),
    about: 'its source after translation, or before and after; `none` when its source stayed',
    example: '10.254.0.2 -> 10.253.0.1',
    check: (wanted, { translation }) => checkChange(wanted, translation, 'src', 'sport'),
  }),
  dnat: key({
    type: noneOr(change),
    about: 'the same of its destination',
    example: '10.253.0.1:8080 -> 10.254.0.2:80',
    check: (wanted, { translation }) => checkChange(wanted, translation, 'dst', 'dport'),
  }),
  state: key({
    type: noneOr(listOf(oneOf(STATES))),
    about: 'its state, as `-m conntrack --ctstate` says it; `none` when connection tracking did not see it',
    example: 'ESTABLISHED',
    check: (states, { conntrack }) => {
      const actual = conntrack?.state ?? 'none';
      const holds = states === 'none' ? actual === 'none' : states.some((state) => state === actual);
      return holds ? null : actual;
    },
  }),
  direction: key({
    type: oneOf(DIRECTIONS),
    about: 'whether it goes the way of the packet that opened the connection, or back',
    example: 'reply',
    check: (wanted, { conntrack }) =>
      wanted === conntrack?.direction ? null : (conntrack?.direction ?? 'no connection'),
  }),
  ctmark: key({
    type: whole(0, 0xffffffff, 'a mark (0-0xffffffff)'),
    about: 'the mark of its connection',
    example: '0x10',
    check: (wanted, { conntrack }) => {
      const actual = conntrack === null ? null : conntrack.mark >>> 0;
      return actual === wanted ? null : actual === null ? 'no connection' : String(actual);
    },
  }),
  entry: key({
    type: noneOr(listOf(pattern)),
    about: 'its connection, as `conntrack -L -o extended` prints it; `none` when it has none',
    example: '/^ipv4 .* tcp .* SYN_SENT /',
    check: (patterns, { conntrack }) => {
      const entry = conntrack?.entry ?? null;
      if (patterns === 'none' || entry === null) {
        return patterns === 'none' && entry === null ? null : (entry ?? 'none');
      }
      return patterns.every((one) => patternMatches(one, entry)) ? null : entry;
    },
  }),
  log: key({
    type: noneOr(listOf(pattern)),
    about: 'lines of the kernel log that it caused; each has to be found in one of them',
    example: '"refused: IN=eth1 "',
    check: (patterns, { log }) =>
      patterns === 'none' ? (log.length === 0 ? null : log.join('; ')) : allFound(patterns, log),
  }),
  passes: key({
    type: listOf(ruleRef),
    trace: true,
    about: 'rules that matched it on its way, or chains it went through; all of them have to be in its trace',
    example: '[mangle:FORWARD:1, filter:FORWARD]',
    check: (refs, { trace }) => {
      const missing = refs.filter((ref) => !trace.some((step) => stepHolds(ref, step)));
      return missing.length === 0 ? null : `not ${ruleRefs.print(missing)}`;
    },
    refs: (refs) => refs,
  }),
  avoids: key({
    type: listOf(ruleRef),
    trace: true,
    about: 'rules that must not match it, or chains it must not go through',
    example: 'nat:PREROUTING:1',
    check: (refs, { trace }) => {
      const met = trace.filter((step) => refs.some((ref) => stepHolds(ref, step)));
      return met.length === 0 ? null : met.map(({ at }) => positionOf(at)).join(', ');
    },
    refs: (refs) => refs,
  }),
  note: key({
    type: noneOr(listOf(pattern)),
    about: 'what was done to the frame before the replay (checksums filled in, re-addressed …)',
    example: 'none',
    check: (patterns, { notes }) =>
      patterns === 'none' ? (notes.length === 0 ? null : notes.join('; ')) : allFound(patterns, notes),
  }),
} as const;

const ruleRefs = listOf(ruleRef);

function allFound(patterns: readonly Pattern[], lines: readonly string[]): string | null {
  const found = patterns.every((one) => lines.some((line) => patternMatches(one, line)));
  return found ? null : lines.join('; ') || 'none';
}

function checkChange(
  wanted: Change | 'none',
  translation: PacketOutcome['translation'],
  address: 'src' | 'dst',
  port: 'sport' | 'dport',
): string | null {
  const before = translation === null ? null : end(translation.before, address, port);
  const after = translation === null ? null : end(translation.after, address, port);
  const changed =
    before !== null && after !== null && (before.address !== after.address || before.port !== after.port);
  if (!changed) return wanted === 'none' ? null : 'none';
  const holds =
    wanted !== 'none' &&
    (wanted.before === null || endpointHolds(wanted.before, before)) &&
    endpointHolds(wanted.after, after);
  return holds ? null : `${printEndpoint(before)} -> ${printEndpoint(after)}`;
}

function end(of: Endpoints, address: 'src' | 'dst', port: 'sport' | 'dport'): EndpointTest {
  return { address: of[address], port: of[port] ?? null };
}

function endpointHolds(wanted: EndpointTest, actual: EndpointTest): boolean {
  if (wanted.address !== null && wanted.address !== actual.address) return false;
  return wanted.port === null || wanted.port === actual.port;
}

/** A trace says `filter:FORWARD:rule:3`; cases say `filter:FORWARD:3`. Stations of the stack stay as they are. */
export function positionOf(at: string): string {
  const parts = /^(.*):(rule|return|policy):(\d+)$/.exec(at);
  if (parts === null) return at;
  return `${parts[1]}:${parts[2] === 'policy' ? 'policy' : parts[3]}`;
}

function stepHolds(ref: RuleRef, { at, text }: TraceStep): boolean {
  const [, quoted, plain] = /--comment (?:"((?:[^"\\]|\\.)*)"|(\S+))/.exec(text) ?? [];
  const comment = quoted?.replace(/\\(.)/g, '$1') ?? plain ?? null;
  return refHolds(ref, positionOf(at), comment);
}

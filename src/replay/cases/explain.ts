/**
 * A failure in lines for people: the packet, what was expected and what came, the way it took with the file and line of
 * every rule, and why the expected rule did not decide. Colour is the caller's affair: it gets a palette.
 */
import { formatPlace } from '../../base/errors.ts';
import type { Ruleset } from '../../netfilter/rule.ts';
import { describeFrame } from '../../wire/describe.ts';
import { escapeText } from '../report/escape.ts';
import { ruleCounts } from '../report/rule-counts.ts';
import type { PacketExpectation } from './case-file.ts';
import type { Difference, FailedPacket, Failure } from './failure.ts';
import { positionOf } from './packet-keys.ts';
import { commentOf, parsePosition, printRef, refHolds } from './rule-ref.ts';

export interface Palette {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly quiet: (text: string) => string;
  readonly strong: (text: string) => string;
}

const same = (text: string) => text;
export const PLAIN: Palette = { good: same, bad: same, quiet: same, strong: same };

/** All lines of a failure; the first says where and what. */
export function explainFailure(failure: Failure, palette: Palette = PLAIN): string[] {
  const { place, title, message, packets, more, differences, details } = failure;
  return [
    `${palette.strong(escapeText(formatPlace(place)))}: ${escapeText(title)}: ${escapeText(message)}`,
    ...indent(explainDifferences(differences, palette)),
    ...indent(details.map(escapeText).map((line) => paintSide(line, palette))),
    ...packets.flatMap((packet) => indent(explainPacket(packet, palette))),
    ...(more > 0 ? indent([`and ${more} more`]) : []),
  ];
}

function explainPacket(
  { outcome, differences, expectedPath, trace }: FailedPacket,
  palette: Palette,
): string[] {
  const { n, verdict, rule, reason, out } = outcome;
  // Where a rule dropped it, the reason names the rule.
  const by = rule === null || reason.includes(rule) ? '' : `, ${rule}`;
  const left = out.length === 0 ? 'nothing left' : out.map(({ iface }) => iface).join(', ');
  return [
    `packet ${n}  ${outcome.in === '' ? 'sent by the host' : outcome.in}  ${describeFrame(outcome.frame)}`,
    ...indent(explainDifferences(differences, palette)),
    ...indent(expectedPath.map((line) => `expected way: ${escapeText(line)}`)),
    ...indent([`actual way: ${verdict}, ${reason}${by}; out: ${left}`]),
    ...indent(indent(explainTrace(trace, palette))),
  ];
}

function explainDifferences(differences: readonly Difference[], palette: Palette): string[] {
  return differences.flatMap(({ name, expected, actual }) => {
    const [first = '', ...others] = actual.split('\n');
    return [
      `${name}: expected ${palette.good(escapeText(expected))}, found ${palette.bad(escapeText(first))}`,
      ...others.map((line) => `  ${palette.bad(escapeText(line))}`),
    ];
  });
}

function explainTrace(trace: FailedPacket['trace'], palette: Palette): string[] {
  const at = trace.map((step) => positionOf(step.at));
  const width = Math.max(0, ...at.map((text) => text.length));
  const places = trace.map(({ place }) => escapeText(place));
  const placeWidth = Math.max(0, ...places.map((place) => place.length));
  return trace.map(({ text }, i) =>
    `${at[i]!.padEnd(width)}  ${palette.quiet(places[i]!.padEnd(placeWidth))}  ${escapeText(text)}`.trimEnd(),
  );
}

/** Of a packet whose rule is not the expected one: which rule that would have been, and why it did not decide. */
export function expectedPath(
  { says }: PacketExpectation,
  { outcome, trace }: FailedPacket,
  rulesets: readonly Ruleset[],
): string[] {
  if (says.rule === undefined || says.rule === 'none') return [];
  const family = outcome.frame[12] === 0x86 && outcome.frame[13] === 0xdd ? 6 : 4;
  const counts = ruleCounts(rulesets.filter((ruleset) => ruleset.family === family));
  const decided = outcome.rule === null ? null : parsePosition(outcome.rule);
  return says.rule.flatMap((ref) => {
    const named = counts.filter(({ at, rule }) => refHolds(ref, at, commentOf(rule)));
    if (ref.kind === 'position' && typeof ref.rule !== 'number') return [printRef(ref)];
    return named.map(({ at, place, text, table, chain }) => {
      const number = Number(at.slice(at.lastIndexOf(':') + 1));
      const entered = trace.some((step) => positionOf(step.at).startsWith(`${table}:${chain}:`));
      const matched = trace.some((step) => positionOf(step.at) === at);
      const before = decided?.table === table && decided.chain === chain && typeof decided.rule === 'number';
      let why: string;
      if (matched) why = 'it matched, and did not decide';
      else if (before && (decided.rule as number) < number)
        why = `not asked: ${outcome.rule} stands before it`;
      else if (entered) why = 'asked, and did not match';
      else why = 'its chain was not entered, or nothing in it matched';
      return `${at}  ${place}  ${text}  (${why})`;
    });
  });
}

function paintSide(line: string, palette: Palette): string {
  if (line.startsWith('expected')) return palette.good(line);
  return line.startsWith('actual') ? palette.bad(line) : line;
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

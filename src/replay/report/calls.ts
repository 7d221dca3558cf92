/**
 * The calls that SIP's helper saw: a row each, and below it a line for every direction of its media, as tshark's
 * `-z rtp,streams` counts them, with an estimate of how people would rate it.
 */
import type { Call, MediaQuality } from '../../alg/index.ts';
import { escapeText } from './escape.ts';
import { padText, padTextStart, textWidth } from './text-width.ts';
import { formatDuration } from './times.ts';

interface Column<T> {
  readonly name: string;
  readonly isNumber?: boolean;
  readonly text: (row: T) => string;
}

const NONE = '–';

const CALL_COLUMNS: readonly Column<{ readonly call: Call; readonly n: number }>[] = [
  { name: 'call', isNumber: true, text: ({ n }) => String(n) },
  { name: 'from', text: ({ call }) => call.from },
  { name: 'to', text: ({ call }) => call.to },
  { name: 'state', text: ({ call }) => call.state },
  { name: 'code', isNumber: true, text: ({ call }) => (call.code === 0 ? NONE : String(call.code)) },
  { name: 'rang after', isNumber: true, text: ({ call }) => since(call.startUs, call.ringUs) },
  { name: 'answered after', isNumber: true, text: ({ call }) => since(call.startUs, call.answerUs) },
  { name: 'talked', isNumber: true, text: ({ call }) => talkTime(call) },
  { name: 'resent', isNumber: true, text: ({ call }) => String(call.resent) },
];

const MEDIA_COLUMNS: readonly Column<MediaQuality>[] = [
  { name: 'media from', text: ({ from }) => from },
  { name: 'to', text: ({ to }) => to },
  { name: 'ssrc', text: ({ ssrc }) => `0x${ssrc.toString(16).padStart(8, '0')}` },
  { name: 'codec', text: ({ codec, payloadType }) => codec || `type ${payloadType}` },
  { name: 'for', isNumber: true, text: ({ firstUs, lastUs }) => formatDuration(lastUs - firstUs) },
  { name: 'packets', isNumber: true, text: ({ packets }) => String(packets) },
  { name: 'lost', isNumber: true, text: (stream) => lostText(stream) },
  { name: 'disordered', isNumber: true, text: ({ outOfOrder }) => String(outOfOrder) },
  { name: 'jitter', isNumber: true, text: ({ maxJitterMs }) => `${maxJitterMs.toFixed(3)} ms` },
  { name: 'MOS', isNumber: true, text: ({ mos }) => mos.toFixed(1) },
  { name: 'reported lost', isNumber: true, text: ({ reported }) => reportedText(reported) },
  { name: 'jitter', isNumber: true, text: ({ reported }) => msText(reported?.jitterMs) },
  { name: 'round trip', isNumber: true, text: ({ reported }) => msText(reported?.roundTripMs) },
];

/** Lines with their ends. */
export function callTableText(calls: readonly Call[]): string {
  if (calls.length === 0) return 'no call was seen\n';
  const rows = calls.map((call, i) => ({ call, n: i + 1 }));
  const lines = table(CALL_COLUMNS, rows);
  const media = table(
    MEDIA_COLUMNS,
    calls.flatMap(({ quality }) => quality),
  );
  let text = lines[0]!;
  let at = 1;
  calls.forEach(({ quality, referral }, i) => {
    text += lines[i + 1]!;
    if (referral !== null) text += `    ${escapeText(referralText(referral))}\n`;
    if (quality.length === 0) return;
    text += `    ${media[0]!}`;
    for (const _ of quality) text += `    ${media[at++]!}`;
  });
  return text;
}

/** The fields of a call as JSON has them; times in seconds. */
export function callFields(call: Call): object {
  const { callId, from, to, state, code, startUs, ringUs, answerUs, endUs, resent, referral, quality } = call;
  return {
    callId,
    from,
    to,
    state,
    code,
    start: startUs / 1e6,
    ring: timeOrNull(ringUs),
    answer: timeOrNull(answerUs),
    end: timeOrNull(endUs),
    resent,
    referral,
    media: quality.map((stream) => ({
      from: stream.from,
      to: stream.to,
      ssrc: stream.ssrc,
      payloadType: stream.payloadType,
      codec: stream.codec,
      start: stream.firstUs / 1e6,
      end: stream.lastUs / 1e6,
      packets: stream.packets,
      bytes: stream.bytes,
      expected: stream.expected,
      lost: stream.lost,
      duplicates: stream.duplicates,
      outOfOrder: stream.outOfOrder,
      jitterMs: stream.jitterMs,
      maxJitterMs: stream.maxJitterMs,
      mos: stream.mos,
      reported: stream.reported,
    })),
  };
}

/** A head and a line a row, without what would stand in front. */
function table<T>(columns: readonly Column<T>[], rows: readonly T[]): string[] {
  const cells = rows.map((row) => columns.map(({ text }) => escapeText(text(row))));
  const widths = columns.map(({ name }, i) =>
    Math.max(textWidth(name), ...cells.map((row) => textWidth(row[i]!))),
  );
  return [columns.map(({ name }) => name), ...cells].map(
    (row) =>
      `${row
        .map((cell, i) => (columns[i]!.isNumber === true ? padTextStart : padText)(cell, widths[i]!))
        .join('  ')
        .trimEnd()}\n`,
  );
}

function since(startUs: number, us: number): string {
  return us === 0 ? NONE : formatDuration(us - startUs);
}

function talkTime({ answerUs, endUs }: Call): string {
  return answerUs === 0 || endUs === 0 ? NONE : formatDuration(endUs - answerUs);
}

/** Who is asked to call whom instead, and how that goes. */
function referralText({ by, to, code, progress }: NonNullable<Call['referral']>): string {
  const answer = code === 0 ? '' : `: ${code}`;
  return `referred to ${to || 'nobody'} by ${by}${answer}${progress === 0 ? '' : `, that call: ${progress}`}`;
}

function lostText({ lost, expected }: MediaQuality): string {
  return lost === 0 ? '0' : `${lost} (${((lost / expected) * 100).toFixed(1)} %)`;
}

/** What the receiver says himself (RTCP). */
function reportedText(reported: MediaQuality['reported']): string {
  return reported === null ? NONE : `${reported.lost} (last ${(reported.fractionLost * 100).toFixed(1)} %)`;
}

function msText(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? NONE : `${ms.toFixed(3)} ms`;
}

function timeOrNull(us: number): number | null {
  return us === 0 ? null : us / 1e6;
}

/**
 * A row of the flow table as a ladder: who said what, which packet opened which pinhole, who came through it, why it
 * went. Time runs downwards, the client stands left, the server right.
 *
 *     packet       time  client                                            server
 *          9   0.001204    │ PORT 10,254,0,2,4,1 ─────────────────────────────► │  OPENING
 *         10   0.001391    │ ◄───────────────────────────── 200 PORT successful │  OPENED
 *         11   0.001402    │ LIST ────────────────────────────────────────────► │  CMD_SENT
 *                          │      ◆ opened  10.253.0.2:* → 10.254.0.2:1025      │
 *         12   0.001590    │ ◄══════════ 10.253.0.2:20 → 10.254.0.2:1025 ══════ │
 */
import type { Flow, FlowEvent } from '../../alg/index.ts';
import { escapeText } from './escape.ts';
import { endpointText } from './flows.ts';
import { cutText, padText, textWidth } from './text-width.ts';

export interface Rung {
  /** 0 where no packet did it. */
  readonly n: number;
  readonly timeUs: number;
  readonly kind: Exclude<FlowEvent['kind'], 'state'>;
  readonly from: FlowEvent['from'];
  readonly text: string;
  /** The state that it led to; the empty string for none, or when it stayed. */
  readonly state: string;
}

/** A state stands on the rung of the message that led to it. */
export function rungsOf(flow: Flow): Rung[] {
  const rungs: Rung[] = [];
  for (const { n, timeUs, kind, from, text } of flow.events) {
    if (kind !== 'state') {
      rungs.push({ n, timeUs, kind, from, text, state: '' });
      continue;
    }
    const at = rungs.findLastIndex((rung) => rung.kind === 'message');
    if (at >= 0) rungs[at] = { ...rungs[at]!, state: text === '' ? '(gone)' : text };
  }
  return rungs;
}

/** Columns between the two sides. */
const BETWEEN = 72;
const LEFT = 22;

export function ladderText(flow: Flow): string {
  const title = `flow ${flow.id}, ${escapeText(flow.helper)}: ${endpointText(flow.client)} → ${endpointText(flow.server)}\n\n`;
  const head = `packet         time  ${padText('client', BETWEEN)}server\n`;
  const rungs = rungsOf(flow);
  let last = -1;
  const lines = rungs.map((rung) => {
    const isNew = rung.n !== last;
    last = rung.n;
    return rungText(rung, isNew, flow.firstUs);
  });
  return `${title}${head}${lines.join('')}`;
}

function rungText({ n, timeUs, kind, from, text, state }: Rung, isNew: boolean, firstUs: number): string {
  const when =
    isNew && n !== 0 ? `${String(n).padStart(6)} ${((timeUs - firstUs) / 1e6).toFixed(6).padStart(12)}` : '';
  const cell = cutText(escapeText(text), BETWEEN - 12);
  const between = middle(kind, from, cell);
  return `${`${padText(when, LEFT)}│ ${between} │  ${state}`.trimEnd()}\n`;
}

const MARKS = { expected: '◆ opened', gone: '✕ closed', note: '!' } as const;

function middle(kind: Rung['kind'], from: Rung['from'], text: string): string {
  const width = BETWEEN - 4;
  if (kind === 'expected' || kind === 'gone' || kind === 'note') {
    return centred(`${MARKS[kind]} ${text}`, width, ' ');
  }
  const line = kind === 'used' ? '═' : '─';
  if (kind === 'used') {
    const body = centred(` ${text} `, width - 1, line);
    return from === 'server' ? `◄${body}` : `${body}►`;
  }
  const rest = line.repeat(Math.max(1, width - 2 - textWidth(text)));
  return from === 'server' ? `◄${rest} ${text}` : `${text} ${rest}►`;
}

function centred(text: string, width: number, fill: string): string {
  const free = Math.max(0, width - textWidth(text));
  return fill.repeat(free >> 1) + text + fill.repeat(free - (free >> 1));
}

/** The ladders of ladder.ts as one SVG picture, which any browser shows: text stays text, and nothing in it is active. */
import type { Flow } from '../../alg/index.ts';
import { escapeText } from './escape.ts';
import { endpointText } from './flows.ts';
import { rungsOf, type Rung } from './ladder.ts';
import { cutText } from './text-width.ts';

const WIDTH = 1000;
const CLIENT_X = 190;
const SERVER_X = 820;
const ROW = 26;
const HEAD = 64;
const GAP = 30;
/** Characters that have room between the two sides. */
const MAX_TEXT = 84;

const STYLE =
  'text{font:13px ui-monospace,monospace;fill:#222}.t{font-weight:bold}.d{fill:#777}.l{stroke:#bbb}' +
  '.m{stroke:#36c;stroke-width:1.5}.u{stroke:#283;stroke-width:4}.o{fill:#283}.g{fill:#a33}.n{fill:#a60}';
const CLASSES: Readonly<Record<Rung['kind'], string>> = {
  message: '',
  used: 'o',
  expected: 'o',
  gone: 'g',
  note: 'n',
};
const MARKS: Readonly<Record<Rung['kind'], string>> = {
  message: '',
  used: '',
  expected: '◆ opened ',
  gone: '✕ closed ',
  note: '! ',
};

export function laddersSvg(flows: readonly Flow[]): string {
  let top = 0;
  const parts = flows.map((flow) => {
    const rungs = rungsOf(flow);
    const part = ladder(flow, rungs, top);
    top += HEAD + rungs.length * ROW + GAP;
    return part;
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top}" viewBox="0 0 ${WIDTH} ${top}">` +
    `<style>${STYLE}</style><defs>${arrow('m', '#36c')}${arrow('u', '#283')}</defs>` +
    `<rect width="100%" height="100%" fill="#fff"/>${parts.join('')}</svg>\n`
  );
}

function arrow(id: string, color: string): string {
  return (
    `<marker id="${id}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" ` +
    `markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="${color}"/></marker>`
  );
}

function ladder(flow: Flow, rungs: readonly Rung[], top: number): string {
  const end = top + HEAD + rungs.length * ROW;
  const life = (x: number): string => `<line class="l" x1="${x}" y1="${top + 48}" x2="${x}" y2="${end}"/>`;
  return (
    text(12, top + 20, `flow ${flow.id}, ${flow.helper}`, 't') +
    text(CLIENT_X, top + 42, endpointText(flow.client), '', 'middle') +
    text(SERVER_X, top + 42, endpointText(flow.server), '', 'middle') +
    life(CLIENT_X) +
    life(SERVER_X) +
    rungs.map((rung, i) => rungSvg(rung, top + HEAD + i * ROW, flow.firstUs)).join('')
  );
}

function rungSvg(rung: Rung, y: number, firstUs: number): string {
  const { n, timeUs, kind, from, state } = rung;
  const when = n === 0 ? '' : `${n}  ${((timeUs - firstUs) / 1e6).toFixed(6)}`;
  const isArrow = kind === 'message' || kind === 'used';
  const line = kind === 'used' ? 'u' : 'm';
  const [x1, x2] = from === 'server' ? [SERVER_X, CLIENT_X] : [CLIENT_X, SERVER_X];
  return (
    text(12, y + 4, when, 'd') +
    (isArrow
      ? `<line class="${line}" x1="${x1}" y1="${y + 7}" x2="${x2}" y2="${y + 7}" marker-end="url(#${line})"/>`
      : '') +
    text(
      (CLIENT_X + SERVER_X) / 2,
      y + 2,
      MARKS[kind] + cutText(rung.text, MAX_TEXT),
      CLASSES[kind],
      'middle',
    ) +
    text(SERVER_X + 12, y + 4, state, 'd')
  );
}

function text(x: number, y: number, words: string, kind = '', anchor = ''): string {
  if (words === '') return '';
  const attributes = (kind && ` class="${kind}"`) + (anchor && ` text-anchor="${anchor}"`);
  return `<text x="${x}" y="${y}"${attributes}>${escapeXml(escapeText(words))}</text>`;
}

function escapeXml(words: string): string {
  return words.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

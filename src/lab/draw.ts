/**
 * A lab as a picture: SVG, a tree from the first node on, hypervisors as frames around what is inside.
 * With the crossings of a step, the frames' way is drawn over it: numbered arrows, and beside each switch what it knew.
 */
import { formatMac } from '../wire/address.ts';
import { describeFrame } from '../wire/describe.ts';
import { decisionText } from './path.ts';
import type { Crossing } from './events.ts';
import type { LabNode, LinkConfig, Topology } from './topology.ts';

const BOX = { width: 150, height: 54, gapX: 110, gapY: 40, margin: 40 };
const LINE_HEIGHT = 15;
const MOST_LISTED = 60;

interface Placed {
  readonly node: LabNode;
  readonly x: number;
  readonly y: number;
}

export function drawLab(topology: Topology, crossings: readonly Crossing[] = []): string {
  const placed = place(topology);
  const right = Math.max(...placed.map(({ x }) => x)) + BOX.width + BOX.margin;
  const bottom = Math.max(...placed.map(({ y }) => y)) + BOX.height + BOX.margin + 20;
  const legend = crossings.slice(0, MOST_LISTED).flatMap(legendLines);
  const height = bottom + legend.length * LINE_HEIGHT + (legend.length > 0 ? 20 : 0);
  const width = Math.max(right, ...legend.map((line) => 24 + line.length * 7));
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="monospace" font-size="12">`,
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#b3261e"/></marker></defs>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...frames(topology, placed),
    ...topology.links.map((link) => drawLink(link, placed)),
    ...placed.map(drawNode),
    ...crossings.slice(0, MOST_LISTED).map((crossing, i) => drawCrossing(crossing, i, placed)),
    ...legend.map((line, i) => text(24, bottom + 12 + i * LINE_HEIGHT, line, 'start', '#222')),
    '</svg>',
  ];
  return `${parts.filter((part) => part !== '').join('\n')}\n`;
}

// ── Where things stand ──────────────────────────────────────────────────────────────────────────────────────────

/** A tree from the first node of each part of the network: leaves one below the other, the rest beside their leaves. */
function place({ nodes, links }: Topology): Placed[] {
  const placed = new Map<string, Placed>();
  const byName = new Map(nodes.map((node) => [node.name, node]));
  let nextRow = 0;
  const put = (node: LabNode, column: number): number => {
    const rows = childrenOf(node.name, links, visited).map((child) => put(byName.get(child)!, column + 1));
    const row = rows.length === 0 ? nextRow++ : (rows[0]! + rows.at(-1)!) / 2;
    const x = BOX.margin + column * (BOX.width + BOX.gapX);
    placed.set(node.name, { node, x, y: BOX.margin + row * (BOX.height + BOX.gapY) });
    return row;
  };
  const visited = new Set<string>();
  for (const node of nodes) {
    if (visited.has(node.name)) continue;
    visited.add(node.name);
    put(node, 0);
  }
  return nodes.map(({ name }) => placed.get(name)!);
}

/** The neighbours that nobody has claimed yet; they are claimed now. */
function childrenOf(name: string, links: readonly LinkConfig[], visited: Set<string>): string[] {
  const children: string[] = [];
  for (const { ends } of links) {
    const i = ends.findIndex(({ node }) => node === name);
    if (i < 0) continue;
    const other = ends[1 - i]!.node;
    if (visited.has(other)) continue;
    visited.add(other);
    children.push(other);
  }
  return children;
}

const placeOf = (name: string, placed: readonly Placed[]): Placed =>
  placed.find(({ node }) => node.name === name)!;

// ── What is drawn ───────────────────────────────────────────────────────────────────────────────────────────────

/** A dashed frame around every hypervisor's own. */
function frames({ nodes }: Topology, placed: readonly Placed[]): string[] {
  const names = new Set(nodes.map(({ inside }) => inside).filter((name) => name !== ''));
  return [...names].map((name) => {
    const inside = placed.filter(({ node }) => isWithin(node, name, nodes));
    // A frame within another stands a little off it.
    const off = nodes.find((node) => node.name === name)?.inside === name ? 20 : 12;
    const left = Math.min(...inside.map(({ x }) => x)) - off;
    const top = Math.min(...inside.map(({ y }) => y)) - off - 10;
    const right = Math.max(...inside.map(({ x }) => x)) + BOX.width + off;
    const bottom = Math.max(...inside.map(({ y }) => y)) + BOX.height + off;
    return (
      `<rect x="${left}" y="${top}" width="${right - left}" height="${bottom - top}" rx="8" fill="none" stroke="#888" stroke-dasharray="5 4"/>` +
      text(left + 8, top + 13, `hypervisor ${name}`, 'start', '#666')
    );
  });
}

/** Also through a hypervisor within. */
function isWithin(node: LabNode, hypervisor: string, nodes: readonly LabNode[]): boolean {
  if (node.name === hypervisor || node.inside === hypervisor) return true;
  const outer = nodes.find(({ name }) => name === node.inside);
  return outer !== undefined && outer !== node && isWithin(outer, hypervisor, nodes);
}

function drawNode({ node, x, y }: Placed): string {
  const isSwitch = node.kind === 'switch';
  const below =
    node.kind === 'capture'
      ? 'capture'
      : isSwitch
        ? node.config.model
        : node.config.interfaces.flatMap(({ addresses }) =>
            addresses.map((address) => addressText(address.words, address.family, address.length)),
          )[0];
  return (
    `<rect x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="${isSwitch ? 2 : 14}" fill="${isSwitch ? '#e3edf7' : '#f4efe1'}" stroke="#333"/>` +
    text(x + BOX.width / 2, y + 22, node.name, 'middle', '#111') +
    (below === undefined ? '' : text(x + BOX.width / 2, y + 40, below, 'middle', '#555'))
  );
}

function addressText(words: Int32Array, family: number, length: number): string {
  if (family === 6) return 'IPv6';
  const word = words[0]!;
  return `${word >>> 24}.${(word >>> 16) & 0xff}.${(word >>> 8) & 0xff}.${word & 0xff}/${length}`;
}

function centre({ x, y }: Placed): [x: number, y: number] {
  return [x + BOX.width / 2, y + BOX.height / 2];
}

function drawLink({ ends, up }: LinkConfig, placed: readonly Placed[]): string {
  const [a, b] = ends.map(({ node }) => centre(placeOf(node, placed))) as [
    [number, number],
    [number, number],
  ];
  const [aPort, bPort] = ends.map(({ port }) => port) as [string, string];
  const near = (from: number, to: number) => from + (to - from) * 0.36;
  return (
    `<line x1="${a[0]}" y1="${a[1]}" x2="${b[0]}" y2="${b[1]}" stroke="#555"${up ? '' : ' stroke-dasharray="3 4"'}/>` +
    text(near(a[0], b[0]), near(a[1], b[1]) - 4, aPort, 'middle', '#777') +
    text(near(b[0], a[0]), near(b[1], a[1]) + 13, bPort, 'middle', '#777')
  );
}

/** An arrow beside the link, its number at the middle. */
function drawCrossing({ from, to }: Crossing, index: number, placed: readonly Placed[]): string {
  const [x1, y1] = centre(placeOf(from.node, placed));
  const [x2, y2] = centre(placeOf(to.node, placed));
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  const shift = 10 + (index % 5) * 7;
  const [nx, ny] = [(-(y2 - y1) / length) * shift, ((x2 - x1) / length) * shift];
  const at = (part: number): [number, number] => [x1 + (x2 - x1) * part + nx, y1 + (y2 - y1) * part + ny];
  const [start, end, middle] = [at(0.38), at(0.62), at(0.5)];
  return (
    `<line x1="${round(start[0])}" y1="${round(start[1])}" x2="${round(end[0])}" y2="${round(end[1])}" stroke="#b3261e" marker-end="url(#arrow)"/>` +
    text(round(middle[0]), round(middle[1]) - 2, String(index + 1), 'middle', '#b3261e')
  );
}

function legendLines({ from, to, frame, decision }: Crossing, index: number): string[] {
  const what = `${String(index + 1).padStart(3)}  ${from.node} > ${to.node}  ${describeFrame(frame)}`;
  if (decision === null) return [what];
  const knew = decision.table.map(({ mac, port }) => `${mac} ${port}`).join(', ');
  const shown = `     ${decisionText(decision, frame)}`;
  return frame.length >= 6
    ? [what, shown, `     knew: ${knew === '' ? 'nothing' : knew}; to ${formatMac(frame, 0)}`]
    : [what, shown];
}

const round = (value: number) => Math.round(value * 10) / 10;

function text(x: number, y: number, content: string, anchor: string, fill: string): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="${fill}" xml:space="preserve">${escaped}</text>`;
}

/**
 * A lab as a picture: SVG, hypervisors as frames around what is inside. With the crossings of a step, the frames' way is drawn
 * over it: a numbered badge for every frame on every cable, pointing where it went, in the colour of what it is; below, each
 * with what the switch that it came to did with it and the table that the switch had at that moment.
 */
import { formatMac } from '../wire/address.ts';
import { describeFrame } from '../wire/describe.ts';
import { formatAddress } from '../stack/address.ts';
import { decisionText } from './path.ts';
import type { Crossing } from './events.ts';
import { BOX, boundsOf, layOut, type Cable, type Placed } from './picture/layout.ts';
import { COLOURS, label, line, rect, round, text } from './picture/svg.ts';
import { ETH_P_ARP, ETH_P_IP, ETH_P_IPV6, ETH_P_RARP } from '../wire/ether-type.ts';
import { endpointText, type Topology } from './topology.ts';

const LINE_HEIGHT = 16;
const LETTER_WIDTH = 7.3;
const MOST_LISTED = 60;
const LEGEND_X = 24;
/** Badges stand beside their cable; more than fit stand closer. */
const BADGE = { width: 26, height: 16, gap: 4 } as const;

export function drawLab(topology: Topology, crossings: readonly Crossing[] = []): string {
  const layout = layOut(topology);
  const listed = crossings.slice(0, MOST_LISTED);
  const legend = listed.flatMap(legendLines);
  if (crossings.length > listed.length)
    legend.push({ content: `… and ${crossings.length - listed.length} more`, colour: COLOURS.faint });
  const legendTop = layout.height + 10;
  const height = legendTop + legend.length * LINE_HEIGHT + (legend.length > 0 ? 20 : 0);
  const width = Math.max(
    layout.width,
    ...legend.map(({ content }) => 2 * LEGEND_X + content.length * LETTER_WIDTH),
  );
  const hypervisors = [...new Set(topology.nodes.map(({ inside }) => inside))].filter((name) => name !== '');
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${Math.ceil(width)}" height="${Math.ceil(height)}" viewBox="0 0 ${Math.ceil(width)} ${Math.ceil(height)}" font-family="ui-monospace, 'DejaVu Sans Mono', monospace" font-size="12">`,
    rect({ x: 0, y: 0, width, height }, 0, `fill="${COLOURS.paper}"`),
    ...hypervisors.map((name) => drawHypervisor(name, layout.nodes)),
    ...layout.cables.map(drawCable),
    ...layout.nodes.map(drawNode),
    ...layout.cables.map(drawPorts),
    ...layout.cables.map((cable) => drawBadges(cable, listed)),
    ...legend.map(({ content, colour }, i) =>
      text(LEGEND_X, legendTop + 12 + i * LINE_HEIGHT, content, 'start', colour),
    ),
    '</svg>',
  ];
  return `${parts.filter((part) => part !== '').join('\n')}\n`;
}

function drawHypervisor(name: string, placed: readonly Placed[]): string {
  const bounds = boundsOf(name, placed);
  return (
    rect(bounds, 10, `fill="none" stroke="${COLOURS.frame}" stroke-width="1.5" stroke-dasharray="6 4"`) +
    text(bounds.x + 10, bounds.y + 15, `hypervisor ${name}`, 'start', COLOURS.faint)
  );
}

function drawNode({ node, x, y, height }: Placed): string {
  const fill = COLOURS[node.kind];
  return (
    rect(
      { x, y, width: BOX.width, height },
      node.kind === 'switch' ? 3 : 14,
      `fill="${fill}" stroke="${COLOURS.ink}"`,
    ) +
    text(x + BOX.width / 2, y + height / 2 - 4, node.name, 'middle', COLOURS.ink) +
    text(x + BOX.width / 2, y + height / 2 + 14, below(node), 'middle', COLOURS.faint)
  );
}

function below(node: Topology['nodes'][number]): string {
  switch (node.kind) {
    case 'switch':
      return node.config.model;
    case 'capture':
    case 'vm':
    case 'world':
      return node.kind;
    case 'host': {
      const [first] = node.config.interfaces.flatMap(({ addresses }) => addresses);
      if (first !== undefined) return `${formatAddress(first)}/${first.length}`;
      return node.dhcpInterfaces.length > 0 ? 'DHCP' : '';
    }
  }
}

function drawCable({ link, from, to }: Cable): string {
  const dashes = link.up ? '' : ' stroke-dasharray="3 4"';
  return line(from.x, from.y, to.x, to.y, `stroke="${COLOURS.cable}" stroke-width="1.5"${dashes}`);
}

/** The names of the ports, just off the boxes. */
function drawPorts({ link, from, to }: Cable): string {
  const [a, b] = link.ends;
  const isRight = from.x <= to.x;
  return (
    label(from.x + (isRight ? 5 : -5), from.y - 3, a.port, isRight ? 'start' : 'end') +
    label(to.x + (isRight ? -5 : 5), to.y - 3, b.port, isRight ? 'end' : 'start')
  );
}

// ── The way of frames ───────────────────────────────────────────────────────────────────────────────────────────

/** What a frame is shows in its colour. */
function colourOf(frame: Uint8Array): string {
  const type = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
  if (type === ETH_P_ARP || type === ETH_P_RARP) return '#b45309';
  if (type === ETH_P_IP) return '#1d4ed8';
  if (type === ETH_P_IPV6) return '#7e22ce';
  return '#4b5563';
}

/** One badge a frame that crossed the cable, in the order in which they were sent, pointing where they went. */
function drawBadges({ link, from, to }: Cable, crossings: readonly Crossing[]): string {
  const [a, b] = link.ends.map(endpointText);
  const mine = crossings.flatMap((crossing, index) => {
    const [start, end] = [endpointText(crossing.from), endpointText(crossing.to)];
    if (start === a && end === b) return [{ crossing, index, isForward: true }];
    return start === b && end === a ? [{ crossing, index, isForward: false }] : [];
  });
  if (mine.length === 0) return '';
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  // Along the cable, from its middle; those there and those back on either side of it.
  const step = Math.min(BADGE.width + BADGE.gap, (length * 0.55) / Math.max(1, mine.length - 1));
  const [ux, uy] = [(to.x - from.x) / length, (to.y - from.y) / length];
  return mine
    .map(({ crossing, index, isForward }, i) => {
      const along = length / 2 + (i - (mine.length - 1) / 2) * step;
      const x = from.x + ux * along;
      const y = from.y + uy * along;
      const isToRight = isForward === from.x <= to.x;
      return badge(x, y, index + 1, colourOf(crossing.frame), isToRight, crossing.arrivedAt < 0);
    })
    .join('');
}

/** A pentagon with a number in it, its point to the right or to the left; one that was lost is empty. */
function badge(
  x: number,
  y: number,
  number: number,
  colour: string,
  isToRight: boolean,
  isLost: boolean,
): string {
  const { width, height } = BADGE;
  const [back, tip] = isToRight ? [-width / 2, width / 2] : [width / 2, -width / 2];
  const neck = tip - Math.sign(tip) * 6;
  const corners = [
    [back, -height / 2],
    [neck, -height / 2],
    [tip, 0],
    [neck, height / 2],
    [back, height / 2],
  ].map(([dx, dy]) => `${round(x + dx!)} ${round(y + dy!)}`);
  const fill = isLost ? COLOURS.paper : colour;
  return (
    `<path d="M${corners.join(' L')} Z" fill="${fill}" stroke="${isLost ? colour : COLOURS.paper}"/>` +
    text(x - Math.sign(tip) * 2, y + 4, String(number), 'middle', isLost ? colour : COLOURS.paper)
  );
}

interface LegendLine {
  readonly content: string;
  readonly colour: string;
}

function legendLines({ from, to, frame, decision, arrivedAt }: Crossing, index: number): LegendLine[] {
  const lost = arrivedAt < 0 ? '  (lost on the link)' : '';
  const what = `${String(index + 1).padStart(3)}  ${from.node} → ${to.node}  ${describeFrame(frame)}${lost}`;
  const lines = [{ content: what, colour: colourOf(frame) }];
  if (decision === null) return lines;
  const knew = decision.table.map(({ mac, port }) => `${mac} ${port}`).join(', ');
  const target = frame.length >= 6 ? `; to ${formatMac(frame, 0)}` : '';
  lines.push({ content: `     ${decisionText(decision, frame)}`, colour: COLOURS.ink });
  lines.push({ content: `     knew: ${knew === '' ? 'nothing' : knew}${target}`, colour: COLOURS.faint });
  return lines;
}

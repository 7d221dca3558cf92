/** Where the nodes and cables of a lab stand in its picture: a tree from the first node on, columns from left to right. */
import type { LabNode, LinkConfig, Topology } from '../topology.ts';

export const BOX = { width: 150, height: 54, gapX: 190, gapY: 34, margin: 40, port: 15 } as const;

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Placed {
  readonly node: LabNode;
  readonly x: number;
  readonly y: number;
  readonly height: number;
}

/** A cable as it is drawn: from one box's edge to another's. */
export interface Cable {
  readonly link: LinkConfig;
  readonly from: Point;
  readonly to: Point;
}

export interface Layout {
  readonly nodes: readonly Placed[];
  readonly cables: readonly Cable[];
  readonly width: number;
  readonly height: number;
}

export function layOut({ nodes, links }: Topology): Layout {
  const placed = place(nodes, links).map((one, _, all) => withRoom(one, all, links));
  const byName = new Map(placed.map((one) => [one.node.name, one]));
  const cables = links.map((link) => cableOf(link, links, byName));
  return {
    nodes: placed,
    cables,
    width: Math.max(...placed.map(({ x }) => x)) + BOX.width + BOX.margin,
    height: Math.max(...placed.map(({ y, height }) => y + height)) + BOX.margin,
  };
}

/** Boxes with many cables to the right are higher, by as much above as below: beside them stand as many others. */
function withRoom(one: Placed, all: readonly Placed[], links: readonly LinkConfig[]): Placed {
  const byName = new Map(all.map((each) => [each.node.name, each]));
  const toTheRight = links.filter(
    ({ ends }) =>
      ends.some(({ node }) => node === one.node.name) && ends.some(({ node }) => byName.get(node)!.x > one.x),
  );
  const height = Math.max(BOX.height, BOX.port * (toTheRight.length + 1));
  return { ...one, height, y: one.y - (height - BOX.height) / 2 };
}

/** Leaves one below the other, the rest beside their leaves. */
function place(nodes: readonly LabNode[], links: readonly LinkConfig[]): Placed[] {
  const placed = new Map<string, Placed>();
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const visited = new Set<string>();
  let nextRow = 0;
  const put = (node: LabNode, column: number): number => {
    const rows = childrenOf(node.name, links, visited).map((child) => put(byName.get(child)!, column + 1));
    const row = rows.length === 0 ? nextRow++ : (rows[0]! + rows.at(-1)!) / 2;
    const x = BOX.margin + column * (BOX.width + BOX.gapX);
    const y = BOX.margin + row * (BOX.height + BOX.gapY);
    placed.set(node.name, { node, x, y, height: BOX.height });
    return row;
  };
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

/** Cables between columns leave on the facing sides, each from a place of its own; those within one, from the right. */
function cableOf(link: LinkConfig, links: readonly LinkConfig[], byName: ReadonlyMap<string, Placed>): Cable {
  const [a, b] = link.ends.map(({ node }) => byName.get(node)!) as [Placed, Placed];
  const toRight = (one: Placed, other: Placed) => one.x < other.x || (one.x === other.x && one !== other);
  const at = (one: Placed, other: Placed): Point => {
    const isRight = toRight(one, other);
    // All cables on this side of the box, from the top down by where they lead.
    const same = links
      .filter(({ ends }) => ends.some(({ node }) => node === one.node.name))
      .map((each) => ({ each, other: otherEnd(each, one, byName) }))
      .filter((each) => toRight(one, each.other) === isRight)
      .sort((p, q) => p.other.y - q.other.y || links.indexOf(p.each) - links.indexOf(q.each));
    const index = same.findIndex(({ each }) => each === link);
    return {
      x: isRight ? one.x + BOX.width : one.x,
      y: one.y + (one.height * (index + 1)) / (same.length + 1),
    };
  };
  return { link, from: at(a, b), to: at(b, a) };
}

function otherEnd({ ends }: LinkConfig, one: Placed, byName: ReadonlyMap<string, Placed>): Placed {
  const other = ends.find(({ node }) => node !== one.node.name) ?? ends[1];
  return byName.get(other.node)!;
}

/** A frame around what is inside a hypervisor, guests of a nested one included. */
export function boundsOf(
  name: string,
  placed: readonly Placed[],
): { x: number; y: number; width: number; height: number } {
  const nodes = placed.map(({ node }) => node);
  const inside = placed.filter(({ node }) => isWithin(node, name, nodes));
  // A frame within another stands a little off it.
  const off = nodes.find((node) => node.name === name)?.inside === name ? 24 : 12;
  const left = Math.min(...inside.map(({ x }) => x)) - off;
  const top = Math.min(...inside.map(({ y }) => y)) - off - 8;
  const right = Math.max(...inside.map(({ x }) => x)) + BOX.width + off;
  const bottom = Math.max(...inside.map(({ y, height }) => y + height)) + off;
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function isWithin(node: LabNode, hypervisor: string, nodes: readonly LabNode[]): boolean {
  if (node.name === hypervisor || node.inside === hypervisor) return true;
  const outer = nodes.find(({ name }) => name === node.inside);
  return outer !== undefined && outer !== node && isWithin(outer, hypervisor, nodes);
}

/** What the rules of a chain fix, read back from the compiled rows: the raw material of the index. */
import type { InterfacePatterns } from './interface-patterns.ts';
import { Has, Row, type Program } from './compile.ts';
import { Dim } from './classifier-key.ts';
import { NO_MASK, type Masks, type Signature } from './classifier-signature.ts';

export class FiledRule {
  readonly slot: number;
  /** Where the source and destination words stand in the program's rows. */
  readonly source: number;
  readonly destination: number;
  /** Dim bits of what the rule fixes. */
  dims = 0;
  sourceMask: Int32Array = NO_MASK;
  destinationMask: Int32Array = NO_MASK;
  protocol = 0;
  iif = -1;
  oif = -1;
  /** Blocks that cover the rule's ports, each (level << 16) | (port >> level). */
  sportBlocks: readonly number[] = NO_BLOCKS;
  dportBlocks: readonly number[] = NO_BLOCKS;
  /** What it may be filed under. */
  signatures: readonly Signature[] = [];

  constructor(slot: number, source: number, destination: number) {
    this.slot = slot;
    this.source = source;
    this.destination = destination;
  }
}

const NO_BLOCKS: readonly number[] = [];

export function readRules(
  program: Program,
  chain: number,
  patterns: InterfacePatterns,
  masks: Masks,
): FiledRule[] {
  const start = program.layout.starts[chain]!;
  return program.layout.chains[chain]!.rules.map((_, i) => readRule(program, start + i, patterns, masks));
}

/** A negated condition fixes nothing, nor does a pattern that several interfaces match. */
function readRule(program: Program, slot: number, patterns: InterfacePatterns, masks: Masks): FiledRule {
  const { rows, addressWords: words } = program;
  const row = slot * program.stride;
  const flags = rows[row + Row.FLAGS]!;
  const rule = new FiledRule(slot, row + Row.ADDRESSES, row + Row.ADDRESSES + 2 * words);
  const fixes = (has: number, dim: number): boolean => {
    if ((flags & has) === 0 || (flags & (has << 1)) !== 0) return false;
    rule.dims |= dim;
    return true;
  };
  if (fixes(Has.SOURCE, Dim.SOURCE)) rule.sourceMask = masks.mask(rule.source + words);
  if (fixes(Has.DESTINATION, Dim.DESTINATION)) rule.destinationMask = masks.mask(rule.destination + words);
  if (fixes(Has.PROTOCOL, Dim.PROTOCOL)) rule.protocol = rows[row + Row.PROTOCOL]!;
  const iif = rows[row + Row.IN]!;
  if ((flags & Has.IN) !== 0 && patterns.isExact(iif) && fixes(Has.IN, Dim.IN)) rule.iif = iif;
  const oif = rows[row + Row.OUT]!;
  if ((flags & Has.OUT) !== 0 && patterns.isExact(oif) && fixes(Has.OUT, Dim.OUT)) rule.oif = oif;
  if ((flags & Has.PORTS) !== 0) readPorts(program, row, rule);
  rule.signatures = signaturesOf(rule, masks);
  return rule;
}

function readPorts({ rows, ports }: Program, row: number, rule: FiledRule): void {
  const end = rows[row + Row.PORTS_END]!;
  let i = rows[row + Row.PORTS]!;
  while (i < end) {
    const isSource = ports[i]! === 0;
    const next = i + 2 + 2 * ports[i + 1]!;
    const blocks = blocksOf(ports.subarray(i + 2, next));
    i = next;
    if (blocks === null) continue;
    rule.dims |= isSource ? Dim.SPORT : Dim.DPORT;
    if (isSource) rule.sportBlocks = blocks;
    else rule.dportBlocks = blocks;
  }
}

/** Ports in all ranges together beyond which they tell too little. */
const WIDE = 16384;

/** Blocks that cover the ranges, null when they are too wide to tell much (or empty, which matches nothing). */
function blocksOf(ranges: Int32Array): number[] | null {
  let ports = 0;
  for (let i = 0; i < ranges.length; i += 2) ports += Math.max(0, ranges[i + 1]! - ranges[i]! + 1);
  if (ports === 0 || ports > WIDE) return null;
  const blocks = new Set<number>();
  for (let i = 0; i < ranges.length; i += 2) cover(ranges[i]!, ranges[i + 1]!, blocks);
  return [...blocks];
}

/** Block sizes, as shifts: 1, 8, 64, 512 and 4096 ports. */
const STEP = 3;
const LARGEST = 12;

/**
 * Aligned blocks over a range. The smallest used are an eighth of the largest that fits into it, so that what sticks out
 * at the ends is little, and so is the number of blocks: at most 7 small ones at either end, and 9 large ones.
 */
function cover(low: number, high: number, blocks: Set<number>): void {
  if (high < low) return;
  const fitting = Math.floor((31 - Math.clz32(high - low + 1)) / STEP) * STEP;
  const smallest = Math.max(0, Math.min(fitting, LARGEST) - STEP);
  let port = (low >> smallest) << smallest;
  while (port <= high) {
    let level = smallest;
    while (level < LARGEST && isAligned(port, level + STEP) && port + (1 << (level + STEP)) - 1 <= high)
      level += STEP;
    blocks.add((level << 16) | (port >> level));
    port += 1 << level;
  }
}

function isAligned(port: number, level: number): boolean {
  return (port & ((1 << level) - 1)) === 0;
}

/** Each field alone (a port with its protocol), and all of them with one of the ports. */
function signaturesOf(rule: FiledRule, masks: Masks): Signature[] {
  const { dims } = rule;
  const choices: number[] = [];
  const offer = (choice: number): void => {
    if (choice !== 0 && !choices.includes(choice)) choices.push(choice);
  };
  for (const dim of [Dim.SOURCE, Dim.DESTINATION, Dim.IN, Dim.OUT, Dim.PROTOCOL]) offer(dims & dim);
  const all = dims & ~(Dim.SPORT | Dim.DPORT);
  for (const port of [Dim.SPORT, Dim.DPORT]) {
    if ((dims & port) === 0) continue;
    offer(port | (dims & Dim.PROTOCOL));
    offer(port | all);
  }
  offer(all);
  return choices.map((choice) => masks.signature(choice, rule.sourceMask, rule.destinationMask));
}

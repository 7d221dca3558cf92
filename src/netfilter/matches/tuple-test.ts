/**
 * The part of `conntrack` that looks at one direction's tuple: protocol, addresses, ports; and how those are written.
 */
import type { Direction } from '../conntrack/ct-info.ts';
import { Tuple } from '../conntrack/tuple.ts';
import type { ConntrackView } from '../conntrack/view.ts';
import type { Given, ValueType } from '../extension.ts';
import {
  badAddress,
  parseHostAddress,
  parseHostMask,
  parseProtocol,
  resolvedPortRange,
  wholeAddress,
  type MaskedAddress,
  type Range,
} from '../syntax/values/index.ts';

/** `address[/mask]`; the address is kept and printed whole. */
export const tupleAddress: ValueType<MaskedAddress> = {
  ...wholeAddress,
  parse([word], { family }) {
    const slash = word!.indexOf('/');
    const words = parseHostAddress(slash < 0 ? word! : word!.slice(0, slash), family);
    if (words === null) throw badAddress(word!);
    return { words, mask: parseHostMask(slash < 0 ? undefined : word!.slice(slash + 1), family) };
  },
};

/** A protocol by name or number, printed as a number. */
export const tupleProtocol: ValueType<number> = {
  label: 'protocol',
  parse: (words) => parseProtocol(words[0]!),
  print: String,
};

/** `port[:port]`; ends the wrong way round are let through and hold no port. */
export const tuplePorts = resolvedPortRange;

export interface TupleInfo {
  readonly protocol: Given<number> | undefined;
  readonly source: Given<MaskedAddress> | undefined;
  readonly destination: Given<MaskedAddress> | undefined;
  readonly sourcePort: Given<Range> | undefined;
  readonly destinationPort: Given<Range> | undefined;
}

const scratchTuple = new Tuple();
/** What a template of `-j CT` has for a tuple. */
const EMPTY = new Tuple();

export class TupleTest {
  private readonly conntrack: ConntrackView;
  private readonly direction: Direction;
  private readonly protocol: Given<number> | null;
  private readonly source: Given<MaskedAddress> | null;
  private readonly destination: Given<MaskedAddress> | null;
  private readonly sourcePort: Given<Range> | null;
  private readonly destinationPort: Given<Range> | null;

  private constructor(conntrack: ConntrackView, direction: Direction, info: TupleInfo) {
    this.conntrack = conntrack;
    this.direction = direction;
    this.protocol = info.protocol ?? null;
    this.source = info.source ?? null;
    this.destination = info.destination ?? null;
    this.sourcePort = info.sourcePort ?? null;
    this.destinationPort = info.destinationPort ?? null;
  }

  /** Null when nothing is asked of the direction. */
  static of(conntrack: ConntrackView, direction: Direction, info: TupleInfo): TupleTest | null {
    const asks = Object.values(info).some((given) => given !== undefined);
    return asks ? new TupleTest(conntrack, direction, info) : null;
  }

  test(entry: number): boolean {
    let tuple = EMPTY;
    if (entry > 0) {
      tuple = scratchTuple;
      this.conntrack.readTuple(entry, this.direction, tuple);
    }
    const { protocol, source, destination, sourcePort, destinationPort } = this;
    if (protocol !== null && (tuple.proto === protocol.value) === protocol.not) return false;
    if (source !== null && isFrom(tuple, source.value) === source.not) return false;
    if (destination !== null && isTo(tuple, destination.value) === destination.not) return false;
    if (sourcePort !== null && holds(sourcePort.value, tuple.srcId) === sourcePort.not) return false;
    return destinationPort === null || holds(destinationPort.value, tuple.dstId) !== destinationPort.not;
  }
}

function holds(range: Range, port: number): boolean {
  return port >= range.low && port <= range.high;
}

function isFrom(tuple: Tuple, { words, mask }: MaskedAddress): boolean {
  return (
    (((tuple.src0 ^ words[0]!) & mask[0]!) |
      ((tuple.src1 ^ words[1]!) & mask[1]!) |
      ((tuple.src2 ^ words[2]!) & mask[2]!) |
      ((tuple.src3 ^ words[3]!) & mask[3]!)) ===
    0
  );
}

function isTo(tuple: Tuple, { words, mask }: MaskedAddress): boolean {
  return (
    (((tuple.dst0 ^ words[0]!) & mask[0]!) |
      ((tuple.dst1 ^ words[1]!) & mask[1]!) |
      ((tuple.dst2 ^ words[2]!) & mask[2]!) |
      ((tuple.dst3 ^ words[3]!) & mask[3]!)) ===
    0
  );
}

/** Which connections a request means: its parameters made into one test of an entry. */
import type { Conntrack } from '../../netfilter/conntrack/conntrack.ts';
import { CtStatus } from '../../netfilter/conntrack/ct-info.ts';
import { PROTO_OCTETS } from '../../netfilter/conntrack/record.ts';
import { Tuple } from '../../netfilter/conntrack/tuple.ts';
import { parseMark, parseZone, type Words } from './words.ts';

export type Selection = (entry: number) => boolean;

const original = new Tuple();
const reply = new Tuple();

/** `asFilter`: what `-m`, `-u` say selects; of -U they say what is to be changed. */
export function selectionOf(conntrack: Conntrack, words: Words, asFilter: boolean): Selection {
  const { options, ofProtocol } = words.request;
  const { connections } = conntrack;
  const tests: ((entry: number) => boolean)[] = [];
  const add = (test: (entry: number) => boolean) => tests.push(test);
  const { family, protocol } = words;
  if (family !== null) add(() => original.family === family);
  if (protocol !== null) add(() => original.proto === protocol);
  const { src, dst, replySrc, replyDst } = words.addresses;
  if (src !== null) add(() => src.hasSource(original));
  if (dst !== null) add(() => dst.hasDestination(original));
  if (replySrc !== null) add(() => replySrc.hasSource(reply));
  if (replyDst !== null) add(() => replyDst.hasDestination(reply));
  const isIcmp = protocol === 1 || protocol === 58;
  const number = (name: Parameters<typeof ofProtocol.get>[0], of: () => number) => {
    const text = ofProtocol.get(name);
    if (text !== undefined) add(() => of() === words.number(text));
  };
  number('sport', () => original.srcId);
  number('dport', () => original.dstId);
  number('reply-port-src', () => reply.srcId);
  number('reply-port-dst', () => reply.dstId);
  if (isIcmp) {
    number('type', () => original.dstId >>> 8);
    number('code', () => original.dstId & 0xff);
    number('icmp-id', () => original.srcId);
  }
  const wanted = words.request.labels.get('label') ?? [];
  if (wanted.length > 0) add((entry) => wanted.every((label) => conntrack.labels.has(entry, label)));
  const state = words.state;
  if (state !== null) add((entry) => connections.octets[entry * PROTO_OCTETS] === state);
  addTranslated(words, add, conntrack);
  const zone = options.get('zone');
  // A zone of both directions.
  if (zone !== undefined) add(() => original.zone === parseZone(zone) && reply.zone === original.zone);
  const [there, back] = [options.get('orig-zone'), options.get('reply-zone')];
  if (there !== undefined) add(() => original.zone === parseZone(there) && reply.zone !== original.zone);
  if (back !== undefined) add(() => reply.zone === parseZone(back) && reply.zone !== original.zone);
  if (asFilter) {
    const mark = options.get('mark');
    if (mark !== undefined) {
      const { value, mask } = parseMark(mark);
      add((entry) => (connections.mark[entry]! & mask) === (value & mask));
    }
    const { status } = words;
    if (status !== null) add((entry) => (connections.status[entry]! & status) === status);
  }
  return (entry) => {
    conntrack.readTuple(entry, 0, original);
    conntrack.readTuple(entry, 1, reply);
    return tests.every((test) => test(entry));
  };
}

/** `-n`, `-g`, `-j`: that it was translated, and to which address. */
function addTranslated(
  { request, addresses }: Words,
  add: (test: (entry: number) => boolean) => void,
  { connections }: Conntrack,
): void {
  const { options } = request;
  const isSource = (entry: number) =>
    (connections.status[entry]! & CtStatus.SRC_NAT) !== 0 && !sameEnd(original, 'src', reply, 'dst');
  const isDestination = (entry: number) =>
    (connections.status[entry]! & CtStatus.DST_NAT) !== 0 && !sameEnd(original, 'dst', reply, 'src');
  const toSource = (entry: number) => isSource(entry) && (addresses.srcNat?.hasDestination(reply) ?? true);
  const toDestination = (entry: number) =>
    isDestination(entry) && (addresses.dstNat?.hasSource(reply) ?? true);
  if (options.has('src-nat')) add(toSource);
  if (options.has('dst-nat')) add(toDestination);
  if (options.has('any-nat')) {
    const { anyNat } = addresses;
    add(
      (entry) =>
        (isSource(entry) && (anyNat?.hasDestination(reply) ?? true)) ||
        (isDestination(entry) && (anyNat?.hasSource(reply) ?? true)),
    );
  }
}

export function sameEnd(a: Tuple, aSide: 'src' | 'dst', b: Tuple, bSide: 'src' | 'dst'): boolean {
  return (
    a[`${aSide}0`] === b[`${bSide}0`] &&
    a[`${aSide}1`] === b[`${bSide}1`] &&
    a[`${aSide}2`] === b[`${bSide}2`] &&
    a[`${aSide}3`] === b[`${bSide}3`]
  );
}

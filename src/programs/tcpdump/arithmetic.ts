/** Relations of a capture filter: `tcp[tcpflags] & (tcp-syn|tcp-fin) != 0`, `ip[0] & 0xf != 5`, `len > 100`. */
import {
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from '../../wire/ip-protocol.ts';
import {
  byteAt,
  hasProtocol4,
  isIp4,
  isIp6,
  networkOffset,
  PAST_END,
  transport4,
  transport6,
  type Frame,
} from './frame.ts';
import { isArp } from './primitives.ts';
import type { Tokens } from './tokens.ts';

export type Value = (frame: Frame) => number;

/** The frame is not of the protocol that a relation is about: the relation does not hold. */
export class OtherProtocol extends Error {}

const OTHER_PROTOCOL = new OtherProtocol();

/** Where `PROTO[…]` counts from; frames that are not of the protocol fail the relation. */
const BASES: ReadonlyMap<string, (frame: Frame, tags: number) => number> = new Map<
  string,
  (frame: Frame, tags: number) => number
>([
  ['ether', () => 0],
  ['link', () => 0],
  ['ip', (frame, tags) => need(isIp4(frame, tags), networkOffset(frame, tags))],
  ['ip6', (frame, tags) => need(isIp6(frame, tags), networkOffset(frame, tags))],
  ['arp', (frame, tags) => need(isArp(tags)(frame), networkOffset(frame, tags))],
  ['tcp', behindIp4(IPPROTO_TCP)],
  ['udp', behindIp4(IPPROTO_UDP)],
  ['icmp', behindIp4(IPPROTO_ICMP)],
  ['sctp', behindIp4(IPPROTO_SCTP)],
  [
    'icmp6',
    (frame, tags) =>
      need(
        isIp6(frame, tags) && byteAt(frame, networkOffset(frame, tags) + 6) === IPPROTO_ICMPV6,
        transport6(frame, tags),
      ),
  ],
]);

function behindIp4(protocol: number) {
  return (frame: Frame, tags: number) => need(hasProtocol4(frame, tags, protocol), transport4(frame, tags));
}

function need(is: boolean, at: number): number {
  if (!is || at < 0) throw OTHER_PROTOCOL;
  return at;
}

export function isIndexed(name: string): boolean {
  return BASES.has(name);
}

const NAMES: ReadonlyMap<string, number> = new Map([
  ...Object.entries({ tcpflags: 13, icmptype: 0, icmpcode: 1, icmp6type: 0, icmp6code: 1 }),
  ...['fin', 'syn', 'rst', 'push', 'ack', 'urg', 'ece', 'cwr'].map(
    (name, i) => [`tcp-${name}`, 1 << i] as const,
  ),
  ...Object.entries({
    'icmp-echoreply': 0,
    'icmp-unreach': 3,
    'icmp-sourcequench': 4,
    'icmp-redirect': 5,
    'icmp-echo': 8,
    'icmp-routeradvert': 9,
    'icmp-routersolicit': 10,
    'icmp-timxceed': 11,
    'icmp-paramprob': 12,
    'icmp-tstamp': 13,
    'icmp-tstampreply': 14,
    'icmp6-destinationunreach': 1,
    'icmp6-packettoobig': 2,
    'icmp6-timeexceeded': 3,
    'icmp6-parameterproblem': 4,
    'icmp6-echo': 128,
    'icmp6-echoreply': 129,
    'icmp6-routersolicit': 133,
    'icmp6-routeradvert': 134,
    'icmp6-neighborsolicit': 135,
    'icmp6-neighboradvert': 136,
    'icmp6-redirect': 137,
  }),
]);

/** By how strongly they bind, weakest first. */
const LEVELS: readonly Readonly<Record<string, (a: number, b: number) => number>>[] = [
  { '|': (a, b) => (a | b) >>> 0 },
  { '^': (a, b) => (a ^ b) >>> 0 },
  { '&': (a, b) => (a & b) >>> 0 },
  { '<<': (a, b) => (b > 31 ? 0 : (a << b) >>> 0), '>>': (a, b) => (b > 31 ? 0 : a >>> b) },
  { '+': (a, b) => (a + b) >>> 0, '-': (a, b) => (a - b) >>> 0 },
  { '*': (a, b) => Math.imul(a, b) >>> 0, '/': divided, '%': (a, b) => rest(a, b) },
];

/** The machine that filters run on ends at a division by zero, and takes nothing. */
function divided(a: number, b: number): number {
  if (b === 0) throw PAST_END;
  return Math.floor(a / b);
}

function rest(a: number, b: number): number {
  if (b === 0) throw PAST_END;
  return a % b;
}

export function readValue(tokens: Tokens, tags: number, level = 0): Value {
  const operators = LEVELS[level];
  if (operators === undefined) return readOperand(tokens, tags);
  let left = readValue(tokens, tags, level + 1);
  for (;;) {
    const operator = tokens.peek();
    if (operator === null || !Object.hasOwn(operators, operator)) return left;
    tokens.next();
    const [a, b, act] = [left, readValue(tokens, tags, level + 1), operators[operator]!];
    left = (frame) => act(a(frame), b(frame));
  }
}

function readOperand(tokens: Tokens, tags: number): Value {
  const word = tokens.next();
  if (word === '(') {
    const value = readValue(tokens, tags);
    tokens.expect(')');
    return value;
  }
  if (word === '-') {
    const value = readOperand(tokens, tags);
    return (frame) => -value(frame) >>> 0;
  }
  if (word === 'len') return (frame) => frame.length;
  if (/^(?:0x[\da-f]+|\d+)$/i.test(word)) {
    const number = Number(word) >>> 0;
    return () => number;
  }
  const named = NAMES.get(word);
  if (named !== undefined) return () => named;
  const base = BASES.get(word);
  if (base === undefined) throw tokens.mistake(`"${word}" is no number and no protocol`);
  return readIndexed(base, tokens, tags);
}

function readIndexed(base: (frame: Frame, tags: number) => number, tokens: Tokens, tags: number): Value {
  tokens.expect('[');
  const offset = readValue(tokens, tags);
  let size = 1;
  if (tokens.peek() === ':') {
    tokens.next();
    size = Number(tokens.next());
    if (![1, 2, 4].includes(size)) throw tokens.mistake('data size must be 1, 2, or 4');
  }
  tokens.expect(']');
  return (frame) => {
    const at = base(frame, tags) + offset(frame);
    let value = 0;
    for (let i = 0; i < size; i++) value = ((value << 8) | byteAt(frame, at + i)) >>> 0;
    return value;
  };
}

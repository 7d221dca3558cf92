/**
 * Capture filters, as pcap-filter(7) describes them, made into one test of a frame.
 *
 *     host 10.0.0.1 and (tcp port 80 or icmp)      src net 10.0.0.0/8      tcp[tcpflags] & tcp-syn != 0
 *
 * `and` and `or` bind equally and from the left, `not` most strongly. A value alone has the qualifiers of the one before it
 * (`port 80 or 443`). Behind `vlan` everything is looked for behind the tag. Not here: names of hosts, `gateway`, `broadcast`
 * of IP, 802.11, PPPoE, MPLS, `protochain`. What is not known is refused, with its place.
 */
import { parseProtocol } from '../../netfilter/syntax/values/protocols.ts';
import { servicePort } from '../../netfilter/syntax/values/services.ts';
import { parseIp4, parseIp6, parseMac } from '../../wire/address.ts';
import { ETH_P_ARP, ETH_P_IP } from '../../wire/ether-type.ts';
import { IPPROTO_SCTP, IPPROTO_TCP, IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import { isIndexed, OtherProtocol, readValue } from './arithmetic.ts';
import { etherType, PastEnd, wordAt } from './frame.ts';
import {
  address4,
  address6,
  etherAddress,
  etherGroup,
  ETH_P_RARP,
  ipGroup,
  ipProtocol,
  ofEtherType,
  ports,
  PROTOCOL_WORDS,
  type AddressBits,
  type Direction,
  type Test,
} from './primitives.ts';
import { Tokens } from './tokens.ts';

/** Throws FilterMistake. An empty expression takes everything. */
export function compileFilter(text: string): Test {
  if (text.trim() === '') return () => true;
  return new Parser(text).parse();
}

interface Qualifiers {
  readonly protocol: string | null;
  readonly direction: Direction;
  readonly type: string | null;
}

/** What may follow a number in a relation. */
const IN_RELATIONS = /^(?:[-+*\/%&|^=<>]|<<|>>|[<>!=]=)$/;

/** Of a value that stands alone. */
const ANY_HOST: Qualifiers = { protocol: null, direction: 'or', type: null };

const TYPES = ['host', 'net', 'port', 'portrange', 'proto'] as const;
const RELATIONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '=': (a, b) => a === b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
};
const PORT_PROTOCOLS: Readonly<Record<string, number>> = {
  tcp: IPPROTO_TCP,
  udp: IPPROTO_UDP,
  sctp: IPPROTO_SCTP,
};
const ETHER_TYPES: Readonly<Record<string, number>> = {
  ip: ETH_P_IP,
  ip6: 0x86dd,
  arp: ETH_P_ARP,
  rarp: ETH_P_RARP,
};
const VLAN_TYPES: readonly number[] = [0x8100, 0x88a8, 0x9100];
const VLAN_TAG = 4;
const MAX_PORT = 65535;

class Parser {
  private readonly tokens: Tokens;
  /** Of the value before. */
  private last: Qualifiers | null = null;
  /** Bytes of VLAN tags that `vlan` has looked through. */
  private tags = 0;

  constructor(text: string) {
    this.tokens = new Tokens(text);
  }

  parse(): Test {
    const test = this.expression();
    if (this.tokens.peek() !== null) throw this.tokens.mistake('syntax error', 0);
    return (frame) => {
      try {
        return test(frame);
      } catch (error) {
        if (error instanceof PastEnd) return false;
        throw error;
      }
    };
  }

  private expression(): Test {
    let left = this.negated();
    for (;;) {
      const word = this.tokens.take('and', '&&', 'or', '||');
      if (word === null) return left;
      const [a, b] = [left, this.negated()];
      left =
        word === 'and' || word === '&&' ? (frame) => a(frame) && b(frame) : (frame) => a(frame) || b(frame);
    }
  }

  private negated(): Test {
    if (this.tokens.take('not', '!') !== null) {
      const test = this.negated();
      return (frame) => !test(frame);
    }
    return this.primary();
  }

  private primary(): Test {
    const { tokens } = this;
    const relation = this.relation();
    if (relation !== null) return relation;
    if (tokens.take('(') !== null) {
      const test = this.expression();
      tokens.expect(')');
      return test;
    }
    return this.single() ?? this.qualified();
  }

  /** `VALUE REL VALUE`, when that is what comes: it begins with a number, a bracketed protocol or a parenthesis of such. */
  private relation(): Test | null {
    const { tokens } = this;
    let ahead = 0;
    while (tokens.peek(ahead) === '(') ahead++;
    const word = tokens.peek(ahead) ?? '';
    const begins =
      word === 'len' || (isIndexed(word) && tokens.peek(ahead + 1) === '[') || (word === '-' && ahead >= 0);
    const isNumber = /^(?:0x[\da-f]+|\d+)$/i.test(word) && IN_RELATIONS.test(tokens.peek(ahead + 1) ?? '');
    if (!begins && !isNumber) return null;
    const position = tokens.position;
    try {
      const left = readValue(tokens, this.tags);
      const sign = tokens.next();
      const compare = Object.hasOwn(RELATIONS, sign) ? RELATIONS[sign]! : null;
      if (compare === null) throw tokens.mistake('a comparison is missing');
      const right = readValue(tokens, this.tags);
      return (frame) => {
        try {
          return compare(left(frame), right(frame));
        } catch (error) {
          if (error instanceof OtherProtocol) return false;
          throw error;
        }
      };
    } catch (error) {
      // A parenthesis around relations, not around a number.
      if (ahead === 0) throw error;
      tokens.rewind(position);
      return null;
    }
  }

  /** Words that are a primitive by themselves. */
  private single(): Test | null {
    const { tokens, tags } = this;
    switch (tokens.peek()) {
      case 'less':
      case 'greater': {
        const word = tokens.next();
        const length = this.number(tokens.next());
        return (frame) => (word === 'less' ? frame.length <= length : frame.length >= length);
      }
      case 'vlan':
        tokens.next();
        return this.vlan();
      case 'inbound':
        tokens.next();
        return (frame) => !frame.isOut;
      case 'outbound':
        tokens.next();
        return (frame) => frame.isOut;
      case 'broadcast':
      case 'multicast':
        return etherGroup(tokens.next() === 'broadcast');
      case 'ether':
        if (tokens.peek(1) !== 'broadcast' && tokens.peek(1) !== 'multicast') return null;
        tokens.next();
        return etherGroup(tokens.next() === 'broadcast');
      case 'ip':
      case 'ip6': {
        if (tokens.peek(1) !== 'multicast') return null;
        const family = tokens.next() === 'ip' ? 4 : 6;
        tokens.next();
        return ipGroup([family], tags);
      }
      default:
        return null;
    }
  }

  private vlan(): Test {
    const word = this.tokens.peek() ?? '';
    const id = /^\d+$/.test(word) ? this.number(this.tokens.next()) : null;
    const { tags } = this;
    this.tags += VLAN_TAG;
    return (frame) =>
      VLAN_TYPES.includes(etherType(frame, tags)) &&
      (id === null || (wordAt(frame, 14 + tags) & 0xfff) === id);
  }

  private qualified(): Test {
    const { tokens } = this;
    const start = tokens.position;
    const protocol = this.protocolWord();
    const direction = this.direction();
    const type = tokens.take(...TYPES);
    if (tokens.position === start) {
      return this.value(this.last ?? ANY_HOST);
    }
    const next = tokens.peek();
    const endsHere = next === null || ['and', 'or', '&&', '||', ')'].includes(next);
    if (protocol !== null && direction === null && type === null && endsHere) {
      const test = PROTOCOL_WORDS.get(protocol);
      if (test === undefined) throw tokens.mistake(`what of ${protocol}?`);
      return test(this.tags);
    }
    const qualifiers = { protocol, direction: direction ?? 'or', type };
    this.last = qualifiers;
    return this.value(qualifiers);
  }

  private protocolWord(): string | null {
    return this.tokens.take('ether', ...PROTOCOL_WORDS.keys());
  }

  private direction(): Direction | null {
    const { tokens } = this;
    const first = tokens.take('src', 'dst');
    if (first === null) return null;
    const [join, second] = [tokens.peek(), tokens.peek(1)];
    if ((join !== 'or' && join !== 'and') || (second !== 'src' && second !== 'dst') || second === first) {
      return first as 'src' | 'dst';
    }
    tokens.next();
    tokens.next();
    return join;
  }

  private value(qualifiers: Qualifiers): Test {
    const { tokens } = this;
    const word = tokens.next();
    switch (qualifiers.type) {
      case 'port':
        return this.port(word, word, qualifiers);
      case 'portrange': {
        const [low = '', high = low] = word.split('-');
        return this.port(low, high, qualifiers);
      }
      case 'proto':
        return this.proto(word, qualifiers);
      default:
        return this.address(word, qualifiers);
    }
  }

  private port(low: string, high: string, { protocol, direction }: Qualifiers): Test {
    if (protocol !== null && !Object.hasOwn(PORT_PROTOCOLS, protocol)) {
      throw this.tokens.mistake(`illegal qualifier of 'port'`);
    }
    const number = protocol === null ? null : PORT_PROTOCOLS[protocol]!;
    const [from, to] = [this.portNumber(low, protocol), this.portNumber(high, protocol)];
    return ports(Math.min(from, to), Math.max(from, to), direction, number, this.tags);
  }

  private portNumber(word: string, protocol: string | null): number {
    if (/^\d+$/.test(word)) {
      if (Number(word) > MAX_PORT) throw this.tokens.mistake(`illegal port number ${word} > 65535`);
      return Number(word);
    }
    const port = servicePort(word, protocol);
    if (port < 0) throw this.tokens.mistake(`unknown port '${word}'`);
    return port;
  }

  private proto(word: string, { protocol }: Qualifiers): Test {
    const name = word.replace(/^\\/, '');
    if (protocol === 'ether') {
      const type = Object.hasOwn(ETHER_TYPES, name) ? ETHER_TYPES[name]! : this.number(name);
      return ofEtherType(type, this.tags);
    }
    let number: number;
    try {
      number = parseProtocol(name);
    } catch {
      throw this.tokens.mistake(`unknown ip proto '${name}'`);
    }
    const families =
      protocol === 'ip' ? ([4] as const) : protocol === 'ip6' ? ([6] as const) : ([4, 6] as const);
    return ipProtocol(number, families, this.tags);
  }

  private address(word: string, { protocol, direction, type }: Qualifiers): Test {
    if (protocol === 'ether') {
      const mac = parseMac(word);
      if (mac === undefined) throw this.tokens.mistake(`"${word}" is no address of Ethernet`);
      return etherAddress({ bytes: mac, mask: new Uint8Array(6).fill(0xff) }, direction);
    }
    if (protocol !== null && !['ip', 'ip6', 'arp', 'rarp'].includes(protocol)) {
      throw this.tokens.mistake(`'${protocol}' modifier applied to host`);
    }
    const address = this.addressBits(word, type === 'net');
    if (address.bytes.length === 16) {
      if (protocol !== null && protocol !== 'ip6')
        throw this.tokens.mistake(`'${protocol}' modifier applied to ip6 host`);
      return address6(address, direction, this.tags);
    }
    const where =
      protocol === null
        ? [ETH_P_IP, ETH_P_ARP, ETH_P_RARP]
        : [ETHER_TYPES[protocol === 'ip6' ? 'ip' : protocol]!];
    return address4(address, direction, where, ETH_P_IP, this.tags);
  }

  private addressBits(word: string, isNet: boolean): AddressBits {
    const [text = '', length] = word.split('/');
    const bytes = bytesOf(text, isNet);
    if (bytes === null) throw this.unknown(word);
    const bits = bytes.length * 8;
    let prefix = length === undefined ? bits : this.number(length);
    // `net 10.1` is 10.1.0.0/16.
    if (length === undefined && isNet && bytes.length === 4) prefix = text.split('.').length * 8;
    if (prefix > bits) throw this.tokens.mistake(`mask length must be <= ${bits}`);
    const mask = maskOf(bytes.length, prefix);
    if (this.tokens.take('mask') !== null) {
      const given = bytesOf(this.tokens.next(), false);
      if (given === null || given.length !== bytes.length) throw this.tokens.mistake('this is no mask');
      return this.checked(word, bytes, given);
    }
    return this.checked(word, bytes, mask);
  }

  private checked(word: string, bytes: Uint8Array, mask: Uint8Array): AddressBits {
    if (bytes.some((byte, i) => (byte & ~mask[i]!) !== 0)) {
      throw this.tokens.mistake(`non-network bits set in "${word}"`);
    }
    return { bytes, mask };
  }

  private number(word: string): number {
    if (!/^(?:0x[\da-f]+|\d+)$/i.test(word)) throw this.tokens.mistake(`"${word}" is no number`);
    return Number(word);
  }

  private unknown(word: string): Error {
    return this.tokens.mistake(/^[\w.-]+$/.test(word) ? `unknown host or word "${word}"` : 'syntax error');
  }
}

function bytesOf(text: string, isShort: boolean): Uint8Array | null {
  const full =
    isShort && /^\d+(\.\d+){0,2}$/.test(text) ? text + '.0'.repeat(4 - text.split('.').length) : text;
  const v4 = parseIp4(full);
  if (v4 !== undefined) return Uint8Array.of(v4 >>> 24, v4 >>> 16, v4 >>> 8, v4);
  const words = new Int32Array(4);
  if (!parseIp6(text, words)) return null;
  const bytes = new Uint8Array(16);
  for (let i = 0; i < 16; i++) bytes[i] = words[i >> 2]! >>> (24 - (i & 3) * 8);
  return bytes;
}

function maskOf(length: number, prefix: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => {
    const bits = Math.min(Math.max(prefix - i * 8, 0), 8);
    return 0xff << (8 - bits);
  });
}

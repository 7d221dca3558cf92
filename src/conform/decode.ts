/**
 * Frames in words, for the harness's reports: one list of named fields a frame, and two such lists side by side.
 *
 * Not a dissector: Ethernet, ARP, IPv4, IPv6 with fragment headers, TCP, UDP, ICMP; the rest stays hexadecimal.
 */
export interface Field {
  readonly name: string;
  readonly value: string;
}

const TCP_LETTERS = 'FSRPAUEC';
/** Width of the left column: an IPv6 address and a little. */
const COLUMN = 44;

class Reader {
  readonly #bytes: Buffer;
  readonly fields: Field[] = [];
  at = 0;

  constructor(hex: string) {
    this.#bytes = Buffer.from(hex, 'hex');
  }

  get left(): number {
    return this.#bytes.length - this.at;
  }

  number(size: 1 | 2 | 4): number {
    const value = this.#bytes.readUIntBE(this.at, size);
    this.at += size;
    return value;
  }

  hex(size: number): string {
    const value = this.#bytes.toString('hex', this.at, this.at + size);
    this.at += size;
    return value;
  }

  add(name: string, value: string | number): void {
    this.fields.push({ name, value: String(value) });
  }

  addNumber(name: string, size: 1 | 2 | 4): number {
    const value = this.number(size);
    this.add(name, value);
    return value;
  }

  addHex(name: string, size: number): void {
    if (size > 0) this.add(name, this.hex(size));
  }
}

export function decode(hex: string): Field[] {
  const reader = new Reader(hex);
  try {
    decodeEthernet(reader);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    reader.add('cut short at byte', reader.at);
  }
  return reader.fields;
}

function decodeEthernet(reader: Reader): void {
  reader.add('eth.dst', colons(reader.hex(6)));
  reader.add('eth.src', colons(reader.hex(6)));
  const type = reader.hex(2);
  reader.add('eth.type', type);
  if (type === '0800') decodeIpv4(reader, 'ip');
  else if (type === '86dd') decodeIpv6(reader, 'ip6');
  else if (type === '0806') decodeArp(reader);
  reader.addHex('rest', reader.left);
}

function decodeArp(reader: Reader): void {
  reader.addHex('arp.types', 6);
  reader.addNumber('arp.op', 2);
  reader.add('arp.sha', colons(reader.hex(6)));
  reader.add('arp.spa', dots(reader.hex(4)));
  reader.add('arp.tha', colons(reader.hex(6)));
  reader.add('arp.tpa', dots(reader.hex(4)));
}

function decodeIpv4(reader: Reader, name: string): void {
  const headerLength = (reader.number(1) & 15) * 4;
  reader.add(`${name}.hl`, headerLength);
  reader.addHex(`${name}.tos`, 1);
  reader.addNumber(`${name}.len`, 2);
  reader.addNumber(`${name}.id`, 2);
  const fragment = reader.number(2);
  reader.add(`${name}.flags`, `${fragment & 0x4000 ? 'DF' : '-'} ${fragment & 0x2000 ? 'MF' : '-'}`);
  reader.add(`${name}.offset`, (fragment & 0x1fff) * 8);
  reader.addNumber(`${name}.ttl`, 1);
  const protocol = reader.addNumber(`${name}.proto`, 1);
  reader.addHex(`${name}.csum`, 2);
  reader.add(`${name}.src`, dots(reader.hex(4)));
  reader.add(`${name}.dst`, dots(reader.hex(4)));
  reader.addHex(`${name}.options`, Math.min(headerLength - 20, reader.left));
  if ((fragment & 0x1fff) === 0) decodeTransport(reader, name, protocol);
}

function decodeIpv6(reader: Reader, name: string): void {
  const first = reader.number(4);
  reader.add(`${name}.class`, (first >>> 20) & 0xff);
  reader.add(`${name}.flow`, (first & 0xfffff).toString(16));
  reader.addNumber(`${name}.len`, 2);
  let next = reader.addNumber(`${name}.next`, 1);
  reader.addNumber(`${name}.hops`, 1);
  reader.add(`${name}.src`, words(reader.hex(16)));
  reader.add(`${name}.dst`, words(reader.hex(16)));
  if (next === 44) {
    next = reader.addNumber('frag.next', 1);
    reader.addHex('frag.reserved', 1);
    const offset = reader.number(2);
    reader.add('frag.offset', `${offset & 0xfff8}${offset & 1 ? ' MF' : ''}`);
    reader.addHex('frag.id', 4);
    if ((offset & 0xfff8) !== 0) return;
  }
  decodeTransport(reader, name, next);
}

function decodeTransport(reader: Reader, carrier: string, protocol: number): void {
  if (protocol === 6) decodeTcp(reader, carrier === 'ip' || carrier === 'ip6' ? 'tcp' : 'inner tcp');
  else if (protocol === 17) decodeUdp(reader, carrier === 'ip' || carrier === 'ip6' ? 'udp' : 'inner udp');
  else if (protocol === 1 || protocol === 58) decodeIcmp(reader, carrier, protocol === 58);
}

function decodeTcp(reader: Reader, name: string): void {
  reader.addNumber(`${name}.sport`, 2);
  reader.addNumber(`${name}.dport`, 2);
  reader.addNumber(`${name}.seq`, 4);
  if (reader.left < 12) return;
  reader.addNumber(`${name}.ack`, 4);
  const offset = (reader.number(1) >> 4) * 4;
  reader.add(`${name}.hl`, offset);
  const flags = reader.number(1);
  reader.add(`${name}.flags`, [...TCP_LETTERS].filter((_, bit) => flags & (1 << bit)).join('') || 'none');
  reader.addNumber(`${name}.window`, 2);
  reader.addHex(`${name}.csum`, 2);
  reader.addHex(`${name}.urgent`, 2);
  reader.addHex(`${name}.options`, Math.min(offset - 20, reader.left));
}

function decodeUdp(reader: Reader, name: string): void {
  reader.addNumber(`${name}.sport`, 2);
  reader.addNumber(`${name}.dport`, 2);
  reader.addNumber(`${name}.len`, 2);
  reader.addHex(`${name}.csum`, 2);
}

function decodeIcmp(reader: Reader, carrier: string, v6: boolean): void {
  const name = carrier.startsWith('inner') ? 'inner icmp' : 'icmp';
  const type = reader.addNumber(`${name}.type`, 1);
  reader.addNumber(`${name}.code`, 1);
  reader.addHex(`${name}.csum`, 2);
  reader.addHex(`${name}.word`, 4);
  const isError = v6 ? type >= 1 && type <= 4 : [3, 4, 5, 11, 12].includes(type);
  if (!isError || carrier.startsWith('inner')) return;
  if (v6) decodeIpv6(reader, 'inner ip6');
  else decodeIpv4(reader, 'inner ip');
}

/** Two frames in two columns, a mark on every line where they differ; either may be missing. */
export function sideBySide(
  left: string | undefined,
  right: string | undefined,
  titles: readonly [string, string],
): string {
  const [a, b] = [left === undefined ? [] : decode(left), right === undefined ? [] : decode(right)];
  const names = [...new Set([...a, ...b].map(({ name }) => name))];
  const value = (fields: readonly Field[], name: string): string =>
    fields.find((f) => f.name === name)?.value ?? '-';
  const lines = names.map((name) => {
    const [l, r] = around(value(a, name), value(b, name));
    return `  ${l === r ? ' ' : '!'} ${name.padEnd(16)} ${l.padEnd(COLUMN)} ${r}`;
  });
  const title = (text: string, frame: string | undefined): string =>
    frame === undefined ? `${text}: nothing` : text;
  return [
    `    ${''.padEnd(16)} ${title(titles[0], left).padEnd(COLUMN)} ${title(titles[1], right)}`,
    ...lines,
  ].join('\n');
}

/** Two values cut to the column's width around the first place where they differ. */
function around(left: string, right: string): readonly [string, string] {
  if (Math.max(left.length, right.length) <= COLUMN) return [left, right];
  let at = 0;
  while (at < left.length && left[at] === right[at]) at += 1;
  const from = left === right ? 0 : Math.max(0, at - COLUMN / 4);
  const cut = (text: string): string => {
    const room = COLUMN - (from > 0 ? 1 : 0);
    const part = text.length - from > room ? `${text.slice(from, from + room - 1)}…` : text.slice(from);
    return from > 0 ? `…${part}` : part;
  };
  return [cut(left), cut(right)];
}

function colons(hex: string): string {
  return hex.replace(/(..)(?=.)/g, '$1:');
}

function dots(hex: string): string {
  return [...Buffer.from(hex, 'hex')].join('.');
}

function words(hex: string): string {
  return hex.length === 32
    ? new URL(`http://[${hex.replace(/(....)(?=.)/g, '$1:')}]/`).hostname.slice(1, -1)
    : hex;
}

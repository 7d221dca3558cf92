/**
 * SYNPROXY's talks cannot be played from files: a client has to acknowledge the cookie that it was given. So here are talks
 * that answer what they hear, put to the kernel or to Sluice; what came out of the gateway is written down with the numbers
 * that each draws by itself taken out (`withoutChance`, the only mask).
 *
 *     client 198.51.100.7 ── eth1  gateway  eth0 ── server 10.0.0.2      (2001:db8:9::7, fd00:a::2)
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { SeededRng } from '../../src/base/rng.ts';
import { VirtualClock } from '../../src/base/clock.ts';
import { checksum, ethernet, tcp, u16, u32, type TcpFields } from '../../src/conform/frames.ts';
import { readState } from '../../src/conform/kernel/ask.ts';
import type { Gateway as GatewayFile } from '../../src/conform/kernel/gateway-file.ts';
import { KernelSession } from '../../src/conform/kernel/session.ts';
import { parseRestore } from '../../src/netfilter/syntax/restore.ts';
import { printSave } from '../../src/netfilter/syntax/save.ts';
import { Gateway } from '../../src/stack/gateway.ts';
import { parseHostConfig } from '../../src/stack/config.ts';
import { PacketBuffer } from '../../src/wire/packet-buffer.ts';
import { MAC } from './flow.ts';

export type Side = 'client' | 'server';
type Iface = 'eth0' | 'eth1';

const IFACE: Readonly<Record<Side, Iface>> = { client: 'eth1', server: 'eth0' };
const ADDRESS = {
  client: { 4: '198.51.100.7', 6: '2001:db8:9::7' },
  server: { 4: '10.0.0.2', 6: 'fd00:a::2' },
};
const OUTSIDE_ADDRESS = '203.0.113.1';
const CLIENT_PORT = 40_000;

/** A gateway that frames are handed to one by one. */
interface Asked {
  push(iface: Iface, frame: Uint8Array): Promise<readonly string[]>;
  /** Rules with their counters, and the connections, a line each. */
  state(): Promise<readonly string[]>;
  close(): void;
}

export type Ask = (rules: { v4: string; v6: string }) => Promise<Asked>;

const FILE = parse(readFileSync(new URL('./cases/gateway.yaml', import.meta.url), 'utf8')) as GatewayFile;
const GATEWAY = { ...FILE, sysctl: { ...FILE.sysctl, 'net.netfilter.nf_conntrack_tcp_loose': 0 } };

export const askKernelTalk: Ask = async (rules) => {
  const session = await KernelSession.open(GATEWAY, rules, false);
  return {
    async push(iface, frame) {
      const [answer] = await session.push([{ iface, frame }]);
      return answer!.out.map((out) => `${out.iface} ${out.frame}`);
    },
    async state() {
      const { tables, conntrack } = await readState(session);
      return [...tables.v4.split('\n'), ...tables.v6.split('\n'), ...[...conntrack].sort()];
    },
    close: () => session.close(),
  };
};

const HEADROOM = 64;
const FIRST_TIME = 1_700_000_000_000_000;

export const askSluiceTalk: Ask = (rules) => {
  const clock = new VirtualClock(FIRST_TIME);
  let out: string[] = [];
  const gateway = new Gateway(parseHostConfig(GATEWAY), {
    clock,
    rng: new SeededRng(7),
    log: { wanted: false, line: () => undefined },
    sink: {
      frame: (device, bytes, start, end) =>
        void out.push(`${device.name} ${Buffer.from(bytes.slice(start, end)).toString('hex')}`),
    },
  });
  gateway.load(parseRestore(rules.v4, { family: 4 }));
  gateway.load(parseRestore(rules.v6, { family: 6 }));
  const save = (family: 4 | 6) =>
    printSave(gateway.netfilter.ruleset(family)!, { counters: true }).split('\n');
  return Promise.resolve({
    push(iface, frame) {
      const bytes = new Uint8Array(HEADROOM + frame.length);
      bytes.set(frame, HEADROOM);
      const pkt = new PacketBuffer(bytes, HEADROOM, bytes.length);
      out = [];
      clock.advanceTo(clock.now + 100);
      gateway.host.receive(gateway.host.devices.named(iface)!, pkt);
      gateway.netfilter.release(pkt);
      return Promise.resolve(out);
    },
    state: () =>
      Promise.resolve([
        ...save(4),
        ...save(6),
        ...gateway.conntrack.list(4).sort(),
        ...gateway.conntrack.list(6).sort(),
      ]),
    close: () => undefined,
  });
};

/** What a side sends: numbers of its own, and `ack` in the other's unless said otherwise. */
type Words = Partial<Omit<TcpFields, 'sport' | 'dport'>> & { readonly flags: string };

/** What clients and servers of the talks begin to count with: bytes, and timestamps. */
export const CLIENT_SEQ = 1_000_000;
export const SERVER_SEQ = 5_000_000;
export const CLIENT_STAMP = 0x1111_0000;
export const SERVER_STAMP = 0x2222_0000;

/** No side counts further in a talk; small, for a cookie that falls in there by chance is taken for the side's own. */
const OWN_RANGE = 10_000;
/** Numbers of a talk that belong to the cookie's are no further from it. */
const RANGE = 20_000_000;

const SYN = 0x02;
const SYN_ACK = 0x12;

/** One talk, in which both sides know what they heard last. */
export class Talk {
  /** What was sent and what came out, for comparison. */
  readonly lines: string[] = [];
  /** The cookie in the last SYN,ACK that the client got, and the timestamp beside it. */
  cookie = 0;
  stamp = 0;
  private readonly asked: Asked;
  private readonly family: 4 | 6;

  constructor(asked: Asked, family: 4 | 6) {
    this.asked = asked;
    this.family = family;
  }

  async say(
    side: Side,
    words: Words,
    ports: Partial<Pick<TcpFields, 'sport' | 'dport'>> = {},
  ): Promise<void> {
    const other = side === 'client' ? 'server' : 'client';
    const usual = side === 'client' ? { sport: CLIENT_PORT, dport: 80 } : { sport: 80, dport: CLIENT_PORT };
    const ends = { from: ADDRESS[side][this.family], to: ADDRESS[other][this.family] };
    const packet = tcp(ends, { seq: 0, ...usual, ...ports, ...words }, { dontFragment: true });
    await this.send(side, packet, words.flags);
  }

  /** The server to an address that is not the client's. */
  async sayTo(to: string, words: Words): Promise<void> {
    const ends = { from: ADDRESS.server[this.family], to };
    await this.send('server', tcp(ends, { seq: 0, sport: 80, dport: CLIENT_PORT, ...words }), words.flags);
  }

  /** The client to the gateway itself. */
  async sayToGateway(words: Words): Promise<void> {
    const ends = { from: ADDRESS.client[this.family], to: OUTSIDE_ADDRESS };
    await this.send('client', tcp(ends, { seq: 0, sport: CLIENT_PORT, dport: 80, ...words }), words.flags);
  }

  private async send(side: Side, packet: readonly number[], name: string): Promise<void> {
    const iface = IFACE[side];
    const station = side === 'client' ? MAC.outside : MAC.inside;
    const frames = await this.asked.push(iface, ethernet(MAC[iface], station, packet));
    this.lines.push(`${side} ${name}`);
    for (const line of frames) this.hear(line);
  }

  async end(): Promise<void> {
    this.lines.push(...(await this.asked.state()).map(withoutTimeout).filter((line) => line !== ''));
  }

  private hear(line: string): void {
    const [iface, hex] = line.split(' ') as [Iface, string];
    const frame = Buffer.from(hex, 'hex');
    const at = transportAt(frame);
    const flags = frame[at + 13]! & 0x3f;
    if (iface === 'eth1' && flags === SYN_ACK) {
      this.cookie = frame.readUInt32BE(at + 4);
      const option = timestampAt(frame, at);
      if (option >= 0) this.stamp = frame.readUInt32BE(option + 2);
    }
    this.lines.push(`  ${iface} ${this.withoutChance(frame, at, iface).toString('hex')}`);
  }

  /**
   * The cookie is a hash under a secret key, and counts minutes; the timestamp beside it counts milliseconds. Numbers near
   * either are told relative to it, of the timestamp all but the low bits in which the offers are; so checksums are only
   * told to be right.
   */
  private withoutChance(frame: Buffer, at: number, iface: Iface): Buffer {
    const relate = (where: number, to: number, as: number, own: readonly number[]): void => {
      const value = frame.readUInt32BE(where);
      const isOwn = own.some((first) => (value - first) >>> 0 < OWN_RANGE);
      const isNear = (value - to + RANGE) >>> 0 < 2 * RANGE;
      // 0 is a field that was not filled in: a cookie may be near that, too.
      if (value !== 0 && to !== 0 && isNear && !isOwn) frame.writeUInt32BE((as + value - to) >>> 0, where);
    };
    const sumIsRight = isSumRight(frame, at);
    // To the client the numbers are the cookie's; so is what a SYN to the server acknowledges, for the rule to find it.
    const isCookie = (frame[at + 13]! & SYN) !== 0;
    relate(at + (iface === 'eth1' ? 4 : 8), this.cookie, 0xc000_0000, isCookie ? [] : [SERVER_SEQ]);
    const option = timestampAt(frame, at);
    if (option >= 0) {
      const own = [CLIENT_STAMP, SERVER_STAMP];
      relate(option + 2, this.stamp & ~0x3f, 0xd000_0000, own);
      relate(option + 6, this.stamp & ~0x3f, 0xd000_0000, own);
      this.relateShiftedTwice(frame, option + 6);
    }
    frame.writeUInt16BE(sumIsRight ? 0xffff : 0xbad, at + 16);
    return frame;
  }

  /** Linux shifts the timestamp in its own ACK to the server once too often: it is the server's twice, less the cookie's. */
  private relateShiftedTwice(frame: Buffer, where: number): void {
    const rest = (frame.readUInt32BE(where) + (this.stamp & ~0x3f) - 2 * SERVER_STAMP) | 0;
    if (this.stamp !== 0 && Math.abs(rest) < 100_000) frame.writeUInt32BE((0xe000_0000 + rest) >>> 0, where);
  }
}

/** Seconds pass while the kernel is asked. */
function withoutTimeout(line: string): string {
  return line.replace(/^(ipv\d +\d+ tcp +6) \d+ /, '$1 ');
}

function transportAt(frame: Buffer): number {
  return frame.readUInt16BE(12) === 0x0800 ? 34 : 54;
}

function timestampAt(frame: Buffer, tcpAt: number): number {
  const end = tcpAt + (frame[tcpAt + 12]! >> 4) * 4;
  for (let at = tcpAt + 20; at < end; at += frame[at]! < 2 ? 1 : frame[at + 1]!) {
    if (frame[at] === 8) return at;
    if (frame[at]! >= 2 && frame[at + 1]! < 2) return -1;
  }
  return -1;
}

function isSumRight(frame: Buffer, at: number): boolean {
  const isV4 = at === 34;
  const end = isV4 ? 14 + frame.readUInt16BE(16) : frame.length;
  const segment = frame.subarray(at, end);
  const pseudo = isV4
    ? [...frame.subarray(26, 34), 0, 6, ...u16(segment.length)]
    : [...frame.subarray(22, 54), ...u32(segment.length), 0, 0, 0, 6];
  return checksum([...pseudo, ...segment]) === 0;
}

/** A talk from its beginning to its end, as lines. */
export async function talk(
  ask: Ask,
  rules: { v4: string; v6: string },
  family: 4 | 6,
  play: (talk: Talk) => Promise<void>,
): Promise<readonly string[]> {
  const asked = await ask(rules);
  try {
    const one = new Talk(asked, family);
    await play(one);
    await one.end();
    return one.lines;
  } finally {
    asked.close();
  }
}

/** What the kernel did, one talk a line (synproxy-record.ts). */
export const RECORD = new URL('./synproxy.jsonl', import.meta.url);

export function recorded(name: string): readonly string[] {
  for (const line of readFileSync(RECORD, 'utf8').trim().split('\n')) {
    const record = JSON.parse(line) as { name: string; lines: string[] };
    if (record.name === name) return record.lines;
  }
  return [];
}

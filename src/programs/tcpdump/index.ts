/**
 * `tcpdump`: shows the frames that a host's interfaces receive and send, as they do, in the lines of tcpdump 4.99 (src/wire has
 * them: no application protocols). It sees frames where Linux's packet sockets do: what arrives before any rule has seen it,
 * what leaves after all have.
 *
 * Here: -i, -r, -c, -e, -n (names are never looked up), -q, -t…, -v, -x, -X, -A, -l, -Q, -w and a filter (expression.ts).
 */
import { calendarTime, twoDigits } from '../../base/calendar.ts';
import type { ByteSink } from '../../capture/index.ts';
import { LinkType, linkTypeName } from '../../capture/link-type.ts';
import { PcapWriter } from '../../capture/pcap-writer.ts';
import type { Device } from '../../stack/device.ts';
import { describeFrame, describePacket } from '../../wire/describe.ts';
import type { Call, Interrupt, Program } from '../program.ts';
import { dumpText } from './dump.ts';
import { compileFilter } from './expression.ts';
import type { Frame } from './frame.ts';
import { describeLink } from './link-text.ts';
import { FilterMistake } from './lexer.ts';
import { readOptions, TcpdumpMistake, type Options } from './options.ts';

const DONE = 0;
const FAILED = 1;
const MAX_SNAPLEN = 262_144;
const ETHERNET_HEADER = 14;

export const tcpdump: Program = {
  name: 'tcpdump',
  usage:
    'tcpdump [-i INTERFACE|any] [-r FILE] [-c COUNT] [-e] [-n] [-q] [-t] [-v] [-x|-X|-A] [-Q in|out|inout] [-w FILE] [EXPRESSION]',
  about: 'Shows the frames that interfaces receive and send.',
  on: 'host',
  passesTime: false,
  values: ['frames'],
  completion: () => WORDS,
  start(call) {
    try {
      return begin(call);
    } catch (error) {
      if (!(error instanceof FilterMistake) && !(error instanceof TcpdumpMistake)) throw error;
      const what =
        error instanceof FilterMistake ? `can't parse filter expression: ${error.message}` : error.message;
      call.io.err.write(`tcpdump: ${what}\n`);
      call.exit(FAILED);
    }
  },
};

const WORDS = [
  ...['-i', '-c', '-e', '-n', '-q', '-t', '-Q', '-r', '-v', '-w', '-x', '-X', '-A', 'any', '<interface>'],
  ...[
    'host',
    'net',
    'port',
    'portrange',
    'src',
    'dst',
    'and',
    'or',
    'not',
    'ip',
    'ip6',
    'arp',
    'tcp',
    'udp',
    'icmp',
    'icmp6',
  ],
];

function begin(call: Call): Interrupt | void {
  if (call.node.kind !== 'host') return;
  const options = readOptions(call.args);
  const test = compileFilter(options.filter);
  if (options.input !== null) return readCapture(call, options, test, options.input);
  const { devices } = call.node.gateway.host;
  const all = [...devices.all()];
  const device = options.device === 'any' ? null : devices.named(options.device ?? firstOf(all));
  if (device === undefined) {
    throw new TcpdumpMistake(`${options.device ?? 'any'}: No such device exists\n(No such device exists)`);
  }
  const taker = takerFor(call, options);
  const watched = device === null ? all : [device];
  call.io.err.write(banner(options, device));
  const taps = watched.map((one) =>
    one.watch((bytes, start, end, isOut) => {
      const frame = { bytes, start, end, length: end - start, hasEthernet: one.hasEthernet, isOut };
      if (!isWanted(frame, options) || !test(frame) || taker.count === options.count) return;
      taker.take(frame, call.clock.now, device === null ? one : null);
      if (taker.count === options.count) stop();
    }),
  );
  const stop = () => {
    for (const end of taps) end();
    taker.close();
    const packets = `${taker.count} packet${taker.count === 1 ? '' : 's'}`;
    call.io.err.write(`${packets} captured\n${packets} received by filter\n0 packets dropped by kernel\n`);
    call.exit(DONE, { frames: taker.count });
  };
  return stop;
}

/** Packets that are taken are written to a file or shown. */
interface Taker {
  readonly count: number;
  take(frame: Frame, timeUs: number, device: Device | null): void;
  close(): void;
}

function takerFor(call: Call, options: Options): Taker {
  const writer = options.file === null ? null : writerTo(call, options.file);
  let count = 0;
  return {
    get count() {
      return count;
    },
    take(frame, timeUs, device) {
      count++;
      const { bytes, start, end, length } = frame;
      if (writer !== null) return writer.write(timeUs, bytes, start, end, length);
      call.io.out.write(`${lineOf(options, frame, timeUs, device)}${dumpOf(options, frame)}\n`);
      call.io.out.flush();
    },
    close: () => writer?.close(),
  };
}

/** `-r`: what a capture holds, at the times that it has. */
function readCapture(call: Call, options: Options, test: (frame: Frame) => boolean, path: string): void {
  if (call.io.openCapture === undefined) throw new TcpdumpMistake(`${path}: there are no files here`);
  const reader = call.io.openCapture(path);
  try {
    const taker = takerFor(call, options);
    const { record } = reader;
    let isTold = false;
    while (taker.count < options.count && reader.next()) {
      const hasEthernet = record.linkType === LinkType.Ethernet;
      if (!hasEthernet && !RAW_LINKS.has(record.linkType)) {
        throw new TcpdumpMistake(
          `${path}: link type ${linkTypeName(record.linkType) ?? record.linkType} is not read here`,
        );
      }
      if (!isTold) {
        const { snapLength } = reader.interfaces[record.interfaceId]!;
        call.io.err.write(
          `reading from file ${path}, link-type ${linkText(hasEthernet)}, snapshot length ${snapLength || MAX_SNAPLEN}\n`,
        );
        isTold = true;
      }
      const { bytes, start, end, originalLength: length } = record;
      const frame = { bytes, start, end, length, hasEthernet, isOut: false };
      if (test(frame)) taker.take(frame, record.timeUs, null);
    }
    taker.close();
    if (reader.truncated !== null) call.io.err.write(`tcpdump: ${reader.truncated.describe()}\n`);
    call.exit(reader.truncated === null ? DONE : FAILED, { frames: taker.count });
  } finally {
    reader.close();
  }
}

const RAW_LINKS: ReadonlySet<number> = new Set([LinkType.Raw, LinkType.Ipv4, LinkType.Ipv6]);

function linkText(hasEthernet: boolean): string {
  return hasEthernet ? 'EN10MB (Ethernet)' : 'RAW (Raw IP)';
}

/** The first that is no loopback, as tcpdump chooses. */
function firstOf(devices: readonly Device[]): string {
  return (devices.find(({ isLoopback, up }) => !isLoopback && up) ?? devices[0])?.name ?? '';
}

function banner({ device: name, file, verbose }: Options, device: Device | null): string {
  const shown = name ?? device?.name ?? 'any';
  const link = device === null ? 'LINUX_SLL2 (Linux cooked v2)' : linkText(device.hasEthernet);
  const listening = `listening on ${shown}, link-type ${link}, snapshot length ${MAX_SNAPLEN} bytes\n`;
  if (file !== null || verbose) return `tcpdump: ${listening}`;
  return `tcpdump: verbose output suppressed, use -v[v]... for full protocol decode\n${listening}`;
}

function isWanted({ isOut }: Frame, { direction }: Options): boolean {
  return direction === 'inout' || (direction === 'out') === isOut;
}

function lineOf(options: Options, frame: Frame, timeUs: number, device: Device | null): string {
  const { bytes, start, end, hasEthernet, isOut, length } = frame;
  const where = device === null ? '' : `${device.name.padEnd(5)} ${isOut ? 'Out' : 'In '} `;
  const how = { wireLength: length, verbose: options.verbose };
  const text = !hasEthernet
    ? describePacket(bytes, start, end, how)
    : options.link
      ? describeLink(bytes, start, end, how)
      : describeFrame(bytes, start, end, how);
  return `${options.times ? `${timeText(timeUs)} ` : ''}${where}${text}`;
}

function dumpOf({ dump, dumpsLink }: Options, frame: Frame): string {
  const { bytes, start, end, hasEthernet } = frame;
  const skipped = hasEthernet && !dumpsLink ? Math.min(ETHERNET_HEADER, end - start) : 0;
  return dumpText(dump, bytes, start + skipped, end);
}

function timeText(us: number): string {
  const { hour, minute, second } = calendarTime(us);
  const fraction = String(Math.floor(us) % 1_000_000).padStart(6, '0');
  return `${[hour, minute, second].map(twoDigits).join(':')}.${fraction}`;
}

function writerTo(call: Call, path: string): PcapWriter {
  const create: ((path: string) => ByteSink) | undefined = call.io.createFile;
  if (create === undefined) throw new TcpdumpMistake(`${path}: there are no files here`);
  return new PcapWriter(create(path));
}

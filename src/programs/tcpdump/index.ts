/**
 * `tcpdump`: shows the frames that a host's interfaces receive and send, as they do, in the lines of tcpdump 4.99 (src/wire has
 * them: no application protocols). It sees frames where Linux's packet sockets do: what arrives before any rule has seen it,
 * what leaves after all have.
 *
 * Here: -i, -c, -e, -n (names are never looked up), -q, -t…, -l, -Q, -w and a filter (expression.ts). Not here: -v, -x and -A,
 * reading files (that is what `sluice replay` is for).
 */
import { calendarTime, twoDigits } from '../../base/calendar.ts';
import type { ByteSink } from '../../capture/index.ts';
import { PcapWriter } from '../../capture/pcap-writer.ts';
import type { Device } from '../../stack/device.ts';
import { describeFrame, describePacket } from '../../wire/describe.ts';
import type { Call, Interrupt, Program } from '../program.ts';
import { compileFilter } from './expression.ts';
import type { Frame } from './frame.ts';
import { describeLink } from './link-text.ts';
import { FilterMistake } from './lexer.ts';
import { readOptions, TcpdumpMistake, type Options } from './options.ts';

const DONE = 0;
const FAILED = 1;
const MAX_SNAPLEN = 262_144;

export const tcpdump: Program = {
  name: 'tcpdump',
  usage: 'tcpdump [-i INTERFACE|any] [-c COUNT] [-e] [-n] [-q] [-t] [-Q in|out|inout] [-w FILE] [EXPRESSION]',
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
  ...['-i', '-c', '-e', '-n', '-q', '-t', '-Q', '-w', 'any', '<interface>'],
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
  const { devices } = call.node.gateway.host;
  const all = [...devices.all()];
  const device = options.device === 'any' ? null : devices.named(options.device ?? firstOf(all));
  if (device === undefined) {
    throw new TcpdumpMistake(`${options.device ?? 'any'}: No such device exists\n(No such device exists)`);
  }
  const writer = options.file === null ? null : writerTo(call, options.file);
  const watched = device === null ? all : [device];
  call.io.err.write(banner(options, device));
  let count = 0;
  const taps = watched.map((one) =>
    one.watch((bytes, start, end, isOut) => {
      const frame = { bytes, start, end, length: end - start, hasEthernet: one.hasEthernet, isOut };
      if (!isWanted(frame, options) || !test(frame) || count === options.count) return;
      count++;
      if (writer !== null) writer.write(call.clock.now, bytes, start, end, end - start);
      else {
        call.io.out.write(`${lineOf(call, options, frame, device === null ? one : null)}\n`);
        call.io.out.flush();
      }
      if (count === options.count) stop();
    }),
  );
  const stop = () => {
    for (const end of taps) end();
    writer?.close();
    call.io.err.write(
      `${count} packet${count === 1 ? '' : 's'} captured\n${count} packet${count === 1 ? '' : 's'} received by filter\n` +
        '0 packets dropped by kernel\n',
    );
    call.exit(DONE, { frames: count });
  };
  return stop;
}

/** The first that is no loopback, as tcpdump chooses. */
function firstOf(devices: readonly Device[]): string {
  return (devices.find(({ isLoopback, up }) => !isLoopback && up) ?? devices[0])?.name ?? '';
}

function banner({ device: name, file }: Options, device: Device | null): string {
  const shown = name ?? device?.name ?? 'any';
  const link =
    device === null
      ? 'LINUX_SLL2 (Linux cooked v2)'
      : device.hasEthernet
        ? 'EN10MB (Ethernet)'
        : 'RAW (Raw IP)';
  const listening = `listening on ${shown}, link-type ${link}, snapshot length ${MAX_SNAPLEN} bytes\n`;
  if (file !== null) return `tcpdump: ${listening}`;
  return `tcpdump: verbose output suppressed, use -v[v]... for full protocol decode\n${listening}`;
}

function isWanted({ isOut }: Frame, { direction }: Options): boolean {
  return direction === 'inout' || (direction === 'out') === isOut;
}

function lineOf({ clock }: Call, options: Options, frame: Frame, device: Device | null): string {
  const { bytes, start, end, hasEthernet, isOut } = frame;
  const where = device === null ? '' : `${device.name.padEnd(5)} ${isOut ? 'Out' : 'In '} `;
  const text = !hasEthernet
    ? describePacket(bytes, start, end)
    : options.link
      ? describeLink(bytes, start, end)
      : describeFrame(bytes, start, end);
  return `${options.times ? `${timeText(clock.now)} ` : ''}${where}${text}`;
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

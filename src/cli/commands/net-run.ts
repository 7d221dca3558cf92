/** `sluice net up`, run: a file and options to a network, which runs until a signal stops it. */
import { once } from 'node:events';
import { SluiceError } from '../../base/errors.ts';
import { checkSocketPath } from '../../control/index.ts';
import { readTextFile } from '../../replay/text-file.ts';
import { serveControl } from '../../shell/live/instance.ts';
import { NetworkInstance } from '../../shell/net/instance.ts';
import {
  AuditFile,
  AuditLog,
  formatForward,
  GuestNetwork,
  loadFileRules,
  loadRules,
  parseForward,
  parseNetworkFile,
  parseReservation,
  makeNic,
  parseAttachment,
  vmmWords,
  type Attachment,
  type Forward,
  type GuestConfig,
  type NetworkFile,
  type RulesText,
} from '../../vmm/index.ts';
import { ExitStatus } from '../exit-status.ts';
import { complain, type Io } from '../io.ts';
import { UsageError } from '../parse.ts';
import { controlSocket, isControlAction, ownSocket, runControl } from './net-control.ts';
import type { NetOptions } from './net.ts';

const DEFAULT_ADDRESSES = ['192.168.122.1/24', 'fd53:6c75:6963:7a00::1/64'];

interface Card extends Omit<GuestConfig, 'nic'> {
  readonly attachment: Attachment;
}

export async function runNetCommand(args: readonly string[], options: NetOptions, io: Io): Promise<number> {
  const [action, ...words] = args;
  if (isControlAction(action)) return runControl(action, words, options, io);
  if (action !== 'up' || words.length > 1)
    throw new UsageError(
      `"up [FILE]", status, rules, forward, log or capture, not "${args.join(' ')}"`,
      'net',
    );
  return up(words[0] === undefined ? undefined : parseNetworkFile(readTextFile(words[0])), options, io);
}

async function up(file: NetworkFile | undefined, options: NetOptions, io: Io): Promise<number> {
  const cards = cardsOf(file, options, io);
  const forwards = [
    ...(file?.forwards ?? []),
    ...options.forward.map((text) => understood(() => parseForward(text))),
  ];
  const log = options.log ?? file?.log;
  const audit = new AuditLog(log === undefined ? null : new AuditFile(log));
  const network = new GuestNetwork({
    ...settingsOf(file, options),
    guests: guestsOf(cards, io),
    audit,
    onLink: (guest, isUp) => tell(io, options, guest, isUp),
  });
  if (file !== undefined) loadFileRules(network, file, Date.now());
  loadRules(network, [...rulesOf(4, options.rules), ...rulesOf(6, options.rules6)]);
  const path = options.socket ?? file?.control ?? (await freeControlSocket(options, io));
  const control = await serveControl(new NetworkInstance(network, audit), path);
  try {
    await network.start();
    const opened = await open(network, forwards);
    announce(io, options, cards, opened, path);
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  } finally {
    await control.close();
    await network.close();
    audit.close();
  }
  return ExitStatus.DONE;
}

/** The usual one, unless another network of this user has it. */
async function freeControlSocket(options: NetOptions, io: Io): Promise<string> {
  const usual = controlSocket(options, io);
  try {
    await checkSocketPath(usual);
    return usual;
  } catch (error) {
    if (!(error instanceof SluiceError) || io.env['SLUICE_SOCKET'] !== undefined) throw error;
    return ownSocket(io, `net-${process.pid}.sock`);
  }
}

/** What is given on the command line counts before what the file says. */
function settingsOf(file: NetworkFile | undefined, options: NetOptions) {
  const given = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } =>
    value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
  const addresses = [options.address, file?.addresses ?? [], DEFAULT_ADDRESSES].find(
    (list) => list.length > 0,
  )!;
  return {
    addresses,
    reservations: [
      ...(file?.reservations ?? []),
      ...options.reserve.map((text) => understood(() => parseReservation(text))),
    ],
    ...given('mtu', options.mtu ?? file?.mtu),
    ...given('domain', options.domain ?? file?.domain),
    ...given('leaseSeconds', file?.leaseSeconds),
    ...given('sysctl', file?.sysctl),
    ...given('helpers', file?.helpers),
    ...given('names', file?.names),
    ...given('connectionsPerGuest', file?.connectionsPerGuest),
  };
}

function guestsOf(cards: readonly Card[], io: Io): GuestConfig[] {
  const report = (message: string) => {
    complain(io, message);
    io.err.flush();
  };
  return cards.map(({ attachment, ...guest }) => ({ ...guest, nic: makeNic(attachment, report) }));
}

async function open(network: GuestNetwork, wanted: readonly Forward[]): Promise<string[]> {
  const texts: string[] = [];
  for (const forward of wanted) texts.push(formatForward(await network.forwards.add(forward)));
  return texts;
}

function rulesOf(family: 4 | 6, file: string | undefined): RulesText[] {
  return file === undefined ? [] : [{ family, ...readTextFile(file) }];
}

function cardsOf(file: NetworkFile | undefined, options: NetOptions, io: Io): Card[] {
  const named = (file?.guests ?? []).map(({ mac, rate, ...guest }) => ({
    ...guest,
    ...(mac === undefined ? {} : { mac }),
    ...(rate === undefined ? {} : { rate }),
  }));
  const isNone = named.length === 0 && options.guest.length === 0;
  const words = isNone ? [`guest=${ownSocket(io, 'guest.sock')}`] : options.guest;
  const given = words.map((word) => {
    const [, name, address] = /^([A-Za-z0-9_.-]+)=(.+)$/.exec(word) ?? [];
    if (name === undefined || address === undefined) {
      throw new UsageError(`--guest: "${word}" is not NAME=ADDRESS`, 'net');
    }
    return { name, attachment: understood(() => parseAttachment(address)) };
  });
  return [...named, ...given];
}

function understood<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message, 'net') : error;
  }
}

function announce(
  io: Io,
  options: NetOptions,
  cards: readonly Card[],
  forwards: readonly string[],
  control: string,
): void {
  const isJson = options.json === true;
  const say = (object: object, text: string) =>
    io.out.write(isJson ? `${JSON.stringify(object)}\n` : `${text}\n`);
  for (const { name, attachment, mac } of cards) {
    const words = vmmWords(name, attachment, mac);
    const program = attachment.kind === 'websocket' ? 'v86' : 'qemu-system-x86_64';
    say(
      { type: 'guest', name, [attachment.kind === 'websocket' ? 'v86' : 'qemu']: words },
      `${name}: ${program} … ${words.join(' ')}`,
    );
  }
  for (const forward of forwards) say({ type: 'forward', forward }, `forward ${forward}`);
  say({ type: 'control', path: control }, `control ${control}`);
  io.out.flush();
}

function tell(io: Io, options: NetOptions, guest: string, isUp: boolean): void {
  if (options.json === true) io.out.write(`${JSON.stringify({ type: 'link', name: guest, up: isUp })}\n`);
  else io.out.write(`${guest}: ${isUp ? 'connected' : 'gone'}\n`);
  io.out.flush();
}

/** `sluice net up`, run: a file and options to a network, which runs until a signal stops it. */
import { once } from 'node:events';
import { SluiceError } from '../../base/errors.ts';
import { checkSocketPath } from '../../control/index.ts';
import { isLabFile } from '../../lab/index.ts';
import { readTextFile } from '../../replay/text-file.ts';
import { serveControl } from '../../shell/live/instance.ts';
import { NetworkInstance } from '../../shell/net/instance.ts';
import {
  loadRules,
  parseAttachment,
  parseForward,
  parseNetworkFile,
  parseReservation,
  readNetworkSettings,
  RunningNetwork,
  uplinkCommands,
  withMore,
  type GuestPlan,
  type NetworkPlan,
  type RulesText,
} from '../../vmm/index.ts';
import { ExitStatus } from '../exit-status.ts';
import { complain, type Io } from '../io.ts';
import { UsageError } from '../parse.ts';
import { upLab } from './net-lab.ts';
import { controlSocket, isControlAction, ownSocket, runControl } from './net-control.ts';
import type { NetOptions } from './net.ts';

export async function runNetCommand(args: readonly string[], options: NetOptions, io: Io): Promise<number> {
  const [action, ...words] = args;
  if (isControlAction(action)) return runControl(action, words, options, io);
  if (action !== 'up' || words.length > 1)
    throw new UsageError(
      `"up [FILE]", status, rules, forward, log or capture, not "${args.join(' ')}"`,
      'net',
    );
  const source = words[0] === undefined ? undefined : readTextFile(words[0]);
  if (source !== undefined && isLabFile(source))
    return upLab(source, () => controlPath(undefined, options, io), options, io);
  return up(planOf(source, options, io), options, io);
}

/** What is given on the command line counts before what the file says. */
function planOf(
  source: ReturnType<typeof readTextFile> | undefined,
  options: NetOptions,
  io: Io,
): NetworkPlan {
  const beside = { template: options.template, allow: options.allow };
  const plan =
    source === undefined ? readNetworkSettings(withMore({}, beside)) : parseNetworkFile(source, beside);
  const reservations = options.reserve.map((text) => understood(() => parseReservation(text)));
  const forwards = options.forward.map((text) => understood(() => parseForward(text)));
  return {
    ...plan,
    addresses: options.address.length > 0 ? options.address : plan.addresses,
    mtu: options.mtu ?? plan.mtu,
    domain: options.domain ?? plan.domain,
    log: options.log ?? plan.log,
    uplink: options.uplink === undefined ? plan.uplink : understood(() => parseAttachment(options.uplink!)),
    guests: guestsOf(plan, options, io),
    reservations: [...plan.reservations, ...reservations],
    forwards: [...plan.forwards, ...forwards],
  };
}

async function up(plan: NetworkPlan, options: NetOptions, io: Io): Promise<number> {
  const network = new RunningNetwork(plan, {
    link: (guest, isUp) => tell(io, options, guest, isUp),
    complaint: (message) => {
      complain(io, message);
      io.err.flush();
    },
  });
  const { engine, audit } = network;
  loadRules(engine, [...rulesOf(4, options.rules), ...rulesOf(6, options.rules6)]);
  const path = await controlPath(plan.control, options, io);
  const control = await serveControl(new NetworkInstance(engine, audit), path);
  try {
    await network.start();
    announce(io, options, network, plan, path);
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    await network.close();
  } finally {
    await control.close();
  }
  return ExitStatus.DONE;
}

/** The one that is named, else the usual one, unless another network of this user has it. */
async function controlPath(planned: string | undefined, options: NetOptions, io: Io): Promise<string> {
  const named = options.socket ?? planned;
  if (named !== undefined) return named;
  const usual = controlSocket(options, io);
  try {
    await checkSocketPath(usual);
    return usual;
  } catch (error) {
    if (!(error instanceof SluiceError) || io.env['SLUICE_SOCKET'] !== undefined) throw error;
    return ownSocket(io, `net-${process.pid}.sock`);
  }
}

function rulesOf(family: 4 | 6, file: string | undefined): RulesText[] {
  return file === undefined ? [] : [{ family, ...readTextFile(file) }];
}

function guestsOf(plan: NetworkPlan, options: NetOptions, io: Io): readonly GuestPlan[] {
  const isNone = plan.guests.length === 0 && options.guest.length === 0;
  const words = isNone ? [`guest=${ownSocket(io, 'guest.sock')}`] : options.guest;
  const given = words.map((word) => {
    const [, name, address] = /^([A-Za-z0-9_.-]+)=(.+)$/.exec(word) ?? [];
    if (name === undefined || address === undefined) {
      throw new UsageError(`--guest: "${word}" is not NAME=ADDRESS`, 'net');
    }
    return { name, attachment: understood(() => parseAttachment(address)) };
  });
  return [...plan.guests, ...given];
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
  network: RunningNetwork,
  plan: NetworkPlan,
  control: string,
): void {
  const isJson = options.json === true;
  const say = (object: object, text: string) =>
    io.out.write(isJson ? `${JSON.stringify(object)}\n` : `${text}\n`);
  for (const [i, { name, attachment }] of plan.guests.entries()) {
    const words = network.vmmWords(name);
    const { nic } = network.engine.guests[i]!;
    const program = attachment.kind === 'websocket' ? 'v86' : 'qemu-system-x86_64';
    say(
      { type: 'guest', name, [attachment.kind === 'websocket' ? 'v86' : 'qemu']: words },
      words.length > 0 ? `${name}: ${program} … ${words.join(' ')}` : `${name}: ${nic.name}`,
    );
  }
  const commands = uplinkCommands(plan);
  if (commands.length > 0)
    say(
      { type: 'uplink', commands },
      `the way out is a TAP device, whose other end is yours to set up:\n${commands.map((one) => `  ${one}\n`).join('')}`.trimEnd(),
    );
  for (const forward of network.forwards) say({ type: 'forward', forward }, `forward ${forward}`);
  say({ type: 'control', path: control }, `control ${control}`);
  io.out.flush();
}

function tell(io: Io, options: NetOptions, guest: string, isUp: boolean): void {
  if (options.json === true) io.out.write(`${JSON.stringify({ type: 'link', name: guest, up: isUp })}\n`);
  else io.out.write(`${guest}: ${isUp ? 'connected' : 'gone'}\n`);
  io.out.flush();
}

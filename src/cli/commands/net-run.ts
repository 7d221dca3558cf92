/** `sluice net up`, run: options to a network, which runs until a signal stops it. */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import {
  GuestNetwork,
  formatForward,
  loadRules,
  parseForward,
  parseReservation,
  parseStreamAddress,
  qemuArguments,
  StreamNic,
  type GuestConfig,
  type RulesText,
  type StreamNicOptions,
} from '../../vmm/index.ts';
import { readTextFile } from '../../replay/text-file.ts';
import { ExitStatus } from '../exit-status.ts';
import { complain, type Io } from '../io.ts';
import { UsageError } from '../parse.ts';
import type { NetOptions } from './net.ts';

const DEFAULT_ADDRESSES = ['192.168.122.1/24', 'fd53:6c75:6963:7a00::1/64'];

interface Card extends StreamNicOptions {
  readonly guest: string;
}

export async function runNetCommand(args: readonly string[], options: NetOptions, io: Io): Promise<number> {
  if (args[0] !== 'up') throw new UsageError(`no such action: "${args[0]}"; there is "up"`, 'net');
  const cards = cardsOf(options, io);
  const guests = cards.map((card): GuestConfig => ({ name: card.guest, nic: new StreamNic(card) }));
  const network = new GuestNetwork({
    addresses: options.address.length > 0 ? options.address : DEFAULT_ADDRESSES,
    guests,
    ...(options.mtu === undefined ? {} : { mtu: options.mtu }),
    ...(options.domain === undefined ? {} : { domain: options.domain }),
    reservations: options.reserve.map((text) => understood(() => parseReservation(text))),
    onLink: (guest, isUp) => tell(io, options, guest, isUp),
  });
  loadRules(network, [...rulesOf(4, options.rules), ...rulesOf(6, options.rules6)]);
  await network.start();
  const forwards = await opened(network, options);
  announce(io, options, cards, forwards);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await network.close();
  return ExitStatus.DONE;
}

/** Opens the ports; when one cannot be had, the network ends. */
async function opened(network: GuestNetwork, options: NetOptions): Promise<string[]> {
  const texts: string[] = [];
  try {
    for (const forward of options.forward.map((text) => understood(() => parseForward(text)))) {
      texts.push(formatForward(await network.forwards.add(forward)));
    }
  } catch (error) {
    await network.close();
    throw error;
  }
  return texts;
}

function rulesOf(family: 4 | 6, file: string | undefined): RulesText[] {
  return file === undefined ? [] : [{ family, ...readTextFile(file) }];
}

function cardsOf(options: NetOptions, io: Io): Card[] {
  const report = (message: string) => {
    complain(io, message);
    io.err.flush();
  };
  const words = options.guest.length > 0 ? options.guest : [`guest=${defaultSocket(io)}`];
  return words.map((word) => {
    const [, guest, address] = /^([A-Za-z0-9_.-]+)=(.+)$/.exec(word) ?? [];
    if (guest === undefined || address === undefined) {
      throw new UsageError(`--guest: "${word}" is not NAME=ADDRESS`, 'net');
    }
    return { guest, ...understood(() => parseStreamAddress(address)), complain: report };
  });
}

/** In the folder that only this user can enter. */
function defaultSocket(io: Io): string {
  const folder = join(
    io.env['XDG_RUNTIME_DIR'] ?? join(tmpdir(), `sluice-${process.getuid?.() ?? 0}`),
    'sluice',
  );
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return join(folder, 'guest.sock');
}

function understood<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message, 'net') : error;
  }
}

function announce(io: Io, options: NetOptions, cards: readonly Card[], forwards: readonly string[]): void {
  for (const card of cards) {
    const qemu = qemuArguments(card.guest, card.address, card.listen);
    if (options.json === true) {
      io.out.write(`${JSON.stringify({ type: 'guest', name: card.guest, qemu })}\n`);
    } else {
      io.out.write(`${card.guest}: qemu-system-x86_64 … ${qemu.join(' ')}\n`);
    }
  }
  for (const forward of forwards) {
    io.out.write(
      options.json === true ? `${JSON.stringify({ type: 'forward', forward })}\n` : `forward ${forward}\n`,
    );
  }
  io.out.flush();
}

function tell(io: Io, options: NetOptions, guest: string, isUp: boolean): void {
  if (options.json === true) io.out.write(`${JSON.stringify({ type: 'link', name: guest, up: isUp })}\n`);
  else io.out.write(`${guest}: ${isUp ? 'connected' : 'gone'}\n`);
  io.out.flush();
}

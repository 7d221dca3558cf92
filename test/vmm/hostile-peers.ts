/** Peers that mean harm, one on each kind of socket that a guest network has. Each takes a number of turns, and resolves. */
import { once } from 'node:events';
import type { Socket as UdpSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Rng } from '../../src/base/rng.ts';
import type { Nic } from '../../src/vmm/index.ts';
import type { HostileGuest } from './hostile-frames.ts';

export type Peer = (turns: number) => Promise<void>;

/** So many turns, then others have theirs. */
const AT_ONCE = 50;
const breath = (turn: number) =>
  turn % AT_ONCE === 0 ? new Promise((done) => setImmediate(done)) : undefined;

/** A VMM on a stream socket, which goes and comes as it is thrown out. */
export function onStream(path: string, guest: HostileGuest, rng: Rng): Peer {
  return async (turns) => {
    let socket: Socket | null = null;
    for (let i = 0; i < turns; i++) {
      if (socket === null || socket.destroyed) {
        socket = connect({ path });
        socket.on('error', () => {});
        // One in some does not read what it is sent.
        if (rng.below(4) > 0) socket.resume();
        await once(socket, 'connect');
      }
      const bytes = guest.next();
      const length = Buffer.alloc(4);
      // Sometimes a length that lies: of nothing, of gigabytes, of a bit more.
      const lie = rng.below(100);
      length.writeUInt32BE(
        lie === 0 ? 0 : lie === 1 ? 0xffffffff : lie === 2 ? bytes.length + 3 : bytes.length,
      );
      // And sometimes half of one, with what comes next behind it.
      socket.write(lie === 3 ? length.subarray(0, 2) : length);
      socket.write(bytes);
      await breath(i);
    }
    socket?.destroy();
  };
}

export function onDatagrams(socket: UdpSocket, port: number, guest: HostileGuest): Peer {
  return async (turns) => {
    for (let i = 0; i < turns; i++)
      await new Promise((done) => socket.send(guest.next(), port, '127.0.0.1', done));
  };
}

export function onWebSocket(port: number, guest: HostileGuest, rng: Rng): Peer {
  return async (turns) => {
    let socket: WebSocket | null = null;
    for (let i = 0; i < turns; i++) {
      if (socket === null || socket.readyState !== WebSocket.OPEN) {
        socket?.terminate();
        socket = new WebSocket(`ws://127.0.0.1:${port}/`);
        socket.on('error', () => {});
        await Promise.race([once(socket, 'open').catch(() => {}), once(socket, 'close').catch(() => {})]);
        continue;
      }
      socket.send(rng.below(100) === 0 ? 'text' : guest.next());
      await breath(i);
    }
    socket?.terminate();
  };
}

/** The other end of a TAP device's wire. */
export function onNic(nic: Nic, guest: HostileGuest): Peer {
  return async (turns) => {
    for (let i = 0; i < turns; i++) {
      const bytes = guest.next();
      nic.transmit(bytes, 0, bytes.length);
      await breath(i);
    }
  };
}

/** What may be asked of a network over its control socket, none of which changes it. */
const COMMANDS: readonly (readonly string[])[] = [
  ['status', '--json'],
  ['status'],
  ['log'],
  ['log', '-f'],
  ['forward'],
  ['forward', 'remove', '1=nobody:1'],
  ['capture', '/dev/null'],
  ['capture', '/dev/null', 'nobody'],
  ['iptables', '-nvL'],
  ['iptables-save', '-c'],
  ['iptables-restore', '--test'],
  ['conntrack', '-L'],
  ['conntrack', '-E'],
  ['ip', '-d', 'addr', 'show'],
  ['ip', 'neigh'],
  ['ping', '-c', '1', '192.168.122.77'],
  ['ipset', 'list'],
  ['nothing'],
];

/** A program on the control socket: what it says is right, spoilt, or not of this world; some read nothing, many just go. */
export function onControlSocket(path: string, rng: Rng): Peer {
  const message = (id: number): object => {
    switch (rng.below(6)) {
      case 0:
        return { type: 'hello', version: rng.below(3) };
      case 1:
        return { type: 'cancel', id: rng.below(id + 2) };
      case 2:
        return {
          type: 'input',
          id: rng.below(id + 2),
          text: '*filter\n'.repeat(rng.below(50)),
          end: rng.below(2) > 0,
        };
      default: {
        const argv = [...COMMANDS[rng.below(COMMANDS.length)]!];
        if (rng.below(3) === 0) argv.push(['--', '\u{1b}[2J', '__proto__', '%s', '-'][rng.below(5)]!);
        const node = ['gateway', 'switch', 'nobody', '__proto__', null][rng.below(5)];
        return { type: 'run', id, argv, node };
      }
    }
  };
  return async (turns) => {
    let socket: Socket | null = null;
    for (let i = 0; i < turns; i++) {
      if (socket === null || socket.destroyed || rng.below(60) === 0) {
        socket?.destroy();
        socket = connect({ path });
        socket.on('error', () => {});
        if (rng.below(8) > 0) socket.resume();
        await once(socket, 'connect');
        if (rng.below(10) > 0) socket.write('{"type":"hello","version":1}\n');
      }
      const line = Buffer.from(`${JSON.stringify(message(i))}\n`);
      if (rng.below(10) === 0) line[rng.below(line.length)] = rng.below(256);
      socket.write(rng.below(100) === 0 ? Buffer.alloc(1 << 16, 'x') : line);
      await breath(i);
    }
    socket?.destroy();
  };
}

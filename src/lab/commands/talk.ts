/**
 * `talk`: a TCP connection to an echo service that says a line at every tick and listens for it to come back; how long the
 * longest silence was says what an interruption cost.
 */
import { call } from '../../base/call.ts';
import { parseIp4 } from '../../wire/address.ts';
import type { Connection, ConnectionEvents, NetError } from '../../stack/tcp/index.ts';
import { durationAt } from '../duration.ts';
import type { Lab } from '../lab.ts';
import { UsageMistake, type CommandResult, type LabCommand } from './command.ts';

const DEFAULT_INTERVAL = '20ms';

export const talk: LabCommand = {
  name: 'talk',
  usage: 'talk ADDRESS PORT [--every TIME]',
  about: 'Talks to an echo service over one connection, and tells the longest silence in milliseconds.',
  values: ['said', 'heard', 'gap', 'error'],
  start(lab, node, args) {
    const [addressText = '', port = '', option, every = DEFAULT_INTERVAL] = args;
    const address = parseIp4(addressText);
    if (address === undefined || !/^\d+$/.test(port) || (option !== undefined && option !== '--every')) {
      throw new UsageMistake(talk.usage);
    }
    return new Talk(lab, node, address, Number(port), durationAt(every, '--every'));
  },
};

/** Its own listener, and not closures, so that it can be saved with its lab. */
export class Talk implements ConnectionEvents {
  private readonly lab: Lab;
  private readonly everyUs: number;
  private readonly connection: Connection;
  private said = 0;
  private heard = 0;
  private lastHeardAt: number;
  private gapUs = 0;
  private error = '';
  private isOver = false;

  constructor(lab: Lab, node: string, address: number, port: number, everyUs: number) {
    this.lab = lab;
    this.everyUs = everyUs;
    this.lastHeardAt = lab.clock.now;
    this.connection = lab
      .host(node)
      .tcp.connect({ family: 4, remote: Int32Array.of(address, 0, 0, 0), remotePort: port }, this);
  }

  onConnect(): void {
    this.say();
  }

  onClose(_connection: Connection, error: NetError | null): void {
    this.isOver = true;
    this.error = error?.message ?? '';
  }

  say(): void {
    if (this.isOver) return;
    this.connection.write(new TextEncoder().encode(`${++this.said}\n`));
    this.lab.clock.at(this.lab.clock.now + this.everyUs, call(this, 'say'));
  }

  onReadable(): void {
    const bytes = this.connection.peek();
    this.heard += bytes.filter((byte) => byte === 0x0a).length;
    this.connection.consume(bytes.length);
    this.noteGap();
    this.lastHeardAt = this.lab.clock.now;
  }

  private noteGap(): void {
    this.gapUs = Math.max(this.gapUs, this.lab.clock.now - this.lastHeardAt);
  }

  finish(): CommandResult {
    this.noteGap();
    this.isOver = true;
    const gap = Math.round(this.gapUs / 1000);
    const output = [`${this.said} lines said, ${this.heard} heard, longest silence ${gap} ms`];
    return {
      output: this.error === '' ? output : [...output, this.error],
      values: { said: this.said, heard: this.heard, gap, error: this.error },
    };
  }
}

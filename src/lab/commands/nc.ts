/** `nc`: opens a TCP connection, sends a line, prints what comes back (netcat's everyday use). */
import { parseIp4 } from '../../wire/address.ts';
import type { Connection, NetError } from '../../stack/tcp/index.ts';
import type { Lab } from '../lab.ts';
import { UsageMistake, type CommandResult, type LabCommand } from './command.ts';

const MAX_PORT = 65535;

export const nc: LabCommand = {
  name: 'nc',
  usage: 'nc [-C] ADDRESS PORT [TEXT]',
  about:
    'Opens a TCP connection, sends the text (with -C its line ends in CR LF), prints what comes back, and closes when ' +
    'the other side does.',
  values: ['connected', 'received', 'error'],
  start(lab, node, args) {
    const [lineEnd, rest] = args[0] === '-C' ? ['\r\n', args.slice(1)] : ['\n', args];
    const [addressText = '', portText = '', ...words] = rest;
    const address = parseIp4(addressText);
    const port = Number(portText);
    if (address === undefined) throw new UsageMistake('an IPv4 address is missing');
    if (!Number.isInteger(port) || port < 1 || port > MAX_PORT)
      throw new UsageMistake('a port from 1 to 65535 is missing');
    const text = words.length === 0 ? '' : words.join(' ') + lineEnd;
    return new Talk(lab, node, address, port, text);
  },
};

class Talk {
  private isConnected = false;
  private received = '';
  private error = '';
  private readonly connection: Connection;

  constructor(lab: Lab, node: string, address: number, port: number, text: string) {
    const remote = Int32Array.of(address, 0, 0, 0);
    this.connection = lab.host(node).tcp.connect(
      { family: 4, remote, remotePort: port },
      {
        onConnect: (connection) => {
          this.isConnected = true;
          if (text !== '') connection.write(new TextEncoder().encode(text));
        },
        onReadable: (connection) => this.read(connection),
        onEnd: (connection) => connection.close(),
        onClose: (_connection, error: NetError | null) => (this.error = error?.message ?? ''),
      },
    );
  }

  private read(connection: Connection): void {
    const bytes = connection.peek();
    this.received += new TextDecoder().decode(bytes);
    connection.consume(bytes.length);
  }

  finish(): CommandResult {
    if (!this.connection.isOrphan) this.connection.close();
    const lines = this.received === '' ? [] : this.received.trimEnd().split('\n');
    return {
      output: this.error === '' ? lines : [...lines, this.error],
      values: { connected: this.isConnected, received: this.received.trimEnd(), error: this.error },
    };
  }
}

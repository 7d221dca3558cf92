/**
 * `nc` and `telnet`: a TCP connection from a host, what is said first, and what comes back (netcat's everyday use). They read no
 * standard input: what there is to say stands behind the port.
 */
import { Tcp, type Connection, type NetError } from '../stack/tcp/index.ts';
import type { Host } from '../stack/host.ts';
import { parseIp4, parseIp6 } from '../wire/address.ts';
import type { Call, Interrupt, Program } from './program.ts';

const MAX_PORT = 65535;
const TELNET_PORT = 23;
const DONE = 0;
const FAILED = 1;

interface Dialled {
  readonly family: 4 | 6;
  readonly remote: Int32Array;
  readonly remotePort: number;
  /** As it was written. */
  readonly address: string;
}

export const nc: Program = {
  name: 'nc',
  usage: 'nc [-C] [-v] [-z] [-w SECONDS] ADDRESS PORT [TEXT]',
  about:
    'Opens a TCP connection, sends the text (with -C its line ends in CR LF), prints what comes back, and closes when the ' +
    'other side does.',
  on: 'host',
  passesTime: true,
  values: ['connected', 'received', 'error'],
  completion: () => ['-C', '-v', '-w', '-z'],
  start(call) {
    const flags = new Set<string>();
    let wait = 0;
    let at = 0;
    for (; call.args[at]?.startsWith('-') === true; at++) {
      const word = call.args[at]!;
      if (word === '-w') wait = Number(call.args[++at]);
      else if (['-C', '-v', '-z', '-n', '-N'].includes(word)) flags.add(word);
      else return refuse(call, `nc: invalid option -- '${word.slice(1)}'`);
    }
    const [address = '', port = '', ...words] = call.args.slice(at);
    const to = dialled(address, port);
    if (typeof to === 'string') return refuse(call, `nc: ${to}`);
    const text = words.length === 0 ? '' : words.join(' ') + (flags.has('-C') ? '\r\n' : '\n');
    return new Talk(call, to, {
      text,
      closesAtOnce: flags.has('-z'),
      waitUs: wait * 1e6,
      connected: flags.has('-v') ? `Connection to ${address} ${port} port [tcp/*] succeeded!\n` : '',
      refused: (error) => `nc: connect to ${address} port ${port} (tcp) failed: ${error}\n`,
      over: '',
    }).interrupt;
  },
};

export const telnet: Program = {
  name: 'telnet',
  usage: 'telnet ADDRESS [PORT] [TEXT]',
  about: 'Opens a TCP connection and prints what the other side says until it closes.',
  on: 'host',
  passesTime: true,
  values: ['connected', 'received', 'error'],
  start(call) {
    const [address = '', port = String(TELNET_PORT), ...words] = call.args;
    const to = dialled(address, port);
    if (typeof to === 'string') return refuse(call, `telnet: ${to}`);
    call.io.out.write(`Trying ${address}...\n`);
    return new Talk(call, to, {
      text: words.length === 0 ? '' : `${words.join(' ')}\r\n`,
      closesAtOnce: false,
      waitUs: 0,
      connected: `Connected to ${address}.\nEscape character is '^]'.\n`,
      refused: (error) => `telnet: Unable to connect to remote host: ${error}\n`,
      over: 'Connection closed by foreign host.\n',
    }).interrupt;
  },
};

function refuse({ io, exit }: Call, message: string): void {
  io.err.write(`${message}\n`);
  exit(FAILED);
}

/** Or what is wrong with the words. */
function dialled(address: string, portText: string): Dialled | string {
  const remotePort = Number(portText);
  if (!/^\d+$/.test(portText) || remotePort < 1 || remotePort > MAX_PORT) {
    return portText === '' ? 'missing port number' : `port number invalid: ${portText}`;
  }
  const v4 = parseIp4(address);
  if (v4 !== undefined) return { family: 4, remote: Int32Array.of(v4, 0, 0, 0), remotePort, address };
  const words = new Int32Array(4);
  if (parseIp6(address, words)) return { family: 6, remote: words, remotePort, address };
  return `"${address}" is no address; names are not looked up here`;
}

interface Manners {
  readonly text: string;
  /** Asks only whether somebody listens. */
  readonly closesAtOnce: boolean;
  /** Gives up a connection that does not come about in this time; 0 for never. */
  readonly waitUs: number;
  readonly connected: string;
  refused(error: string): string;
  readonly over: string;
}

class Talk {
  private readonly call: Call;
  private readonly manners: Manners;
  private readonly connection: Connection;
  private isConnected = false;
  private received = '';
  private error = '';
  private isOver = false;

  constructor(call: Call, { family, remote, remotePort }: Dialled, manners: Manners) {
    this.call = call;
    this.manners = manners;
    this.connection = tcpOf(call).connect(
      { family, remote, remotePort },
      {
        onConnect: (connection) => this.begin(connection),
        onReadable: (connection) => this.read(connection),
        onEnd: (connection) => {
          connection.close();
          this.end(null);
        },
        onClose: (_connection, error: NetError | null) => this.end(error),
      },
    );
    if (manners.waitUs > 0) {
      call.clock.at(call.clock.now + manners.waitUs, () => {
        if (!this.isConnected) this.interrupt();
      });
    }
  }

  /** Nobody waits for what else might come. */
  readonly interrupt: Interrupt = () => {
    if (!this.connection.isOrphan) this.connection.close();
    this.finish();
  };

  private begin(connection: Connection): void {
    const { text, connected, closesAtOnce } = this.manners;
    this.isConnected = true;
    this.call.io.out.write(connected);
    if (text !== '') connection.write(new TextEncoder().encode(text));
    if (closesAtOnce) this.interrupt();
  }

  private read(connection: Connection): void {
    const bytes = connection.peek();
    const text = new TextDecoder().decode(bytes);
    this.received += text;
    this.call.io.out.write(text);
    connection.consume(bytes.length);
  }

  private end(error: NetError | null): void {
    if (this.isOver) return;
    this.error = error?.message ?? '';
    if (this.error !== '' && !this.isConnected) {
      const [first = '', ...rest] = this.error;
      this.call.io.err.write(this.manners.refused(first.toUpperCase() + rest.join('')));
    } else this.call.io.out.write(this.manners.over);
    this.finish();
  }

  private finish(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.call.exit(this.isConnected ? DONE : FAILED, {
      connected: this.isConnected,
      received: this.received.trimEnd(),
      error: this.error,
    });
  }
}

/** Of hosts to which nobody has given one yet, this is the first. */
const given = new WeakMap<Host, Tcp>();

function tcpOf({ node }: Call): Tcp {
  if (node.kind !== 'host') throw new Error('unreachable: this is for hosts');
  const { host } = node.gateway;
  if (host.tcp instanceof Tcp) return host.tcp;
  let tcp = given.get(host);
  if (tcp === undefined) given.set(host, (tcp = new Tcp(host)));
  return tcp;
}

/** `nc`: opens a TCP connection or sends a datagram, prints what comes back (netcat's everyday use). */
import type { IpAddress } from '../../stack/address.ts';
import type { Family } from '../../netfilter/hook.ts';
import { NetError, type Connection } from '../../stack/tcp/index.ts';
import type { UdpSocket } from '../../stack/udp/index.ts';
import type { LabHost } from '../lab-host.ts';
import { UsageMistake, type CommandResult, type LabCommand } from './command.ts';
import { targetOf } from './target.ts';

const MAX_PORT = 65535;

export const nc: LabCommand = {
  name: 'nc',
  usage: 'nc [-4|-6] [-C] [-u] HOST PORT [TEXT]',
  about:
    'Opens a TCP connection (with -u: over UDP), sends the text (with -C its line ends in CR LF), prints what comes back, ' +
    'and closes when the other side does. HOST is an address or a name.',
  values: ['connected', 'received', 'error'],
  start(lab, node, args) {
    const { target, port, family, isUdp, text } = readWords(args);
    const host = lab.host(node);
    const talk = isUdp ? new DatagramTalk(host, port, text) : new StreamTalk(host, port, text);
    host.resolver.resolve(target, family, ({ addresses: [address], error }) => {
      if (address === undefined) talk.error = `${target}: ${error}`;
      else talk.begin(address);
    });
    return talk;
  },
};

function readWords(args: readonly string[]) {
  let family: Family = 4;
  let lineEnd = '\n';
  let isUdp = false;
  const rest = [...args];
  while (rest[0]?.startsWith('-') === true) {
    const option = rest.shift()!;
    if (option === '-C') lineEnd = '\r\n';
    else if (option === '-u') isUdp = true;
    else if (option === '-4' || option === '-6') family = option === '-6' ? 6 : 4;
    else throw new UsageMistake(`there is no option ${option}: ${nc.usage}`);
  }
  const [target, portText = '', ...words] = rest;
  const port = Number(portText);
  const checked = targetOf(target);
  if (!Number.isInteger(port) || port < 1 || port > MAX_PORT)
    throw new UsageMistake('a port from 1 to 65535 is missing');
  const text = words.length === 0 && !isUdp ? '' : words.join(' ') + lineEnd;
  return { target: checked, port, family, isUdp, text: new TextEncoder().encode(text) };
}

/** What both kinds tell in the end. */
abstract class Talk {
  error = '';
  protected readonly host: LabHost;
  protected readonly port: number;
  protected readonly text: Uint8Array;
  protected isConnected = false;
  protected received = '';

  constructor(host: LabHost, port: number, text: Uint8Array) {
    this.host = host;
    this.port = port;
    this.text = text;
  }

  abstract begin(address: IpAddress): void;
  protected abstract close(): void;

  finish(): CommandResult {
    this.close();
    const lines = this.received === '' ? [] : this.received.trimEnd().split('\n');
    return {
      output: this.error === '' ? lines : [...lines, this.error],
      values: { connected: this.isConnected, received: this.received.trimEnd(), error: this.error },
    };
  }
}

class StreamTalk extends Talk {
  private connection: Connection | null = null;

  begin({ family, words }: IpAddress): void {
    this.connection = this.host.tcp.connect(
      { family, remote: words, remotePort: this.port },
      {
        onConnect: (connection) => {
          this.isConnected = true;
          if (this.text.length > 0) connection.write(this.text);
        },
        onReadable: (connection) => {
          const bytes = connection.peek();
          this.received += new TextDecoder().decode(bytes);
          connection.consume(bytes.length);
        },
        onEnd: (connection) => connection.close(),
        onClose: (_connection, error) => (this.error = error?.message ?? ''),
      },
    );
  }

  protected close(): void {
    if (this.connection?.isOrphan === false) this.connection.close();
  }
}

/** Connected, as netcat says it, is a datagram that was answered. */
class DatagramTalk extends Talk {
  private socket: UdpSocket | null = null;

  begin({ family, words }: IpAddress): void {
    const socket = this.host.udp.open({ family });
    this.socket = socket;
    socket.connect(words, this.port);
    socket.listener = {
      onMessage: () => {
        for (let one = socket.receive(); one !== undefined; one = socket.receive()) {
          this.isConnected = true;
          this.received += new TextDecoder().decode(one.bytes);
        }
      },
      onError: (_socket, error) => (this.error = error.message),
    };
    try {
      socket.send(this.text);
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      this.error = error.message;
    }
  }

  protected close(): void {
    this.socket?.close();
  }
}

/** A TCP connection: what is said first, and what comes back. */
import type { IpAddress } from '../../stack/address.ts';
import type { Host } from '../../stack/host.ts';
import { Tcp, type Connection, type NetError } from '../../stack/tcp/index.ts';
import type { Call, Interrupt } from '../program.ts';
import { capital, tell, type Manners } from './manners.ts';

export class StreamTalk {
  private readonly call: Call;
  private readonly manners: Manners;
  private readonly connection: Connection;
  private isConnected = false;
  private received = '';
  private error = '';
  private isOver = false;

  constructor(call: Call, { family, words: remote }: IpAddress, remotePort: number, manners: Manners) {
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
      this.call.io.err.write(this.manners.refused(capital(this.error)));
    } else this.call.io.out.write(this.manners.over);
    this.finish();
  }

  private finish(): void {
    if (this.isOver) return;
    this.isOver = true;
    const { isConnected, received, error } = this;
    tell(this.call, { isConnected, received, error });
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

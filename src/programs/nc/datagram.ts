/** Datagrams of UDP: one is sent, and what comes back is printed. Connected, as netcat says it, is one that was answered. */
import type { IpAddress } from '../../stack/address.ts';
import type { Host } from '../../stack/host.ts';
import { NetError } from '../../stack/tcp/index.ts';
import { Udp, type UdpSocket } from '../../stack/udp/index.ts';
import type { Call, Interrupt } from '../program.ts';
import { capital, tell, type Manners } from './manners.ts';

export class DatagramTalk {
  private readonly call: Call;
  private readonly manners: Manners;
  private readonly socket: UdpSocket;
  private isConnected = false;
  private received = '';
  private error = '';
  private isOver = false;

  constructor(call: Call, { family, words }: IpAddress, port: number, manners: Manners) {
    this.call = call;
    this.manners = manners;
    this.socket = udpOf(call).open({ family });
    this.socket.connect(words, port);
    this.socket.listener = {
      onMessage: () => this.read(),
      onError: (_socket, error) => this.fail(error.message),
    };
    if (manners.waitUs > 0) call.clock.at(call.clock.now + manners.waitUs, this.interrupt);
    this.send(new TextEncoder().encode(manners.text));
  }

  readonly interrupt: Interrupt = () => {
    if (this.isOver) return;
    this.isOver = true;
    this.socket.close();
    const { isConnected, received, error } = this;
    tell(this.call, { isConnected, received, error });
  };

  private send(bytes: Uint8Array): void {
    try {
      this.socket.send(bytes);
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      this.fail(error.message);
    }
  }

  private read(): void {
    for (let one = this.socket.receive(); one !== undefined; one = this.socket.receive()) {
      const text = new TextDecoder().decode(one.bytes);
      if (!this.isConnected) this.call.io.out.write(this.manners.connected);
      this.isConnected = true;
      this.received += text;
      this.call.io.out.write(text);
    }
  }

  private fail(error: string): void {
    this.error = error;
    this.call.io.err.write(this.manners.refused(capital(error)));
    this.interrupt();
  }
}

/** Of hosts to which nobody has given one yet, this is the first. */
const given = new WeakMap<Host, Udp>();

function udpOf({ node }: Call): Udp {
  if (node.kind !== 'host') throw new Error('unreachable: this is for hosts');
  const { host } = node.gateway;
  if (host.udp instanceof Udp) return host.udp;
  let udp = given.get(host);
  if (udp === undefined) given.set(host, (udp = new Udp(host)));
  return udp;
}

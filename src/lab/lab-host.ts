/** A host in a lab: the stack with its packet filter, TCP, and the small services that a lab file gives it. */
import { installHelpers, type FlowTable } from '../alg/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Rng } from '../base/rng.ts';
import { SluiceError } from '../base/errors.ts';
import type { LogSink } from '../netfilter/log.ts';
import { Gateway } from '../stack/gateway.ts';
import { Plugs } from '../stack/link/index.ts';
import { Tcp, type Connection } from '../stack/tcp/index.ts';
import * as icmp from '../wire/icmp.ts';
import { IPPROTO_ICMP } from '../wire/ip-protocol.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import type { HostNode, Service } from './topology.ts';

/** Tells of every ICMP message that reached the host. */
export type IcmpListener = (pkt: PacketBuffer) => void;

export class LabHost {
  readonly node: HostNode;
  readonly gateway: Gateway;
  /** What the helpers see of control connections. */
  readonly flows: FlowTable;
  readonly tcp: Tcp;
  readonly plugs = new Plugs();
  readonly icmpListeners = new Set<IcmpListener>();
  /** Lines of LOG targets. */
  readonly log: string[] = [];

  constructor(node: HostNode, clock: Clock, rng: Rng) {
    this.node = node;
    const log: LogSink = { wanted: true, line: ({ text }) => void this.log.push(text) };
    const { gateway, flows } = named(node, () => {
      const gateway = new Gateway(node.config, {
        clock,
        rng,
        log,
        sink: this.plugs,
        // Whoever pinged waits for the answer.
        hasSocket: (pkt) => isIcmpAnswer(pkt) && this.icmpListeners.size > 0,
        deliver: (pkt) => {
          if (isIcmpAnswer(pkt)) for (const listener of this.icmpListeners) listener(pkt);
        },
      });
      const { conntrack, nat, sequences, host: networks } = gateway;
      const watched = installHelpers({ clock, rng, log, conntrack, nat, sequences, networks }, node.helpers);
      for (const ruleset of node.rulesets) gateway.load(ruleset);
      return { gateway, flows: watched };
    });
    this.gateway = gateway;
    this.flows = flows;
    this.tcp = new Tcp(this.gateway.host);
    for (const service of node.services) this.serve(service);
  }

  private serve({ port, answer }: Service): void {
    this.tcp.listen({
      port,
      onConnection: (listener) => {
        for (let one = listener.accept(); one !== undefined; one = listener.accept()) {
          if (answer === 'echo') echo(one);
          else greet(one, answer.line);
        }
      },
    });
  }
}

function isIcmpAnswer({ family, proto, l4, bytes }: PacketBuffer): boolean {
  return family === 4 && proto === IPPROTO_ICMP && icmp.type(bytes, l4) !== icmp.ECHO_REQUEST;
}

function echo(connection: Connection): void {
  const sayBack = () => {
    for (let bytes = connection.peek(); bytes.length > 0; bytes = connection.peek()) {
      const taken = connection.write(bytes.slice());
      if (taken <= 0) return;
      connection.consume(taken);
    }
  };
  connection.listener = { onReadable: sayBack, onWritable: sayBack, onEnd: () => connection.close() };
  sayBack();
}

function greet(connection: Connection, line: string): void {
  connection.write(new TextEncoder().encode(`${line}\n`));
  connection.close();
}

/** Complaints that only the running host can have (a sysctl out of its range), with its name in front. */
function named<T>({ name }: HostNode, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof SluiceError)
      throw new SluiceError(error.code, `${name}: ${error.message}`, error.place);
    throw error;
  }
}

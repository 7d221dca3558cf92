/** A host in a lab: the stack with its packet filter, TCP, UDP, and the services that a lab file gives it. */
import { installHelpers, type FlowTable } from '../alg/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Rng } from '../base/rng.ts';
import { SluiceError } from '../base/errors.ts';
import type { LogSink } from '../netfilter/log.ts';
import { makeObjects } from '../netfilter/object-settings.ts';
import { Gateway } from '../stack/gateway.ts';
import { Plugs } from '../stack/link/index.ts';
import { Tcp } from '../stack/tcp/index.ts';
import { Udp } from '../stack/udp/index.ts';
import * as icmp from '../wire/icmp.ts';
import * as icmpv6 from '../wire/icmpv6.ts';
import { IPPROTO_ICMP, IPPROTO_ICMPV6 } from '../wire/ip-protocol.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { DhcpInterface } from './services/dhcp-interface.ts';
import { HostServices } from './services/host-services.ts';
import { Resolver } from './services/resolver.ts';
import type { HostNode } from './topology.ts';

/** When hosts that have just come up ask for their addresses. */
const DHCP_START_US = 100_000;

/** Tells of every ICMP message that reached the host. */
export type IcmpListener = (pkt: PacketBuffer) => void;

export class LabHost {
  readonly node: HostNode;
  readonly gateway: Gateway;
  /** What the helpers see of control connections. */
  readonly flows: FlowTable;
  readonly tcp: Tcp;
  readonly udp: Udp;
  readonly services: HostServices;
  readonly resolver: Resolver;
  /** Interfaces that get their address by DHCP. */
  readonly dhcp: readonly DhcpInterface[];
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
      makeObjects(node.named, undefined, gateway.objects, rng);
      for (const ruleset of node.rulesets) gateway.load(ruleset);
      return { gateway, flows: watched };
    });
    this.gateway = gateway;
    this.flows = flows;
    const { host } = this.gateway;
    this.tcp = new Tcp(host);
    this.udp = new Udp(host);
    this.services = new HostServices(this.tcp, this.udp, clock, node.services);
    this.resolver = new Resolver(this.udp, node.nameServers);
    this.dhcp = node.dhcpInterfaces.map((name) => {
      const device = host.devices.named(name)!;
      const known = node.nameServers;
      return new DhcpInterface(this.udp, device, node.name, (lease) => {
        const learnt = (lease?.nameServers ?? []).map((word) => ({
          family: 4 as const,
          words: Int32Array.of(word, 0, 0, 0),
        }));
        this.resolver.servers = known.length > 0 ? known : learnt;
      });
    });
    for (const { client } of this.dhcp) clock.at(clock.now + DHCP_START_US, () => client.start());
  }
}

function isIcmpAnswer({ family, proto, l4, bytes }: PacketBuffer): boolean {
  if (family === 6) return proto === IPPROTO_ICMPV6 && icmpv6.type(bytes, l4) !== icmpv6.ECHO_REQUEST;
  return proto === IPPROTO_ICMP && icmp.type(bytes, l4) !== icmp.ECHO_REQUEST;
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

/** A host in a lab: the stack with its packet filter, TCP, UDP, and the services that a lab file gives it. */
import { call } from '../base/call.ts';
import { installHelpers, type FlowTable } from '../alg/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Rng } from '../base/rng.ts';
import { SluiceError } from '../base/errors.ts';
import { CONFIG_ERROR } from '../base/plain-object.ts';
import type { LogSink } from '../netfilter/log.ts';
import { makeObjects } from '../netfilter/object-settings.ts';
import { Gateway } from '../stack/gateway.ts';
import type { Device } from '../stack/device.ts';
import { TunLink } from '../stack/devices/tun.ts';
import { Plugs, type FrameTaker } from '../stack/link/index.ts';
import { Tcp } from '../stack/tcp/index.ts';
import { Udp } from '../stack/udp/index.ts';
import { DhcpInterface } from './services/dhcp-interface.ts';
import { HostServices } from './services/host-services.ts';
import { Resolver } from './services/resolver.ts';
import type { HostNode } from './topology.ts';

/** When hosts that have just come up ask for their addresses. */
const DHCP_START_US = 100_000;

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
  private readonly plugs = new Plugs();
  /** Cables of virtual machines, by the TAP devices that they end at. */
  private readonly machines = new Map<string, FrameTaker>();
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
    host.devices.onAdd = (device) => this.plugTap(device);
    for (const { client } of this.dhcp) clock.at(clock.now + DHCP_START_US, call(client, 'start'));
  }

  /** Gives an interface its cable, and a TAP device that may be there one day its machine. */
  plug(port: string, taker: FrameTaker): void {
    const device = this.gateway.host.devices.named(port);
    if (this.node.taps.includes(port)) this.machines.set(port, taker);
    else if (device !== undefined) this.plugs.plug(device, taker);
  }

  /** Puts a frame on an interface's cable, past the host. */
  send(port: string, frame: Uint8Array): void {
    this.plugs.frame(this.gateway.host.devices.named(port)!, frame, 0, frame.length);
  }

  private plugTap(device: Device): void {
    const taker = this.machines.get(device.name);
    if (taker === undefined || !(device.kind instanceof TunLink)) return;
    device.kind.onPacket = (frame) => taker(frame, 0, frame.length);
  }
}

/** Complaints that only the running host can have (a sysctl out of its range), with its place in the file in front. */
function named<T>({ path }: HostNode, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof SluiceError && error.place.line === undefined)
      throw new SluiceError(CONFIG_ERROR, `${path}.${error.message}`, error.place);
    throw error;
  }
}

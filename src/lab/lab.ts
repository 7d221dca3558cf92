/**
 * A lab that runs: hosts, switches and links on one virtual clock. Nothing happens but what the clock's queue says, so the
 * same file and seed give the same frames, however long they take to compute.
 *
 *     const lab = new Lab(parseLab({ text, file: 'lab.yaml' }));
 *     lab.run(1e6);                       // a second passes
 *     lab.host('a').tcp.connect(…); lab.events.since(mark)
 */
import { VirtualClock, type TimeUs } from '../base/clock.ts';
import { SluiceError } from '../base/errors.ts';
import { CONFIG_ERROR } from '../base/plain-object.ts';
import { SeededRng } from '../base/rng.ts';
import { dropReasonText } from '../netfilter/drop-reason.ts';
import { BridgeNetfilter, keepState } from '../stack/bridge-netfilter.ts';
import { Link, NO_IMPAIRMENT, type FrameTaker } from '../stack/link/index.ts';
import { ACTION_TEXTS, LearningSwitch, makeSwitch, type VirtualSwitch } from '../vswitch/index.ts';
import { PacketBuffer } from '../wire/packet-buffer.ts';
import { Arrivals } from './arrivals.ts';
import { LabCapture, type CaptureFiles } from './capture-node.ts';
import { EventLog, type Crossing } from './events.ts';
import { LabHost } from './lab-host.ts';
import type { MakeOutside, Outside } from './outside-node.ts';
import {
  endpointText,
  type CaptureNode,
  type Endpoint,
  type HostNode,
  type LinkConfig,
  type OutsideNode,
  type Topology,
} from './topology.ts';

/** Labs begin at a time that is easy to subtract: 2026-01-01 00:00:00 UTC. */
export const LAB_EPOCH_US = 1_767_225_600_000_000;

/** Puts a frame on the link that is plugged in at an endpoint. */
type Plug = (bytes: Uint8Array, start: number, end: number) => void;

export interface LabLink {
  readonly config: LinkConfig;
  readonly link: Link;
}

/** What a lab has of where it runs. */
export interface LabParts {
  /** Where capture nodes play from and record to. */
  readonly files?: CaptureFiles | null;
  /** A virtual one of its own unless given. */
  readonly clock?: VirtualClock;
  /** Makes what is at the other end of the cables of nodes outside. */
  readonly outside?: MakeOutside | null;
}

export class Lab {
  readonly topology: Topology;
  readonly clock: VirtualClock;
  readonly events = new EventLog();
  readonly hosts = new Map<string, LabHost>();
  readonly switches = new Map<string, VirtualSwitch>();
  readonly captures = new Map<string, LabCapture>();
  private readonly outsides = new Map<string, Outside>();
  private readonly beganAt: TimeUs;
  readonly links: LabLink[];
  private readonly rng: SeededRng;
  private readonly plugs = new Map<string, Plug>();
  /** Of bridges that belong to a host, by the endpoint of their own interface. */
  private readonly filters = new Map<string, BridgeNetfilter>();
  /** The frame whose arrival is being dealt with; null while a host acts by itself. */
  private current: Crossing | null = null;
  /** Ports that copies of it left by. */
  private leftBy: string[] = [];

  constructor(topology: Topology, { files = null, clock, outside = null }: LabParts = {}) {
    this.topology = topology;
    this.clock = clock ?? new VirtualClock(LAB_EPOCH_US);
    this.beganAt = this.clock.now;
    this.rng = new SeededRng(topology.seed);
    for (const node of topology.nodes) {
      switch (node.kind) {
        case 'host':
          this.hosts.set(node.name, this.makeHost(node));
          break;
        case 'switch':
          this.switches.set(node.name, this.makeSwitch(node.name, node.config));
          break;
        case 'capture':
          this.captures.set(node.name, this.makeCapture(node, files));
          break;
        case 'vm':
        case 'world':
          this.outsides.set(node.name, this.makeOutside(node, outside));
          break;
      }
    }
    this.links = topology.links.map((config) => ({ config, link: this.connect(config) }));
    for (const { ends } of topology.links) this.lendRules(ends);
  }

  /** A bridge whose own interface is a host's belongs to it: the host's rules may see what it bridges (net.bridge.*). */
  private lendRules([a, b]: readonly [Endpoint, Endpoint]): void {
    for (const [own, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const bridge = this.bridgeAt(own.node);
      const host = this.hosts.get(other.node)?.gateway.host;
      if (bridge?.self?.name !== own.port || host === undefined) continue;
      const filter = new BridgeNetfilter({
        host,
        device: host.devices.named(other.port)!,
        ports: bridge.ports,
        calls: bridge.config.calls,
        transmit: (port, frame) => bridge.transmit(port, frame),
        resume: (port, pkt) => bridge.resume(port, pkt),
      });
      bridge.filter = filter;
      this.filters.set(endpointText(own), filter);
    }
  }

  private bridgeAt(node: string): LearningSwitch | undefined {
    const found = this.switches.get(node);
    return found instanceof LearningSwitch ? found : undefined;
  }

  /** Time passes. */
  run(durationUs: number): void {
    this.clock.advanceTo(this.clock.now + durationUs);
  }

  /** Seconds since the lab began. */
  get seconds(): number {
    return (this.clock.now - this.beganAt) / 1e6;
  }

  host(name: string): LabHost {
    const host = this.hosts.get(name);
    if (host === undefined) throw new SluiceError('LAB', `${name} is no host`);
    return host;
  }

  switch(name: string): VirtualSwitch {
    const found = this.switches.get(name);
    if (found === undefined) throw new SluiceError('LAB', `${name} is no switch`);
    return found;
  }

  /** The link at an endpoint. */
  linkAt(endpoint: string): LabLink | undefined {
    return this.links.find(({ config }) => config.ends.some((end) => endpointText(end) === endpoint));
  }

  /** Unplugs a cable, or plugs it in: both its ends see their link go down or up. */
  setLink({ config, link }: LabLink, up: boolean): void {
    link.isUp = up;
    for (const { node, port } of config.ends) {
      const bridge = this.switches.get(node);
      if (bridge !== undefined) bridge.setLink(bridge.portNamed(port)!.index, up);
    }
  }

  /** Pulls the cable at an interface of a host out of where it ends now. */
  unplug(end: Endpoint): void {
    const link = this.linkAt(endpointText(end));
    if (link === undefined) throw new SluiceError('LAB', `${endpointText(end)} has no cable`);
    this.setLink(link, false);
    this.links.splice(this.links.indexOf(link), 1);
  }

  /** Plugs a cable in, from an interface of a host to a port of a switch. */
  plugIn(end: Endpoint, to: Endpoint): void {
    const config = { ends: [end, to] as const, netem: NO_IMPAIRMENT, up: true };
    const link = { config, link: this.connect(config) };
    this.links.push(link);
    this.setLink(link, true);
  }

  /** Puts a frame on the cable of a host's interface, as if its NIC sent it. */
  sendFrom({ node, port }: Endpoint, frame: Uint8Array): void {
    this.host(node).send(port, frame);
  }

  /** Ends what capture nodes record. */
  close(): void {
    for (const capture of this.captures.values()) capture.close();
  }

  // ── Wiring ──────────────────────────────────────────────────────────────────────────────────────────────────

  private makeHost(node: HostNode): LabHost {
    try {
      return new LabHost(node, this.clock, this.rng);
    } catch (error) {
      throw this.topology.locate(error);
    }
  }

  private makeSwitch(name: string, config: Parameters<typeof makeSwitch>[0]): VirtualSwitch {
    return makeSwitch(config, {
      clock: this.clock,
      rng: this.rng,
      sink: {
        frame: (port, bytes, start, end) => {
          this.leftBy.push(port.name);
          this.plugs.get(`${name}:${port.name}`)?.(bytes, start, end);
        },
      },
    });
  }

  private makeCapture(node: CaptureNode, files: CaptureFiles | null): LabCapture {
    return new LabCapture(node, this.clock, files, (frame) => {
      const cable = this.topology.links.flatMap(({ ends }) => ends).find((end) => end.node === node.name);
      if (cable !== undefined) this.plugs.get(endpointText(cable))?.(frame, 0, frame.length);
    });
  }

  private makeOutside(node: OutsideNode, make: MakeOutside | null): Outside {
    const say = (port: string, bytes: Uint8Array, start: number, end: number) =>
      this.plugs.get(`${node.name}:${port}`)?.(bytes, start, end);
    try {
      if (make !== null) return make(node, say);
      throw new SluiceError(
        CONFIG_ERROR,
        `${node.path}: is outside, where time is real: "sluice net up FILE"`,
      );
    } catch (error) {
      throw this.topology.locate(error);
    }
  }

  private connect(config: LinkConfig): Link {
    const [a, b] = config.ends;
    const toA = new Arrivals(this.taker(a));
    const toB = new Arrivals(this.taker(b));
    const link = new Link(this.clock, this.rng, toA.take, toB.take, config.netem);
    link.isUp = config.up;
    this.plug(a, b, toB, (bytes, start, end) => link.sendFromA(bytes, start, end));
    this.plug(b, a, toA, (bytes, start, end) => link.sendFromB(bytes, start, end));
    if (!config.up) this.setLink({ config, link }, false);
    return link;
  }

  /** What is sent at an end is written down, and waits to be met at the other. */
  private plug(from: Endpoint, to: Endpoint, arrivals: Arrivals, send: Plug): void {
    const name = endpointText(from);
    const plug: Plug = (bytes, start, end) => {
      const parent = this.current?.id ?? 0;
      const crossing = this.events.add(this.clock.now, from, to, bytes.slice(start, end), parent);
      crossing.carried = this.filters.get(name)?.takeHanded() ?? null;
      arrivals.expect(crossing);
      send(bytes, start, end);
    };
    const host = this.hosts.get(from.node);
    if (host !== undefined) host.plug(from.port, plug);
    else this.plugs.set(name, plug);
  }

  /** What happens to a frame that has crossed to an endpoint. */
  private taker({ node, port }: Endpoint): (crossing: Crossing | null) => FrameTaker {
    const host = this.hosts.get(node);
    if (host !== undefined) {
      const receiver = host.gateway.host;
      const pkt = new PacketBuffer();
      return (crossing) => (bytes, start, end) =>
        this.during(crossing, () => {
          // A TAP device may not be there yet.
          const device = receiver.devices.named(port);
          if (device === undefined) return;
          pkt.reset(bytes, start, end);
          if (crossing?.carried) keepState(pkt, crossing.carried);
          receiver.receive(device, pkt);
        });
    }
    const capture = this.captures.get(node);
    if (capture !== undefined)
      return (crossing) => (bytes, start, end) =>
        this.during(crossing, () => capture.hear(bytes, start, end));
    const outside = this.outsides.get(node);
    if (outside !== undefined)
      return (crossing) => (bytes, start, end) =>
        this.during(crossing, () => outside.hear(port, bytes, start, end));
    const bridge = this.switch(node);
    const { index } = bridge.portNamed(port)!;
    const pkt = new PacketBuffer();
    return (crossing) => (bytes, start, end) =>
      this.during(crossing, () => {
        const table = bridge.table();
        this.leftBy = [];
        pkt.reset(bytes, start, end);
        bridge.receive(index, pkt);
        const text = pkt.dropReason === 0 ? ACTION_TEXTS[bridge.action]! : dropReasonText(pkt.dropReason);
        if (crossing !== null) crossing.decision = { switch: node, text, out: this.leftBy, table };
      });
  }

  private during(crossing: Crossing | null, action: () => void): void {
    const before = this.current;
    this.current = crossing;
    if (crossing !== null) crossing.arrivedAt = this.clock.now;
    action();
    this.current = before;
  }
}

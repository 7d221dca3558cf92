/**
 * The rapid spanning tree protocol (RSTP: IEEE 802.1D-2004, clause 17; first 802.1w), beside the original one of
 * spanning-tree.ts. The state machines of the standard, each in a file of its own, are run until none has anything to do:
 *
 *     message ─► information.ts ─► roles.ts ─► transitions.ts ─► topology-change.ts ─► transmit (here)
 *
 * Bridges that speak the original protocol only are recognised and spoken to in it, port by port (17.24). Linux's bridge
 * has none of this itself: it leaves it to mstpd. Not here: several trees (MSTP).
 */
import { call } from '../../../base/call.ts';
import type { Timer } from '../../../base/clock.ts';
import * as bpdu from '../../../wire/bpdu.ts';
import { SaidRole } from '../../../wire/bpdu.ts';
import type { BridgePort } from '../bridge-port.ts';
import { bridgeId, type StpConfig, type StpHost, type TreeProtocol } from '../tree-protocol.ts';
import { hear, stepInformation } from './information.ts';
import type { Times } from './priority.ts';
import { RapidPort, Role, ROLE_NAMES } from './rapid-port.ts';
import { findRoot, selectRoles, type RootView } from './roles.ts';
import { stepTopology } from './topology-change.ts';
import { MIGRATE_TIME_US, stepRole, stepState } from './transitions.ts';

/** Messages of one port in a second (17.13.12). */
const TX_HOLD_COUNT = 6;
const SECOND_US = 1_000_000;
/** The machines settle in a few steps a port; more would be a circle, that is, a defect. */
const MOST_STEPS = 10_000;

const SAID: readonly SaidRole[] = [
  SaidRole.UNKNOWN,
  SaidRole.ROOT,
  SaidRole.DESIGNATED,
  SaidRole.ALTERNATE,
  SaidRole.ALTERNATE,
];

export class RapidTree implements TreeProtocol {
  readonly id: string;
  private readonly own: Times;
  private readonly mac: Uint8Array;
  private readonly host: StpHost;
  private readonly ports: readonly RapidPort[];
  private view: RootView;
  private timer: Timer | null = null;

  constructor(config: StpConfig, mac: Uint8Array, ports: readonly BridgePort[], host: StpHost) {
    const { helloTime, maxAge, forwardDelay } = config;
    this.id = bridgeId(config.priority, mac);
    this.own = { messageAge: 0, helloTime, maxAge, forwardDelay };
    this.mac = mac;
    this.host = host;
    const nobody = { root: this.id, cost: 0, bridge: this.id, port: 0 };
    this.ports = ports.map((port, i) => new RapidPort(port, i + 1, nobody, this.own));
    this.view = findRoot(this.id, this.own, []);
  }

  get root(): string {
    return this.view.priority.root;
  }

  get rootCost(): number {
    return this.view.priority.cost;
  }

  get isRoot(): boolean {
    return this.view.port === null;
  }

  /** `root`, `designated`, `alternate`, `backup` or `disabled`. */
  roleOf(port: BridgePort): string {
    return ROLE_NAMES[this.of(port).role];
  }

  start(): void {
    for (const one of this.ports) if (one.port.up) this.bringUp(one);
    this.settle();
  }

  enable(port: BridgePort): void {
    this.bringUp(this.of(port));
    this.settle();
  }

  disable(port: BridgePort): void {
    const one = this.of(port);
    one.portEnabled = false;
    one.operEdge = port.edge === 'yes';
    this.host.forget(port);
    this.settle();
  }

  private bringUp(one: RapidPort): void {
    const { now } = this.host.clock;
    one.portEnabled = true;
    one.sendRSTP = true;
    one.mdelayWhile = now + MIGRATE_TIME_US;
    one.newInfo = true;
    one.txCount = 0;
    one.helloWhen = now + this.own.helloTime;
  }

  private of(port: BridgePort): RapidPort {
    return this.ports.find((one) => one.port === port)!;
  }

  receive(port: BridgePort, bytes: Uint8Array, start: number, end: number): void {
    const message = bpdu.parseRapid(bytes, start, end);
    const one = this.of(port);
    if (message === null || !one.portEnabled) return;
    if (port.bpduGuard) return this.disable(port);
    const { now } = this.host.clock;
    one.operEdge = false;
    one.edgeDelayWhile = now + MIGRATE_TIME_US;
    const isRapid = message !== 'tcn' && message.isRapid;
    if (isRapid !== one.sendRSTP && one.mdelayWhile <= now) {
      one.sendRSTP = isRapid;
      one.mdelayWhile = now + MIGRATE_TIME_US;
    }
    if (message === 'tcn') one.rcvdTcn = true;
    else hear(one, message, now);
    this.settle();
  }

  // ── The machines ────────────────────────────────────────────────────────────────────────────────────────────

  /** Runs every machine until none has anything to do, sends what there is to say, and waits for the next timer. */
  settle(): void {
    const { clock } = this.host;
    const { now } = clock;
    let steps = 0;
    while (this.step(now)) if (++steps > MOST_STEPS) throw new Error('the spanning tree does not settle');
    for (const one of this.ports) this.transmit(one, now);
    this.timer?.cancel();
    const next = this.ports.reduce((least, one) => Math.min(least, one.nextEnd(now)), Infinity);
    this.timer = next === Infinity ? null : clock.at(next, call(this, 'settle'));
  }

  private step(now: number): boolean {
    const { ports } = this;
    let hasChanged = false;
    for (const one of ports) if (stepInformation(one, now)) hasChanged = true;
    if (ports.some(({ reselect }) => reselect)) {
      this.view = findRoot(this.id, this.own, ports);
      selectRoles(this.id, this.own, this.view, ports);
      hasChanged = true;
    }
    for (const one of ports) {
      if (stepEdge(one, now)) hasChanged = true;
      if (stepRole(one, { ports, now })) hasChanged = true;
      if (stepState(one)) hasChanged = true;
      if (stepTopology(one, ports, now, ({ port }) => this.host.forget(port))) hasChanged = true;
    }
    return hasChanged;
  }

  // ── Sending (17.26) ─────────────────────────────────────────────────────────────────────────────────────────

  private transmit(one: RapidPort, now: number): void {
    if (!one.portEnabled || !one.selected || one.updtInfo) return;
    if (one.txWindow <= now && one.txCount > 0) one.txWindow = --one.txCount > 0 ? now + SECOND_US : 0;
    if (one.helloWhen <= now) {
      one.newInfo ||= one.role === Role.DESIGNATED || (one.role === Role.ROOT && one.tcWhile > now);
      one.helloWhen = now + one.designatedTimes.helloTime;
    }
    if (!one.newInfo || one.txCount >= TX_HOLD_COUNT) return;
    const frame = this.message(one, now);
    if (frame === null) return;
    one.newInfo = false;
    one.tcAck = false;
    if (one.txCount++ === 0) one.txWindow = now + SECOND_US;
    one.helloWhen = now + one.designatedTimes.helloTime;
    this.host.transmit(one.port, frame);
  }

  /** What the port says now; null when its role has nothing to say in the other side's protocol. */
  private message(one: RapidPort, now: number): Uint8Array | null {
    const source = one.port.mac ?? this.mac;
    const { root, cost, bridge, port } = one.designatedPriority;
    const config = {
      ...one.designatedTimes,
      root,
      rootCost: cost,
      bridge,
      port,
      topologyChange: one.tcWhile > now,
      topologyChangeAck: false,
    };
    if (one.sendRSTP) {
      const { proposing: proposal, agree: agreement, learning, forwarding } = one;
      return bpdu.rapidFrame(source, {
        ...config,
        role: SAID[one.role]!,
        proposal,
        agreement,
        learning,
        forwarding,
      });
    }
    if (one.role === Role.ROOT) return bpdu.tcnFrame(source);
    if (one.role !== Role.DESIGNATED) return null;
    return bpdu.configFrame(source, { ...config, topologyChangeAck: one.tcAck });
  }
}

/** Bridge Detection (17.25): nobody answered the proposals for a while, so there is no bridge behind the port. */
function stepEdge(one: RapidPort, now: number): boolean {
  if (one.operEdge || one.port.edge !== 'auto' || !one.sendRSTP || !one.proposing || one.edgeDelayWhile > now)
    return false;
  one.operEdge = true;
  return true;
}

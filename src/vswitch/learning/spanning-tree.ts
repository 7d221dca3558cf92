/**
 * The spanning tree protocol of IEEE 802.1D-1998 (clause 8), as the kernel's bridge has it: one bridge becomes the root,
 * every other one keeps the port that is nearest to it (the root port) and those by which it serves a link (designated
 * ports), and blocks the rest; a port that is to forward listens and learns before, each for the forward delay.
 *
 *     blocking ──to forward──► listening ──forward delay──► learning ──forward delay──► forwarding
 *
 * Not the rapid protocol (rapid/): its messages are dropped, as the kernel drops them.
 */
import { call } from '../../base/call.ts';
import type { Timer } from '../../base/clock.ts';
import * as bpdu from '../../wire/bpdu.ts';
import type { ConfigBpdu } from '../../wire/bpdu.ts';
import { PortState, type BridgePort } from './bridge-port.ts';
import { TreePort } from './tree-port.ts';
import {
  bridgeId,
  type StpConfig,
  type StpHost,
  type TreeProtocol,
  type TreeTimes,
} from './tree-protocol.ts';

/** Time between two messages of one port. */
const HOLD_TIME_US = 1_000_000;
/** What every bridge adds to the age of a message: a tick. */
const MESSAGE_AGE_STEP_US = 1_000_000 / 256;

export class SpanningTree implements TreeProtocol {
  /** Sixteen hexadecimal digits: priority and address. */
  readonly id: string;
  root: string;
  rootCost = 0;
  rootPort: TreePort | null = null;
  isChanging = false;
  private readonly host: StpHost;
  private readonly own: StpConfig;
  private readonly mac: Uint8Array;
  private readonly ports: readonly TreePort[];
  /** The root's times. */
  private times: TreeTimes;
  private sawChange = false;
  private helloTimer: Timer | null = null;
  private tcnTimer: Timer | null = null;
  private changeTimer: Timer | null = null;

  constructor(config: StpConfig, mac: Uint8Array, ports: readonly BridgePort[], host: StpHost) {
    this.own = config;
    this.times = config;
    this.mac = mac;
    this.host = host;
    this.id = bridgeId(config.priority, mac);
    this.root = this.id;
    this.ports = ports.map((port, i) => new TreePort(port, i + 1));
    for (const one of this.ports) one.port.state = PortState.DISABLED;
  }

  /** The switch comes up. */
  start(): void {
    this.sayHello();
    for (const { port } of this.ports) if (port.up) this.enable(port);
  }

  get isRoot(): boolean {
    return this.root === this.id;
  }

  // ── Ports (br_stp_enable_port, br_stp_disable_port) ─────────────────────────────────────────────────────────

  enable(port: BridgePort): void {
    const one = this.of(port);
    this.becomeDesignated(one);
    one.port.state = PortState.BLOCKING;
    one.acknowledges = false;
    one.isPending = false;
    this.selectStates();
  }

  disable(port: BridgePort): void {
    const one = this.of(port);
    const wasRoot = this.isRoot;
    this.becomeDesignated(one);
    one.port.state = PortState.DISABLED;
    one.acknowledges = false;
    one.isPending = false;
    for (const timer of [one.holdTimer, one.ageTimer, one.delayTimer]) timer?.cancel();
    one.holdTimer = one.ageTimer = one.delayTimer = null;
    this.host.forget(port);
    this.update();
    this.selectStates();
    if (this.isRoot && !wasRoot) this.becomeRoot();
  }

  private of(port: BridgePort): TreePort {
    return this.ports.find((one) => one.port === port)!;
  }

  // ── Messages (br_stp_rcv) ───────────────────────────────────────────────────────────────────────────────────

  /** A frame to the group of bridges came in. */
  receive(port: BridgePort, bytes: Uint8Array, start: number, end: number): void {
    const message = bpdu.parse(bytes, start, end);
    if (message === null || port.state === PortState.DISABLED) return;
    if (port.bpduGuard) return this.disable(port);
    const one = this.of(port);
    if (message === 'tcn') {
      if (!this.isDesignated(one)) return;
      this.detectChange();
      one.acknowledges = true;
      this.transmit(one);
    } else if (message.messageAge <= message.maxAge) {
      this.receiveConfig(one, message);
    }
  }

  private receiveConfig(one: TreePort, message: ConfigBpdu): void {
    const wasRoot = this.isRoot;
    if (!this.supersedes(message, one)) {
      if (this.isDesignated(one)) this.transmit(one);
      return;
    }
    this.record(one, message);
    this.update();
    this.selectStates();
    if (!this.isRoot && wasRoot) {
      this.helloTimer?.cancel();
      if (this.sawChange) {
        this.changeTimer?.cancel();
        this.notifyRoot();
      }
    }
    if (one !== this.rootPort) return;
    this.times = message;
    this.setChanging(message.topologyChange);
    this.generate();
    if (message.topologyChangeAck) {
      this.sawChange = false;
      this.tcnTimer?.cancel();
    }
  }

  private supersedes(message: ConfigBpdu, one: TreePort): boolean {
    if (message.root !== one.root) return message.root < one.root;
    if (message.rootCost !== one.cost) return message.rootCost < one.cost;
    if (message.bridge !== one.bridge) return message.bridge < one.bridge;
    return message.bridge !== this.id || message.port <= one.designated;
  }

  private record(one: TreePort, message: ConfigBpdu): void {
    const { clock } = this.host;
    one.root = message.root;
    one.cost = message.rootCost;
    one.bridge = message.bridge;
    one.designated = message.port;
    one.heardAt = clock.now - message.messageAge;
    one.ageTimer?.cancel();
    one.ageTimer = clock.at(clock.now + message.maxAge - message.messageAge, call(this, 'expire', one));
  }

  /** Nothing was heard for the maximum age: the link is served by nobody else. */
  expire(one: TreePort): void {
    if (one.port.state === PortState.DISABLED) return;
    const wasRoot = this.isRoot;
    this.becomeDesignated(one);
    this.update();
    this.selectStates();
    if (this.isRoot && !wasRoot) this.becomeRoot();
  }

  // ── Who is root, and who serves which link ──────────────────────────────────────────────────────────────────

  private update(): void {
    this.rootPort = null;
    for (const one of this.inOrder()) {
      if (!this.isBetterRootPort(one)) continue;
      if (one.port.rootBlock) this.keepFromRoot(one);
      else this.rootPort = one;
    }
    this.root = this.rootPort?.root ?? this.id;
    this.rootCost = this.rootPort === null ? 0 : this.rootPort.cost + this.rootPort.port.cost;
    for (const one of this.inOrder()) {
      if (one.port.state !== PortState.DISABLED && this.shouldBeDesignated(one)) this.becomeDesignated(one);
    }
  }

  private isBetterRootPort(one: TreePort): boolean {
    if (one.port.state === PortState.DISABLED || this.isDesignated(one) || this.id <= one.root) return false;
    const best = this.rootPort;
    if (best === null) return true;
    if (one.root !== best.root) return one.root < best.root;
    const [cost, bestCost] = [one.cost + one.port.cost, best.cost + best.port.cost];
    if (cost !== bestCost) return cost < bestCost;
    if (one.bridge !== best.bridge) return one.bridge < best.bridge;
    if (one.designated !== best.designated) return one.designated < best.designated;
    return one.id < best.id;
  }

  /** Nobody behind this port may be root: it begins to listen anew, for as long as somebody says he is (root_block). */
  private keepFromRoot(one: TreePort): void {
    one.port.state = PortState.LISTENING;
    this.delay(one);
  }

  private isDesignated(one: TreePort): boolean {
    return one.bridge === this.id && one.designated === one.id;
  }

  private shouldBeDesignated(one: TreePort): boolean {
    if (this.isDesignated(one) || one.root !== this.root) return true;
    if (this.rootCost !== one.cost) return this.rootCost < one.cost;
    if (this.id !== one.bridge) return this.id < one.bridge;
    return one.id < one.designated;
  }

  private becomeDesignated(one: TreePort): void {
    one.root = this.root;
    one.cost = this.rootCost;
    one.bridge = this.id;
    one.designated = one.id;
  }

  private becomeRoot(): void {
    this.times = this.own;
    this.detectChange();
    this.tcnTimer?.cancel();
    this.sayHello();
  }

  /** The kernel's list has the port that was added last in front. */
  private *inOrder(): IterableIterator<TreePort> {
    for (let i = this.ports.length - 1; i >= 0; i--) yield this.ports[i]!;
  }

  // ── States ──────────────────────────────────────────────────────────────────────────────────────────────────

  private selectStates(): void {
    for (const one of this.inOrder()) {
      if (one.port.state === PortState.DISABLED) continue;
      const isDesignated = this.isDesignated(one);
      if (!isDesignated || one === this.rootPort) {
        one.isPending = false;
        one.acknowledges = false;
      }
      if (one === this.rootPort) this.letForward(one);
      else if (isDesignated) {
        one.ageTimer?.cancel();
        this.letForward(one);
      } else this.block(one);
    }
  }

  private letForward(one: TreePort): void {
    if (one.port.state !== PortState.BLOCKING) return;
    if (this.times.forwardDelay === 0) {
      one.port.state = PortState.FORWARDING;
      this.detectChange();
      return;
    }
    one.port.state = PortState.LISTENING;
    this.delay(one);
  }

  private delay(one: TreePort): void {
    const { clock } = this.host;
    one.delayTimer?.cancel();
    one.delayTimer = clock.at(clock.now + this.times.forwardDelay, call(this, 'advance', one));
  }

  /** The timer's. */
  advance(one: TreePort): void {
    if (one.port.state === PortState.LISTENING) {
      one.port.state = PortState.LEARNING;
      this.delay(one);
    } else if (one.port.state === PortState.LEARNING) {
      one.port.state = PortState.FORWARDING;
      if (this.ports.some((other) => other.bridge === this.id)) this.detectChange();
    }
  }

  private block(one: TreePort): void {
    const { port } = one;
    if (port.state === PortState.BLOCKING) return;
    if (port.state === PortState.FORWARDING || port.state === PortState.LEARNING) this.detectChange();
    port.state = PortState.BLOCKING;
    one.delayTimer?.cancel();
  }

  // ── Topology changes ────────────────────────────────────────────────────────────────────────────────────────

  private detectChange(): void {
    const { clock } = this.host;
    if (this.isRoot) {
      this.setChanging(true);
      this.changeTimer?.cancel();
      const { forwardDelay, maxAge } = this.own;
      this.changeTimer = clock.at(clock.now + forwardDelay + maxAge, call(this, 'endChange'));
    } else if (!this.sawChange) {
      this.notifyRoot();
    }
    this.sawChange = true;
  }

  /** The timer's: the change has been told for long enough. */
  endChange(): void {
    this.sawChange = false;
    this.setChanging(false);
  }

  private setChanging(isChanging: boolean): void {
    this.isChanging = isChanging;
    this.host.setAgeing(isChanging ? this.times.forwardDelay : null);
  }

  /** Tells the root, until it acknowledges. */
  private notifyRoot(): void {
    const { clock } = this.host;
    if (this.rootPort !== null) this.send(this.rootPort, bpdu.tcnFrame(this.sourceOf(this.rootPort)));
    this.tcnTimer?.cancel();
    this.tcnTimer = clock.at(clock.now + this.own.helloTime, call(this, 'notifyAgain'));
  }

  notifyAgain(): void {
    if (!this.isRoot) this.notifyRoot();
  }

  // ── Sending ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** The timer's. */
  sayHello(): void {
    const { clock } = this.host;
    this.generate();
    this.helloTimer?.cancel();
    this.helloTimer = clock.at(clock.now + this.times.helloTime, call(this, 'sayHello'));
  }

  private generate(): void {
    for (const one of this.inOrder()) {
      if (one.port.state !== PortState.DISABLED && this.isDesignated(one)) this.transmit(one);
    }
  }

  /** The timer's: it may speak again. */
  release(one: TreePort): void {
    one.holdTimer = null;
    if (one.isPending) this.transmit(one);
  }

  private transmit(one: TreePort): void {
    const { clock } = this.host;
    if (one.holdTimer !== null) {
      one.isPending = true;
      return;
    }
    const { helloTime, maxAge, forwardDelay } = this.times;
    const messageAge = this.rootPort === null ? 0 : clock.now - this.rootPort.heardAt + MESSAGE_AGE_STEP_US;
    if (messageAge >= maxAge) return;
    const frame = bpdu.configFrame(this.sourceOf(one), {
      topologyChange: this.isChanging,
      topologyChangeAck: one.acknowledges,
      root: this.root,
      rootCost: this.rootCost,
      bridge: this.id,
      port: one.id,
      messageAge,
      helloTime,
      maxAge,
      forwardDelay,
    });
    one.acknowledges = false;
    one.isPending = false;
    one.holdTimer = clock.at(clock.now + HOLD_TIME_US, call(this, 'release', one));
    this.send(one, frame);
  }

  private sourceOf(one: TreePort): Uint8Array {
    return one.port.mac ?? this.mac;
  }

  private send(one: TreePort, frame: Uint8Array): void {
    this.host.transmit(one.port, frame);
  }
}

/**
 * A guest network: guests on a switch, behind a gateway with Linux's packet filter, and beyond it the world. The gateway is
 * the host that replays and labs use too; what its rules say holds for everything that guests send, to each other's
 * network, to the gateway, to this machine and to the world, and stands outside the guests.
 *
 *     NIC ─┐
 *     NIC ─┼─ switch ─ [lan] gateway [wan] ─ [uplink] world
 *     NIC ─┘
 *
 * What the world is depends on where the network runs (surroundings.ts): sockets of this machine (machine-network.ts), or
 * servers of one's own. Nothing here needs Node.
 */
import { SeededRng } from '../base/rng.ts';
import type { HookState } from '../netfilter/hook-state.ts';
import type { LogSink } from '../netfilter/log.ts';
import type { Device } from '../stack/device.ts';
import { Gateway } from '../stack/gateway.ts';
import { ChecksumState, PacketBuffer } from '../wire/packet-buffer.ts';
import { GatewayInlet } from './gateway-inlet.ts';
import { GuestSwitch } from './guest-switch.ts';
import { Guards } from './guard/guards.ts';
import { networkOfPrefix, withoutLength } from './prefixes.ts';
import { AuditLog } from './audit.ts';
import { DEFAULT_HELPERS, installHelpers } from '../alg/index.ts';
import { NetworkAudit } from './network-audit.ts';
import {
  ALL_NAMES,
  DEFAULT_CONNECTIONS,
  DEFAULT_DOMAIN,
  DEFAULT_LEASE_SECONDS,
  DEFAULT_MTU,
  type GuestConfig,
  type NetworkOptions,
} from './network-options.ts';
import {
  BETWEEN_GUESTS,
  GATEWAY_LAN_MAC,
  gatewayConfig,
  LAN,
  POINT_TO_POINT,
  switchOf,
  UPLINK_ADDRESSES,
  WAN,
  WORLD_MAC,
} from './network-plan.ts';
import { formatIp } from '../wire/address.ts';
import { OFFENCES } from './guard/guest-guard.ts';
import { LearnedNames } from './services/learned-names.ts';
import { NamePolicy } from './services/name-policy.ts';
import { NameSets } from './services/name-sets.ts';
import { NameWatcher } from './services/name-watcher.ts';
import type { Nic } from './nics/nic.ts';
import { RealClock } from './real-clock.ts';
import { GatewayServices } from './services/gateway-services.ts';
import type { Surroundings, World, WorldOptions } from './surroundings.ts';
import { Outside } from './world/outside.ts';
import { helperBeyond } from './world/helper-beyond.ts';
import { guestBySource } from './world/quotas.ts';

/** The bytes are lent for the call. */
export type FrameWatcher = (port: number, bytes: Uint8Array, start: number, end: number) => void;

/** Frames up to this many bytes wait until the gateway is done with what it is at: mostly acknowledgements, to which the
 * world answers with large ones. Waiting costs a copy, and the gateway would have to make one of every answer. */
const SMALL_FRAME = 2048;
const SILENT: LogSink = { wanted: false, line: () => {} };

export class NetworkCore<W extends World> {
  /** Rules are put in force by `gateway.load`. */
  readonly gateway: Gateway;
  readonly switch: GuestSwitch;
  readonly clock = new RealClock();
  readonly services: GatewayServices;
  readonly guards: Guards;
  protected readonly world: W;
  readonly guests: readonly GuestConfig[];
  private readonly audit: NetworkAudit;
  private readonly isAudited: boolean;
  private readonly onLink: NetworkOptions['onLink'];
  private readonly lan: Device;
  private readonly inlet = new GatewayInlet(() => this.toGateway());
  /** Frames for the world that wait. */
  private readonly outgoing: Uint8Array[] = [];
  private isTaking = false;
  private readonly watchers = new Set<FrameWatcher>();

  constructor(options: NetworkOptions, surroundings: Surroundings<W>) {
    const { addresses, guests, mtu = DEFAULT_MTU } = options;
    const rng = new SeededRng(options.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]!);
    this.guests = guests;
    this.onLink = options.onLink;
    const learned = new LearnedNames();
    const names = options.names ?? ALL_NAMES;
    const policy = new NamePolicy(names, this.clock);
    const isolate = options.isolate ?? false;
    this.isAudited = options.audit !== undefined;
    this.audit = new NetworkAudit(options.audit ?? new AuditLog(), this.clock, {
      guestAt: (address) => this.guests[this.guards.claims.holderOf(address) - 1]?.name,
      nameOf: (address) => learned.of(address),
      passedBy: () => this.passedBy(),
      helperOf: (pkt) => helperBeyond(this.gateway.conntrack, pkt),
    });
    this.switch = new GuestSwitch(switchOf(guests, mtu, isolate), this.clock, rng);
    const { uplink = POINT_TO_POINT } = surroundings;
    const sysctl = { ...uplink.sysctl, ...(isolate ? BETWEEN_GUESTS : {}), ...options.sysctl };
    this.gateway = new Gateway(gatewayConfig(addresses, mtu, sysctl, uplink), {
      clock: this.clock,
      rng,
      log: options.log ?? (this.isAudited ? this.auditedLog() : SILENT),
      sink: { frame: (device, bytes, start, end) => this.fromGateway(device, bytes, start, end) },
    });
    this.gateway.host.nd.showsBetterWays = !isolate;
    this.guards = new Guards(guests, addresses, this.clock, GATEWAY_LAN_MAC);
    this.lan = this.gateway.host.devices.named(LAN)!;
    const { conntrack, nat, sequences, host: networks } = this.gateway;
    const log = options.log ?? SILENT;
    const parts = { clock: this.clock, rng, log, conntrack, nat, sequences, networks };
    installHelpers(parts, options.helpers ?? DEFAULT_HELPERS);
    const wan = this.gateway.host.devices.named(WAN)!;
    const fromWorld = new PacketBuffer();
    const toWorld: WorldOptions = {
      clock: this.clock,
      rng,
      mac: WORLD_MAC,
      mtu,
      addresses: UPLINK_ADDRESSES.map(([, world]) => world),
      witness: this.audit,
      reaches: (address) => policy.reaches(address),
      guestOf: guestBySource((text) => this.guards.claims.holderOf(text)),
      connectionsPerGuest: (guest) =>
        this.guests[Number(guest) - 1]?.connections ?? options.connectionsPerGuest ?? DEFAULT_CONNECTIONS,
      addressesOf: (name) => this.services.names.addressesOf(name),
      guests: addresses.map((prefix) => ({
        to: networkOfPrefix(prefix),
        via: withoutLength(UPLINK_ADDRESSES[prefix.includes(':') ? 1 : 0][0]),
      })),
      toGateway: (bytes, start, end, isRight) => {
        fromWorld.reset(bytes, start, end);
        if (isRight) fromWorld.checksumState = ChecksumState.GOOD;
        this.gateway.host.receive(wan, fromWorld);
        this.gateway.netfilter.release(fromWorld);
      },
    };
    this.world = surroundings.makeWorld(toWorld, { host: this.gateway.host, device: wan });
    const watch = new NameWatcher(
      policy,
      learned,
      new NameSets(names.sets ?? new Map(), this.gateway.objects.sets),
      this.audit,
    );
    this.services = new GatewayServices(this.gateway.host, this.lan, {
      addresses,
      machine: uplink.machine,
      mtu,
      domain: options.domain ?? DEFAULT_DOMAIN,
      leaseSeconds: options.leaseSeconds ?? DEFAULT_LEASE_SECONDS,
      reservations: options.reservations ?? [],
      isolate,
      boot: options.boot,
      ntp: options.ntp ?? false,
      nameServer: (names, transports) =>
        surroundings.makeNameServer(names, watch, new Outside(this.clock), transports),
      isInUse: (address, mac) => this.guards.isInUse(address, mac),
      mayBeCalled: (name, guest) => this.guards.mayBeCalled(name, guest),
    });
    this.guards.leases = this.services.leases;
    this.guards.leases6 = this.services.leases6;
    this.switch.plug(0, (bytes, start, end) => this.inlet.put(bytes, start, end));
    // Until somebody is there.
    guests.forEach((_guest, i) => this.switch.switch.setLink(i + 1, false));
    guests.forEach(({ nic }, i) =>
      this.switch.plug(i + 1, (bytes, start, end) => {
        if (this.watchers.size > 0) this.show(i + 1, bytes, start, end);
        nic.transmit(bytes, start, end);
      }),
    );
  }

  /** Shows every frame of guests, in (after the guards) and out, by port. Returns what ends it. */
  watch(watcher: FrameWatcher): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  private show(port: number, bytes: Uint8Array, start: number, end: number): void {
    for (const watcher of this.watchers) watcher(port, bytes, start, end);
  }

  /** Lets the guests in. Rejects with a SluiceError when a NIC cannot be had. */
  async start(): Promise<void> {
    const started: Nic[] = [];
    try {
      await this.world.start?.();
      for (const [i, { name, nic }] of this.guests.entries()) {
        const port = i + 1;
        await nic.start({
          frame: (bytes, start, end) => {
            this.clock.catchUp();
            if (!this.guards.admit(port, bytes, start, end)) return this.offended(port, name);
            if (this.watchers.size > 0) this.show(port, bytes, start, end);
            this.pass(port, bytes, start, end);
          },
          link: (isUp) => {
            if (!isUp) this.guards.release(port);
            this.switch.switch.setLink(port, isUp);
            this.audit.linked(name, isUp);
            this.onLink?.(name, isUp);
          },
        });
        started.push(nic);
      }
    } catch (error) {
      await Promise.all([this.world.close(), ...started.map((nic) => nic.close())]);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.services.close();
    await this.world.close();
    await Promise.all(this.guests.map(({ nic }) => nic.close()));
    this.clock.stop();
  }

  /** A frame comes to the switch by a port. */
  private pass(port: number, bytes: Uint8Array, start: number, end: number): void {
    this.switch.receive(port, bytes, start, end);
    this.inlet.drain();
  }

  private toGateway(): void {
    const { pkt } = this.inlet;
    this.isTaking = true;
    this.gateway.host.receive(this.lan, pkt);
    if (this.isAudited && pkt.dropReason !== 0 && pkt.decision !== 0) this.refused(pkt);
    this.gateway.netfilter.release(pkt);
    this.isTaking = false;
    const { outgoing } = this;
    // More may be added while the world is busy with one.
    for (let i = 0; i < outgoing.length; i++) this.world.receive(outgoing[i]!, 0, outgoing[i]!.length, false);
    outgoing.length = 0;
  }

  /** Asked while the world deals with what the gateway let through, as long as its packet buffer still knows of it. */
  private passedBy(): string | undefined {
    const { pkt } = this.inlet;
    return this.isAudited && pkt.decision !== 0 ? this.gateway.netfilter.describeDecision(pkt) : undefined;
  }

  private refused(pkt: PacketBuffer): void {
    const holder = this.guards.claims.holderOf(formatIp(pkt.family, pkt.src0, pkt.src1, pkt.src2, pkt.src3));
    const guest = this.guests[holder - 1]?.name;
    if (guest !== undefined) this.audit.refused(pkt, guest, this.gateway.netfilter.describeDecision(pkt));
  }

  private offended(guest: number, name: string): void {
    const { last } = this.guards.of(guest)!;
    this.audit.offended(name, OFFENCES[last]!);
  }

  private auditedLog(): LogSink {
    const ruleAt = (at: HookState) => this.gateway.netfilter.describePlace(at);
    return {
      wanted: true,
      line: ({ text }, pkt, at) => this.audit.logged({ text }, pkt, at && ruleAt(at)),
      packet: (group, text, pkt, at) => this.audit.logged({ text, group }, pkt, ruleAt(at)),
    };
  }

  private fromGateway(device: Device, bytes: Uint8Array, start: number, end: number): void {
    if (device === this.lan) return this.pass(0, bytes, start, end);
    if (this.isTaking && end - start <= SMALL_FRAME) this.outgoing.push(bytes.slice(start, end));
    else this.world.receive(bytes, start, end, this.isKnownRight(bytes));
  }

  /** What the gateway lets through in its own memory, it has looked at (connection tracking does). */
  private isKnownRight(bytes: Uint8Array): boolean {
    const { pkt } = this.inlet;
    return this.isTaking && pkt.bytes === bytes && pkt.checksumState === ChecksumState.GOOD;
  }
}

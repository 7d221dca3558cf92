/**
 * Where a guest network is: what lies beyond its gateway, and who answers for names that are not its own. In Node both are
 * this machine's sockets (world/world.ts, services/dns-server.ts); in a browser, servers of one's own (servers/).
 */
import type { Rng } from '../base/rng.ts';
import type { DnsNames } from '../services/dns-names.ts';
import type { Device } from '../stack/device.ts';
import type { Host } from '../stack/host.ts';
import type { Tcp } from '../stack/tcp/index.ts';
import type { Udp } from '../stack/udp/index.ts';
import type { RealClock } from './real-clock.ts';
import type { NameServer, NameWatch } from './services/name-server.ts';
import type { Outside } from './world/outside.ts';
import type { GuestOf, QuotaLimit } from './world/quotas.ts';
import type { Witness } from './world/witness.ts';

/** The far end of the gateway's uplink. */
export interface World {
  /** Where there is something to be opened. Rejects with a SluiceError. */
  start?(): Promise<void>;
  /** A frame comes from the gateway; its bytes are given away for the call. `isRight`: its checksums were looked at. */
  receive(bytes: Uint8Array, start: number, end: number, isRight: boolean): void;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly clock: RealClock;
  readonly rng: Rng;
  /** A frame goes to the gateway. Its bytes are given away for the call. `isRight`: its checksums are the world's own. */
  readonly toGateway: (bytes: Uint8Array, start: number, end: number, isRight: boolean) => void;
  readonly mac: string;
  readonly mtu: number;
  /** Its addresses on the uplink, with prefix; under them guests reach this machine. */
  readonly addresses: readonly string[];
  /** Whom packets count for. */
  readonly guestOf: GuestOf;
  readonly witness: Witness;
  /** May guests go to this address? */
  readonly reaches: (address: string) => boolean;
  /** TCP connections of one guest at a time. */
  readonly connectionsPerGuest: QuotaLimit;
  /** Addresses of a guest by its name. */
  readonly addressesOf: (name: string) => readonly string[];
  /** Networks of guests, and the gateway's address towards them. */
  readonly guests: readonly { readonly to: string; readonly via: string }[];
}

/** The gateway's side of the wire to the world. */
export interface Uplink {
  readonly mac: string;
  /** With prefix. */
  readonly addresses: readonly string[];
  /** Addresses under which guests reach this machine. */
  readonly machine: readonly string[];
  readonly routes: readonly { readonly to: string; readonly via: string }[];
  readonly neighbours: readonly { readonly ip: string; readonly mac: string }[];
  readonly sysctl: Readonly<Record<string, number>>;
}

/** The gateway, and its card towards the world. */
export interface Wan {
  readonly host: Host;
  readonly device: Device;
}

/** The gateway's own sockets. */
export interface GatewayTransports {
  readonly udp: Udp;
  readonly tcp: Tcp;
}

export interface Surroundings<W extends World> {
  /** Where it is not the usual one (network.ts). */
  readonly uplink?: Uplink | undefined;
  makeWorld(options: WorldOptions, wan: Wan): W;
  makeNameServer(
    names: DnsNames,
    watch: NameWatch,
    outside: Outside,
    transports: GatewayTransports,
  ): NameServer;
}

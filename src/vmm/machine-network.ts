/** A guest network of this machine: its world is this machine's sockets, its names this machine's resolvers' beside its own. */
import { NetworkCore } from './network.ts';
import type { NetworkOptions } from './network-options.ts';
import type { Resolver } from './services/dns-resolvers.ts';
import { DnsServer } from './services/dns-server.ts';
import type { Nic } from './nics/nic.ts';
import { CableWorld } from './world/cable-world.ts';
import type { PortForwards } from './world/forward.ts';
import { MachineWorld } from './world/world.ts';

export interface GuestNetworkOptions extends NetworkOptions {
  /** Who answers for all names but the network's own; this machine's resolvers unless given. */
  readonly resolvers?: readonly Resolver[] | undefined;
  /** The way out by a cable, in place of this machine's sockets. */
  readonly uplink?: Nic | undefined;
}

export class GuestNetwork extends NetworkCore<MachineWorld | CableWorld> {
  constructor(options: GuestNetworkOptions) {
    const { resolvers, uplink } = options;
    super(options, {
      makeWorld: (parts) => (uplink === undefined ? new MachineWorld(parts) : new CableWorld(parts, uplink)),
      makeNameServer: (names, watch, outside) =>
        new DnsServer(names, outside, watch, resolvers && (() => resolvers)),
    });
  }

  /** Ports of this machine that lead to guests. */
  get forwards(): PortForwards {
    return this.world.forwards;
  }
}

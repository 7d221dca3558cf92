/** A guest network of this machine: its world is this machine's sockets, its names this machine's resolvers' beside its own. */
import { NetworkCore, type NetworkOptions } from './network.ts';
import type { Resolver } from './services/dns-resolvers.ts';
import { DnsServer } from './services/dns-server.ts';
import type { Forwards } from './world/forwards.ts';
import { MachineWorld } from './world/world.ts';

export interface GuestNetworkOptions extends NetworkOptions {
  /** Who answers for all names but the network's own; this machine's resolvers unless given. */
  readonly resolvers?: readonly Resolver[] | undefined;
}

export class GuestNetwork extends NetworkCore<MachineWorld> {
  constructor(options: GuestNetworkOptions) {
    const { resolvers } = options;
    super(options, {
      makeWorld: (parts) => new MachineWorld(parts),
      makeNameServer: (names, watch, outside) =>
        new DnsServer(names, outside, watch, resolvers && (() => resolvers)),
    });
  }

  /** Ports of this machine that lead to guests. */
  get forwards(): Forwards {
    return this.world.forwards;
  }
}

/** The state of a guest network: guests with their addresses and frames, forwards, connections. */
import { formatIp4 } from '../wire/address.ts';
import { OFFENCES } from './guard/guest-guard.ts';
import type { GuestNetwork } from './machine-network.ts';
import { formatForward } from './world/forward.ts';

export interface GuestStatus {
  readonly name: string;
  readonly nic: string;
  readonly connected: boolean;
  readonly mac: string | null;
  readonly addresses: readonly string[];
  readonly received: number;
  readonly sent: number;
  /** Frames that were refused, by why. */
  readonly refused: Readonly<Record<string, number>>;
}

export interface NetworkStatus {
  readonly guests: readonly GuestStatus[];
  readonly leases: readonly { readonly address: string; readonly mac: string; readonly name: string }[];
  readonly forwards: readonly string[];
  readonly connections: number;
}

export function statusOf(network: GuestNetwork): NetworkStatus {
  const guests = network.guests.map(({ name, nic }, i): GuestStatus => {
    const port = network.switch.switch.ports[i + 1]!;
    const guard = network.guards.of(i + 1);
    const refused = OFFENCES.flatMap((text, at) => {
      const count = guard?.offences[at] ?? 0;
      return count > 0 ? [[text, count] as const] : [];
    });
    return {
      name,
      nic: nic.name,
      connected: port.up,
      mac: network.guards.macOf(i + 1) ?? null,
      addresses: network.guards.claims.of(i + 1),
      received: port.txBytes,
      sent: port.rxBytes,
      refused: Object.fromEntries(refused),
    };
  });
  const leases = [...(network.services.leases ?? [])].map(({ address, mac, name }) => ({
    address: formatIp4(address),
    mac,
    name,
  }));
  const forwards = network.forwards.list().map(formatForward);
  return { guests, leases, forwards, connections: network.gateway.conntrack.count };
}

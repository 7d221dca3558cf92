/** The state of a guest network, for people and as JSON: guests with their addresses and frames, forwards, connections. */
import { formatForward, OFFENCES, type GuestNetwork } from '../../vmm/index.ts';
import { formatIp4 } from '../../wire/address.ts';

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

export function statusText(network: GuestNetwork, asJson: boolean): string {
  const status = statusOf(network);
  if (asJson) return `${JSON.stringify(status)}\n`;
  const guests = status.guests.flatMap((guest) => [
    `${guest.name}: ${guest.connected ? 'connected' : 'not there'}, ${guest.nic}`,
    ...(guest.connected ? [`  ${guest.mac ?? '–'} ${guest.addresses.join(' ')}`] : []),
    `  ${guest.sent} bytes sent, ${guest.received} received`,
    ...Object.entries(guest.refused).map(([why, count]) => `  refused: ${count} frames, ${why}`),
  ]);
  const forwards = status.forwards.map((text) => `forward ${text}`);
  return [...guests, ...forwards, `${status.connections} connections tracked`, ''].join('\n');
}

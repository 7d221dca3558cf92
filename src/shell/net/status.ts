/** The state of a guest network, for people and as JSON. */
import { statusOf, type GuestNetwork } from '../../vmm/index.ts';

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

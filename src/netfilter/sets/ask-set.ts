/** A rule, or a list of sets, asks a set about a packet. Linux: ip_set_test. */
import type { HookState } from '../hook-state.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { Found } from './ip-set.ts';
import type { SetSlot } from './ip-sets.ts';
import type { SetQuery } from './set-query.ts';

/** With `returnsNomatch`, an exception counts as found and what is found otherwise does not. */
export function askSet(slot: SetSlot, pkt: PacketBuffer, at: HookState, query: SetQuery): boolean {
  if (!slot.accepts(pkt, query)) return false;
  const found = slot.set.testPacket(pkt, at, query);
  return query.returnsNomatch && slot.holdsNetworks ? found === Found.NOMATCH : found === Found.YES;
}

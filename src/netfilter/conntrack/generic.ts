/** Protocols without a tracker of their own: told apart by address and protocol only, never assured. */
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { Hook } from '../hook.ts';
import { Track, type Tracker, type TrackerParts } from './tracker.ts';

export class GenericTracker implements Tracker {
  private readonly parts: TrackerParts;

  constructor(parts: TrackerParts) {
    this.parts = parts;
  }

  packet(entry: number, pkt: PacketBuffer, direction: number, _hook: Hook): number {
    const { connections, settings } = this.parts;
    const timeout = connections.timeoutsOf(entry, settings.generic)[0]!;
    connections.refresh(entry, direction, pkt.l3Length, timeout);
    return Track.ACCEPT;
  }
}

/**
 * What a learning switch asks of the packet filter of the host that it belongs to (Linux: br_netfilter): IP packets that it
 * bridges pass the host's rules on their way. The filter stands above the switch (src/stack/bridge-netfilter.ts keeps this
 * contract); the switch only says where a frame is.
 *
 *     in by a port ─► arrive (PREROUTING) ─► VLAN, learning, look up ─┬─► leave, a copy a port (FORWARD, POSTROUTING)
 *                                                                    └─► handUp: to the host, whose INPUT follows
 */
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

export interface BridgeFilter {
  /**
   * A frame came in by a port. Returns `pkt` itself when the filter does not look at such frames; its own packet, which has
   * taken the place of the frame, when it let it pass; null when the frame ends here, for `pkt.dropReason`.
   */
  arrive(port: number, pkt: PacketBuffer): PacketBuffer | null;
  /**
   * A copy of what `arrive` let pass is to leave by a port, in the form between `start` and `end`. Returns the frames that
   * leave in its place: none when a rule drops it, several when it has to be cut.
   */
  leave(passed: PacketBuffer, bytes: Uint8Array, start: number, end: number, port: number): Uint8Array[];
  /**
   * What `arrive` let pass goes up to the host, in the frame that the switch's own interface is given next. False when it
   * ends here.
   */
  handUp(passed: PacketBuffer): boolean;
}

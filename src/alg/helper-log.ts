/** Why a helper drops a packet, in the kernel's log and its words (nf_ct_helper_log). */
import { DEFAULT_LOG_FLAGS, packetText } from '../netfilter/log-format.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import type { AlgServices } from './services.ts';

const LEVEL_NOTICE = 5;
/** Its line names no interfaces. */
const NO_NAMES = { interfaceName: () => '' };

export function logRefusal(
  { log, clock }: AlgServices,
  helper: string,
  pkt: PacketBuffer,
  why: string,
): void {
  if (!log.wanted) return;
  log.line({
    time: clock.now,
    level: LEVEL_NOTICE,
    text: `nf_ct_${helper}: dropping packet: ${why} ${packetText(pkt, 0, 0, DEFAULT_LOG_FLAGS, NO_NAMES)}`,
    cause: pkt.cause,
  });
}

/**
 * Questions to all stations of a network, each of which may answer: NetBIOS names (RFC 1002) and SNMP. Connection
 * tracking alone would take the answers for strangers, since they come from addresses that nobody wrote to. As Linux's
 * nf_conntrack_broadcast has it, this is for questions that the host itself asks: whoever is in the network of the
 * interface may answer, from the port asked, for some seconds.
 */
import { directionOf } from '../netfilter/conntrack/ct-info.ts';
import { ExpectFlag } from '../netfilter/conntrack/expectations.ts';
import type { CtHelper } from '../netfilter/conntrack/helpers.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { destinationOf, sourceOf } from './address.ts';
import type { Expecting } from './expecting.ts';
import type { AlgServices } from './services.ts';

export function expectAnswersOfAll(
  { networks }: AlgServices,
  expecting: Expecting,
  helper: CtHelper,
  pkt: PacketBuffer,
  entry: number,
  ctInfo: number,
): void {
  // Only what has not come from a wire has been sent by the host.
  if (pkt.iif !== 0 || directionOf(ctInfo) !== 0) return;
  const mask = networks.maskOfBroadcast(pkt.oif, pkt.dst0);
  if (mask === 0) return;
  const back = expecting.tuple(entry, 1);
  const expectation = expecting.make(entry, helper, {
    family: 4,
    proto: helper.proto,
    from: sourceOf(back),
    fromPort: helper.port,
    to: destinationOf(back),
    toPort: back.dstId,
  });
  expectation.mask.src0 = mask;
  expectation.flags = ExpectFlag.PERMANENT;
  expecting.enter(expectation);
}

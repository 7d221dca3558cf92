/**
 * The Ethernet address of a host that a capture was taken on: what its own frames carry as source, and frames to it as
 * destination. LOG prints it, `-m mac` may ask for it, and its IPv6 link-local address is made of it.
 */
import { LinkHeader, LinkType, lookAtCapture, type CaptureRecord } from '../capture/index.ts';
import { parsePrefix, type IpPrefix } from '../stack/address.ts';
import { formatMac } from '../wire/address.ts';
import * as ethernet from '../wire/ethernet.ts';
import { PacketBuffer } from '../wire/packet-buffer.ts';
import { dissectRecord, framesToLookAt } from './side-finder.ts';

/** Looks at the beginning of a capture; undefined when it does not tell. */
export function lookForMac(path: string, hosts: readonly string[]): string | undefined {
  const own = hosts.map((host) =>
    parsePrefix(host.includes('/') ? host : `${host}/${host.includes(':') ? 128 : 32}`),
  );
  const reader = lookAtCapture(path);
  try {
    const pkt = new PacketBuffer();
    const header = new LinkHeader();
    const most = framesToLookAt(reader);
    while (reader.record.number < most && reader.next()) {
      const { record } = reader;
      if (record.linkType !== LinkType.Ethernet || !dissectRecord(record, header, pkt)) continue;
      const at = ownAddressAt(record, pkt, own);
      if (at >= 0 && !ethernet.isMulticast(record.bytes, at) && !ethernet.isZero(record.bytes, at)) {
        return formatMac(record.bytes, at);
      }
    }
  } finally {
    reader.close();
  }
  return undefined;
}

/** Where in the frame the host's Ethernet address stands; -1 when the frame is neither from nor to it. */
function ownAddressAt(
  record: CaptureRecord,
  pkt: PacketBuffer,
  own: readonly (IpPrefix | undefined)[],
): number {
  const { family, src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = pkt;
  for (const host of own) {
    if (host === undefined || host.family !== family) continue;
    const [w0, w1, w2, w3] = host.words;
    if (src0 === w0 && src1 === w1 && src2 === w2 && src3 === w3)
      return record.start + ethernet.ADDRESS_LENGTH;
    if (dst0 === w0 && dst1 === w1 && dst2 === w2 && dst3 === w3) return record.start;
  }
  return -1;
}

/** A frame with the header of its link in front, as `tcpdump -e` prints it. */
import { formatMac } from '../../wire/address.ts';
import { readU16 } from '../../wire/bytes.ts';
import { describeFrame, type DescribeOptions } from '../../wire/describe.ts';
import * as ethernet from '../../wire/ethernet.ts';

const TYPE_NAMES: Readonly<Record<number, string>> = {
  0x0800: 'IPv4',
  0x0806: 'ARP',
  0x8035: 'Reverse ARP',
  0x8100: '802.1Q',
  0x86dd: 'IPv6',
  0x88a8: '802.1Q-QinQ',
};
/** Below, the field is the length of an 802.3 frame. */
const FIRST_TYPE = 0x0600;

export function describeLink(
  bytes: Uint8Array,
  start: number,
  end: number,
  options: DescribeOptions,
): string {
  const text = describeFrame(bytes, start, end, options);
  if (end - start < ethernet.HEADER_LENGTH) return text;
  const type = readU16(bytes, start + 12);
  const stations = `${formatMac(bytes, start + 6)} > ${formatMac(bytes, start)}`;
  const kind =
    type < FIRST_TYPE
      ? '802.3'
      : `ethertype ${TYPE_NAMES[type] ?? 'Unknown'} (0x${type.toString(16).padStart(4, '0')})`;
  // What the type has said is not said again.
  return `${stations}, ${kind}, length ${options.wireLength ?? end - start}: ${text.replace(/^(?:IP6? |ARP, )/, '')}`;
}

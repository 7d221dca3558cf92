/**
 * A packet in the words of the kernel's log, as LOG and TRACE print it:
 *
 *   IN=eth0 OUT=eth1 MAC=02:00:… SRC=10.0.0.2 DST=192.0.2.7 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=0 DF PROTO=TCP SPT=…
 *
 * Every field ends in a space, the last one too. Source: Linux nf_log_syslog (behaviour). Payload never shows but as
 * hexadecimal digits, so no packet can forge a line.
 */
import { hexByte, readU16 } from '../wire/bytes.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import type { HostServices } from './host-services.ts';
import { ipv4Text } from './log-format-ipv4.ts';
import { ipv6Text } from './log-format-ipv6.ts';
import { LogFlag } from './log.ts';

/** What TRACE and the tracker's own messages ask for. */
export const DEFAULT_LOG_FLAGS =
  LogFlag.TCP_SEQUENCE | LogFlag.TCP_OPTIONS | LogFlag.IP_OPTIONS | LogFlag.UID;

const ETHERNET_HEADER = 14;

/** Who knows what interfaces and bridge ports are called. */
export type InterfaceNames = Pick<HostServices, 'interfaceName'>;

/** `iif` and `oif` are 0 where the hook knows no such interface. */
export function packetText(
  pkt: PacketBuffer,
  iif: number,
  oif: number,
  flags: number,
  names: InterfaceNames,
): string {
  const nameOf = (index: number) => (index === 0 ? '' : names.interfaceName(index));
  const inName = nameOf(iif);
  let text = `IN=${inName} OUT=${nameOf(oif)} `;
  if (pkt.physIn !== 0) text += `PHYSIN=${nameOf(pkt.physIn)} `;
  if (pkt.physOut !== 0) text += `PHYSOUT=${nameOf(pkt.physOut)} `;
  if (inName !== '') text += macText(pkt, flags);
  const packet = pkt.family === 4 ? ipv4Text : ipv6Text;
  const { text: headers, isCut } = packet(pkt.bytes, pkt.l3, pkt.l3End, flags, true);
  text += headers;
  if (pkt.mark !== 0 && !isCut) text += `MARK=0x${(pkt.mark >>> 0).toString(16)} `;
  return text;
}

function macText(pkt: PacketBuffer, flags: number): string {
  const { bytes, l2 } = pkt;
  if (l2 < 0) return 'MAC= ';
  if (flags & LogFlag.MAC_DECODE) {
    const proto = readU16(bytes, l2 + 12)
      .toString(16)
      .padStart(4, '0');
    return `MACSRC=${colons(bytes, l2 + 6, 6)} MACDST=${colons(bytes, l2, 6)} MACPROTO=${proto} `;
  }
  return `MAC=${colons(bytes, l2, ETHERNET_HEADER)} `;
}

function colons(bytes: Uint8Array, at: number, length: number): string {
  let text = hexByte(bytes[at]!);
  for (let i = 1; i < length; i++) text += `:${hexByte(bytes[at + i]!)}`;
  return text;
}

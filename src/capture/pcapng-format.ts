/**
 * The numbers of pcapng, for its reader and its writer: draft-ietf-opsawg-pcapng. Names are the draft's.
 */

/** Largest packet that is read or written. The same as Wireshark's and tcpdump's; the longest GSO frame has 64 KiB. */
export const MAX_RECORD_BYTES = 256 * 1024;
/** Largest block that is passed over unread (name resolution, secrets, unknown). Wireshark's limit for any block. */
export const MAX_SKIPPED_BLOCK_BYTES = 16 * 1024 * 1024;

export const BLOCK_SECTION_HEADER = 0x0a0d0d0a;
export const BLOCK_INTERFACE_DESCRIPTION = 1;
/** Obsolete: interface and drop count in 16 bits each. */
export const BLOCK_PACKET = 2;
export const BLOCK_SIMPLE_PACKET = 3;
export const BLOCK_ENHANCED_PACKET = 6;

export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
export const BYTE_ORDER_MAGIC_SWAPPED = 0x4d3c2b1a;

/** Type and length in front, length again behind. */
export const BLOCK_FRAME_BYTES = 12;
export const SECTION_HEADER_BYTES = 16;
export const INTERFACE_BYTES = 8;
export const ENHANCED_PACKET_BYTES = 20;
export const SIMPLE_PACKET_BYTES = 4;

export const OPTION_HEADER_BYTES = 4;
export const MAX_OPTION_BYTES = 0xffff;
export const OPT_END = 0;
export const OPT_COMMENT = 1;
export const SHB_USERAPPL = 4;
export const IF_NAME = 2;
export const IF_DESCRIPTION = 3;
export const IF_MACADDR = 6;
export const IF_TSRESOL = 9;
export const IF_FCSLEN = 13;
export const IF_TSOFFSET = 14;
export const EPB_FLAGS = 2;
export const EPB_PACKETID = 5;
export const EPB_VERDICT = 7;

/** epb_verdict of type Linux_eBPF_TC: one byte of type, then a TC_ACT_* of linux/pkt_cls.h in 64 bits. */
export const VERDICT_LINUX_EBPF_TC = 1;
export const VERDICT_TC_BYTES = 9;

/** Blocks, packet data and options are padded to 32 bits. */
export function paddedLength(length: number): number {
  return (length + 3) & ~3;
}

const BLOCK_NAMES = new Map([
  [BLOCK_SECTION_HEADER, 'a Section Header Block'],
  [BLOCK_INTERFACE_DESCRIPTION, 'an Interface Description Block'],
  [BLOCK_PACKET, 'a Packet Block'],
  [BLOCK_SIMPLE_PACKET, 'a Simple Packet Block'],
  [4, 'a Name Resolution Block'],
  [5, 'an Interface Statistics Block'],
  [BLOCK_ENHANCED_PACKET, 'an Enhanced Packet Block'],
  [10, 'a Decryption Secrets Block'],
  [0xbad, 'a Custom Block'],
  [0x4000_0bad, 'a Custom Block'],
]);

/** A block's name with its article, for messages. */
export function blockName(type: number): string {
  return BLOCK_NAMES.get(type) ?? `a block of type 0x${type.toString(16).padStart(8, '0')}`;
}

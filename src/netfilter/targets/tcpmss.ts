/**
 * `-j TCPMSS`: lowers the maximum segment size that a TCP handshake announces, or adds the option where there is none.
 * Never raises it. Linux: xt_TCPMSS; RFC 9293 3.7.1, RFC 8200 8.3 (default sizes).
 */
import { defineTarget, type Given, type RuleUse, type TargetAction } from '../extension.ts';
import { DropReason } from '../drop-reason.ts';
import { Hook } from '../hook.ts';
import type { HostServices } from '../host-services.ts';
import { ValueError } from '../syntax/value-error.ts';
import { flag, uint } from '../syntax/values/index.ts';
import { Verdict } from '../verdict.ts';
import { readU16, writeU16 } from '../../wire/bytes.ts';
import { updateWord16, updateWord32 } from '../../wire/checksum.ts';
import * as ipv4 from '../../wire/ipv4.ts';
import * as ipv6 from '../../wire/ipv6.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { moveWithTailroom } from '../../wire/packet-room.ts';
import * as tcp from '../../wire/tcp.ts';

const OPTION_NOP = 1;
const OPTION_MSS = 2;
const OPTION_MSS_LENGTH = 4;
/** What a host that announces nothing takes: RFC 1122 4.2.2.6; for IPv6 the least MTU less 60 bytes of headers. */
const DEFAULT_MSS_4 = 536;
const DEFAULT_MSS_6 = 1220;
const CLAMP = -1;

class TcpMssAction implements TargetAction {
  private readonly host: HostServices;
  private readonly mss: number;

  constructor(host: HostServices, mss: number) {
    this.host = host;
    this.mss = mss;
  }

  run(pkt: PacketBuffer): number {
    if (pkt.fragOffset !== 0) return Verdict.CONTINUE;
    const available = pkt.l3End - pkt.l4;
    const headerLength = available < tcp.HEADER_LENGTH ? 0 : tcp.headerLength(pkt.bytes, pkt.l4);
    if (headerLength < tcp.HEADER_LENGTH || available < headerLength) return refuse(pkt);
    const mss = this.mss === CLAMP ? this.pathMss(pkt) : this.mss;
    if (mss <= 0) return refuse(pkt);

    const option = findMss(pkt.bytes, pkt.l4, headerLength);
    if (option >= 0) {
      if (readU16(pkt.bytes, option + 2) > mss) tcp.replaceU16(pkt.bytes, pkt.l4, option + 2, mss);
    } else if (available === headerLength && headerLength < tcp.MAX_HEADER_LENGTH) {
      // Behind data the option can't be put without making the segment longer than it may be.
      insertMss(pkt, Math.min(mss, pkt.family === 4 ? DEFAULT_MSS_4 : DEFAULT_MSS_6));
    }
    return Verdict.CONTINUE;
  }

  /** The smaller of both directions' path MTU, less headers without options; 0 when a path is not known. */
  private pathMss(pkt: PacketBuffer): number {
    const headers = (pkt.family === 4 ? ipv4.HEADER_LENGTH : ipv6.HEADER_LENGTH) + tcp.HEADER_LENGTH;
    const there = this.host.pathMtu(pkt, false);
    const back = this.host.pathMtu(pkt, true);
    return Math.max(0, Math.min(there, back) - headers);
  }
}

function refuse(pkt: PacketBuffer): number {
  pkt.dropReason = DropReason.TRANSPORT_HEADER;
  return Verdict.DROP;
}

/** Offset of the MSS option, -1 for none. An option of length 0 counts as one byte, so that the walk ends. */
function findMss(bytes: Uint8Array, l4: number, headerLength: number): number {
  const last = l4 + headerLength - OPTION_MSS_LENGTH;
  for (let at = l4 + tcp.HEADER_LENGTH; at <= last;) {
    const kind = bytes[at]!;
    const length = bytes[at + 1]!;
    if (kind === OPTION_MSS && length === OPTION_MSS_LENGTH) return at;
    at += kind <= OPTION_NOP || length === 0 ? 1 : length;
  }
  return -1;
}

/** Puts the option first, before the others; the segment has no data. */
function insertMss(pkt: PacketBuffer, mss: number): void {
  const length = pkt.l3End - pkt.l4;
  moveWithTailroom(pkt, OPTION_MSS_LENGTH);
  const { bytes, l3, l4 } = pkt;
  const at = l4 + tcp.HEADER_LENGTH;
  bytes.copyWithin(at + OPTION_MSS_LENGTH, at, pkt.l3End);
  pkt.l3End += OPTION_MSS_LENGTH;
  pkt.end = pkt.l3End;
  bytes[at] = OPTION_MSS;
  bytes[at + 1] = OPTION_MSS_LENGTH;
  writeU16(bytes, at + 2, mss);

  let check = updateWord32(tcp.headerChecksum(bytes, l4), length, length + OPTION_MSS_LENGTH);
  check = updateWord32(check, 0, (OPTION_MSS << 24) | (OPTION_MSS_LENGTH << 16) | mss);
  const oldOffset = readU16(bytes, l4 + 12);
  const newOffset = (oldOffset + ((OPTION_MSS_LENGTH / 4) << 12)) & 0xffff;
  writeU16(bytes, l4 + 12, newOffset);
  tcp.setChecksum(bytes, l4, updateWord32(check, oldOffset, newOffset));

  if (pkt.family === 4) {
    const total = ipv4.totalLength(bytes, l3);
    writeU16(bytes, l3 + 10, updateWord16(ipv4.headerChecksum(bytes, l3), total, total + OPTION_MSS_LENGTH));
    writeU16(bytes, l3 + 2, total + OPTION_MSS_LENGTH);
  } else {
    ipv6.setPayloadLength(bytes, l3, ipv6.payloadLength(bytes, l3) + OPTION_MSS_LENGTH);
  }
}

/** A `-m tcp` that lets only segments with SYN through: the kernel wants one beside this target. */
function asksForSyn(use: NonNullable<RuleUse['matches']>[number]): boolean {
  const flags = use.info['flags'] as Given<{ readonly set: number }> | undefined;
  return use.extension.name === 'tcp' && flags?.not === false && (flags.value.set & tcp.SYN) !== 0;
}

export const tcpmss = defineTarget({
  name: 'TCPMSS',
  about: 'lowers the maximum segment size that a handshake announces',
  protocols: [IPPROTO_TCP],
  options: {
    set: { value: uint(0, 65535), name: 'set-mss', group: 'way', about: 'to this size at most' },
    clamp: {
      value: flag,
      name: 'clamp-mss-to-pmtu',
      group: 'way',
      about: 'to what the path MTU of both directions allows',
    },
  },
  check(info, use) {
    if ((info.set ?? info.clamp) === undefined) {
      throw new ValueError('TCPMSS target: At least one parameter is required');
    }
    const beforeRouting = (1 << Hook.PREROUTING) | (1 << Hook.INPUT);
    if (info.clamp !== undefined && use.hooks & beforeRouting) {
      throw new ValueError(
        'path-MTU clamping only supported in FORWARD, OUTPUT and POSTROUTING hooks',
        'REFUSED',
      );
    }
    if (use.matches?.some(asksForSyn) === false) {
      throw new ValueError('Only works on TCP SYN packets', 'REFUSED');
    }
  },
  list: (info) => (info.clamp ? 'TCPMSS clamp to PMTU' : `TCPMSS set ${info.set!.value}`),
  create: (info, services) => new TcpMssAction(services.host, info.clamp ? CLAMP : info.set!.value),
});

/**
 * `-j ECN`: takes explicit congestion notification out of packets, for networks that can't stand it. Linux: ipt_ECN.
 */
import { defineTarget, type InfoOf, type TargetAction } from '../extension.ts';
import { DropReason } from '../drop-reason.ts';
import { ValueError } from '../syntax/value-error.ts';
import { flag, uint } from '../syntax/values/index.ts';
import { Verdict } from '../verdict.ts';
import { readU16 } from '../../wire/bytes.ts';
import * as ipv4 from '../../wire/ipv4.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';

const ECN_BITS = 0x03;
const FLAGS_AT = 12;

class EcnAction implements TargetAction {
  /** -1: the IP header stays. */
  private readonly ect: number;
  /** Of TCP's flags, which to set how. */
  private readonly mask: number;
  private readonly value: number;

  constructor(info: Info) {
    const { ece, cwr } = flagsOf(info);
    this.ect = info.ect?.value ?? -1;
    this.mask = (ece === null ? 0 : tcp.ECE) | (cwr === null ? 0 : tcp.CWR);
    this.value = (ece === 1 ? tcp.ECE : 0) | (cwr === 1 ? tcp.CWR : 0);
  }

  run(pkt: PacketBuffer): number {
    const { bytes, l3, l4 } = pkt;
    if (this.ect >= 0) {
      const tos = ipv4.tos(bytes, l3);
      if ((tos & ECN_BITS) !== this.ect) ipv4.setTos(bytes, l3, (tos & ~ECN_BITS) | this.ect);
    }
    if (this.mask === 0 || pkt.proto !== IPPROTO_TCP) return Verdict.CONTINUE;
    if (l4 + tcp.HEADER_LENGTH > pkt.l3End) {
      pkt.dropReason = DropReason.TRANSPORT_HEADER;
      return Verdict.DROP;
    }
    const word = readU16(bytes, l4 + FLAGS_AT);
    const now = (word & ~this.mask) | this.value;
    if (now !== word) tcp.replaceU16(bytes, l4, l4 + FLAGS_AT, now);
    return Verdict.CONTINUE;
  }
}

const bit = uint(0, 1);
const BOTH_OFF = { ece: 0, cwr: 0 } as const;

/** What becomes of the flags: 0 or 1, null when one stays as it is. */
function flagsOf(info: Info): { readonly ece: number | null; readonly cwr: number | null } {
  if (info.remove !== undefined) return BOTH_OFF;
  return { ece: info.ece?.value ?? null, cwr: info.cwr?.value ?? null };
}

const options = {
  remove: { value: flag, name: 'ecn-tcp-remove', about: 'clears both flags of TCP' },
  ece: { value: bit, name: 'ecn-tcp-ece', about: 'sets or clears the ECE flag' },
  cwr: { value: bit, name: 'ecn-tcp-cwr', about: 'sets or clears the CWR flag' },
  ect: { value: uint(0, 3), name: 'ecn-ip-ect', about: 'sets the ECN field of the IP header' },
} as const;

type Info = InfoOf<typeof options>;

export const ecnTarget = defineTarget({
  name: 'ECN',
  about: 'takes explicit congestion notification out of packets',
  families: [4],
  tables: ['mangle'],
  options,
  check(info, use) {
    for (const name of ['ece', 'cwr'] as const) {
      if (info.remove !== undefined && info[name] !== undefined) {
        throw new ValueError(
          `ECN: option "--ecn-tcp-remove" cannot be used together with "--ecn-tcp-${name}".\n`,
        );
      }
    }
    const { ece, cwr } = flagsOf(info);
    const asksTcp = ece !== null || cwr !== null;
    if (!asksTcp && info.ect === undefined) throw new ValueError('ECN target: An operation is required');
    const isTcp = use.protocol !== null && !use.protocol.not && use.protocol.number === IPPROTO_TCP;
    if (asksTcp && !isTcp) throw new ValueError('cannot use operation on non-tcp rule', 'REFUSED');
  },
  save(info) {
    const { ece, cwr } = flagsOf(info);
    if (ece === 0 && cwr === 0 && info.ect === undefined) return '--ecn-tcp-remove';
    return [
      ...(ece === null ? [] : [`--ecn-tcp-ece ${ece}`]),
      ...(cwr === null ? [] : [`--ecn-tcp-cwr ${cwr}`]),
      ...(info.ect === undefined ? [] : [`--ecn-ip-ect ${info.ect.value}`]),
    ].join(' ');
  },
  list(info) {
    const { ece, cwr } = flagsOf(info);
    if (ece === 0 && cwr === 0 && info.ect === undefined) return 'ECN TCP remove';
    return [
      'ECN',
      ...(ece === null ? [] : [`ECE=${ece}`]),
      ...(cwr === null ? [] : [`CWR=${cwr}`]),
      ...(info.ect === undefined ? [] : [`ECT codepoint=${info.ect.value}`]),
    ].join(' ');
  },
  create: (info) => new EcnAction(info),
});

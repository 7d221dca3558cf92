/**
 * `-m ecn`: explicit congestion notification (RFC 3168): two bits of the IP header, two flags of TCP. Linux: xt_ecn.
 */
import { defineMatch, type InfoOf, type MatchTest } from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import { flag, uint } from '../syntax/values/index.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';
import { trafficClass } from './traffic-class.ts';

const ECN_BITS = 0x03;

class EcnTest implements MatchTest {
  /** -1: not asked for. */
  private readonly ect: number;
  private readonly ectNot: boolean;
  /** Of the flags in the mask, those set; both 0 when TCP is not asked about. */
  private readonly mask: number;
  private readonly set: number;

  constructor(info: Info) {
    this.ect = info.ect?.value ?? -1;
    this.ectNot = info.ect?.not ?? false;
    const asked = [
      [info.ece, tcp.ECE],
      [info.cwr, tcp.CWR],
    ] as const;
    let mask = 0;
    let set = 0;
    for (const [given, bit] of asked) {
      if (given === undefined) continue;
      mask |= bit;
      if (!given.not) set |= bit;
    }
    this.mask = mask;
    this.set = set;
  }

  test(pkt: PacketBuffer): boolean {
    if (this.ect >= 0 && ((trafficClass(pkt) & ECN_BITS) === this.ect) === this.ectNot) return false;
    if (this.mask === 0) return true;
    if (pkt.l4 + tcp.HEADER_LENGTH > pkt.l3End) return false;
    return (tcp.flags(pkt.bytes, pkt.l4) & this.mask) === this.set;
  }
}

const options = {
  ece: { value: flag, name: 'ecn-tcp-ece', negate: true, about: 'the ECE flag of TCP is set' },
  cwr: { value: flag, name: 'ecn-tcp-cwr', negate: true, about: 'the CWR flag of TCP is set' },
  ect: { value: uint(0, 3), name: 'ecn-ip-ect', negate: true, about: 'the ECN field of the IP header' },
} as const;

type Info = InfoOf<typeof options>;

export const ecn = defineMatch({
  name: 'ecn',
  about: 'explicit congestion notification in IP and TCP',
  options,
  check(info, use) {
    const asksTcp = (info.ece ?? info.cwr) !== undefined;
    if (!asksTcp && info.ect === undefined) throw new ValueError('ECN match: some option required');
    const isTcp = use.protocol !== null && !use.protocol.not && use.protocol.number === IPPROTO_TCP;
    if (asksTcp && !isTcp) throw new ValueError('cannot match TCP bits for non-tcp packets', 'REFUSED');
  },
  list(info) {
    const words = ['ECN match'];
    if (info.ece) words.push(`${info.ece.not ? '!' : ''}ECE`);
    if (info.cwr) words.push(`${info.cwr.not ? '!' : ''}CWR`);
    if (info.ect) words.push(`${info.ect.not ? '!' : ''}ECT=${info.ect.value}`);
    return words.join(' ');
  },
  create: (info) => new EcnTest(info),
});

/** `-j TTL` (IPv4) and `-j HL` (IPv6): sets, raises or lowers the time to live. Linux: xt_HL. */
import { defineTarget, type Given, type TargetAction } from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import { uint } from '../syntax/values/index.ts';
import { Verdict } from '../verdict.ts';
import * as ipv4 from '../../wire/ipv4.ts';
import * as ipv6 from '../../wire/ipv6.ts';
import { outdateChecksum, type PacketBuffer } from '../../wire/packet-buffer.ts';

const MAX = 255;

interface Written {
  readonly set?: Given<number> | undefined;
  readonly dec?: Given<number> | undefined;
  readonly inc?: Given<number> | undefined;
}

class TtlAction implements TargetAction {
  /** -1: not set but changed by `step`. */
  private readonly value: number;
  private readonly step: number;

  constructor(info: Written) {
    this.value = info.set?.value ?? -1;
    this.step = (info.inc?.value ?? 0) - (info.dec?.value ?? 0);
  }

  run(pkt: PacketBuffer): number {
    const { bytes, l3 } = pkt;
    const old = pkt.family === 4 ? ipv4.ttl(bytes, l3) : ipv6.hopLimit(bytes, l3);
    const now = this.value >= 0 ? this.value : Math.max(0, Math.min(MAX, old + this.step));
    if (now !== old) {
      if (pkt.family === 4) ipv4.setTtl(bytes, l3, now);
      else {
        ipv6.setHopLimit(bytes, l3, now);
        outdateChecksum(pkt);
      }
    }
    return Verdict.CONTINUE;
  }
}

function ttlTarget(name: 'TTL' | 'HL', family: 4 | 6, about: string) {
  const prefix = name.toLowerCase();
  return defineTarget({
    name,
    about,
    families: [family],
    tables: ['mangle'],
    options: {
      set: { value: uint(0, MAX), name: `${prefix}-set`, group: 'way', about: 'set it' },
      dec: { value: uint(1, MAX), name: `${prefix}-dec`, group: 'way', about: 'lower it, to 0 at the least' },
      inc: {
        value: uint(1, MAX),
        name: `${prefix}-inc`,
        group: 'way',
        about: 'raise it, to 255 at the most',
      },
    },
    check(info) {
      if ((info.set ?? info.dec ?? info.inc) === undefined)
        throw new ValueError(`${name}: You must specify an action`);
    },
    list(info) {
      if (info.set) return `${name} set to ${info.set.value}`;
      return info.dec ? `${name} decrement by ${info.dec.value}` : `${name} increment by ${info.inc!.value}`;
    },
    create: (info) => new TtlAction(info),
  });
}

export const ttlTargetV4 = ttlTarget('TTL', 4, 'changes the time to live');
export const hlTarget = ttlTarget('HL', 6, 'changes the hop limit');

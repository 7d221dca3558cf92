/**
 * `-j TOS` and `-j DSCP`: rewrite the type-of-service byte of IPv4 or the traffic class of IPv6, whole or its upper six
 * bits. Linux: xt_DSCP.
 */
import { defineTarget, type TargetAction, type ValueType } from '../extension.ts';
import { TOS_NAMES, TOS_NAME_MASK, dscp, dscpClass, tos, tosBits, type Tos } from '../syntax/values/index.ts';
import { Verdict } from '../verdict.ts';
import * as ipv4 from '../../wire/ipv4.ts';
import * as ipv6 from '../../wire/ipv6.ts';
import { outdateChecksum, type PacketBuffer } from '../../wire/packet-buffer.ts';

const DSCP_MASK = 0xfc;

class FieldAction implements TargetAction {
  private readonly keep: number;
  private readonly flip: number;

  constructor(mask: number, value: number) {
    this.keep = ~mask & 0xff;
    this.flip = value;
  }

  run(pkt: PacketBuffer): number {
    const { bytes, l3 } = pkt;
    const old = pkt.family === 4 ? ipv4.tos(bytes, l3) : ipv6.trafficClass(bytes, l3);
    const now = (old & this.keep) ^ this.flip;
    if (now !== old) {
      if (pkt.family === 4) ipv4.setTos(bytes, l3, now);
      else {
        ipv6.setTrafficClass(bytes, l3, now);
        outdateChecksum(pkt);
      }
    }
    return Verdict.CONTINUE;
  }
}

/** Another way to write `--set-tos value/mask`. */
function means(convert: (bits: number) => Tos): ValueType<Tos> {
  return { label: 'bits', parse: (words, use) => convert(tosBits.parse(words, use)), print: tos.print };
}

/** With names; the missing space and the one too many are iptables'. */
function listTos(given: Tos): string {
  const { value, mask } = given;
  const hex = (byte: number) => `0x${byte.toString(16).padStart(2, '0')}`;
  const name = mask === TOS_NAME_MASK ? TOS_NAMES.find(([, number]) => number === value)?.[0] : undefined;
  if (name !== undefined) return ` TOS set${name}`;
  if (value === 0) return `TOS and ${hex(~mask & 0xff)}`;
  if (value === mask) return `TOS or ${hex(value)}`;
  if (mask === 0) return `TOS xor ${hex(value)}`;
  return `TOS set ${tos.print(given, 4)}`;
}

export const tosTarget = defineTarget({
  name: 'TOS',
  about: 'rewrites the type of service (IPv6: the traffic class)',
  tables: ['mangle'],
  options: {
    set: { value: tos, name: 'set-tos', required: true, about: 'clears the mask, exclusive-ors the value' },
    and: {
      value: means((v) => ({ value: 0, mask: ~v & 0xff })),
      name: 'and-tos',
      as: 'set',
      about: 'binary AND',
    },
    or: { value: means((v) => ({ value: v, mask: v })), name: 'or-tos', as: 'set', about: 'binary OR' },
    xor: { value: means((v) => ({ value: v, mask: 0 })), name: 'xor-tos', as: 'set', about: 'binary XOR' },
  },
  list: (info, _family, numeric) =>
    numeric ? `TOS set ${tos.print(info.set!.value, 4)}` : listTos(info.set!.value),
  create: (info) => new FieldAction(info.set!.value.mask, info.set!.value.value),
});

export const dscpTarget = defineTarget({
  name: 'DSCP',
  about: 'rewrites the DSCP field',
  tables: ['mangle'],
  options: {
    set: { value: dscp, name: 'set-dscp', required: true, about: 'the code point' },
    class: { value: dscpClass, name: 'set-dscp-class', as: 'set', about: 'the code point by its class' },
  },
  list: (info) => `DSCP set ${dscp.print(info.set!.value, 4)}`,
  create: (info) => new FieldAction(DSCP_MASK, info.set!.value << 2),
});

/** `-j CLASSIFY`: the class that queueing disciplines put the packet into (its priority). Linux: xt_CLASSIFY. */
import { defineTarget, type TargetAction, type ValueType } from '../extension.ts';
import { Hook } from '../hook.ts';
import { ValueError } from '../syntax/value-error.ts';
import { Verdict } from '../verdict.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

/** `major:minor` in hexadecimal, each cut to 16 bits. */
const classId: ValueType<number> = {
  label: 'major:minor',
  parse(words) {
    const found = /^(?:0x)?([0-9a-f]+):(?:0x)?([0-9a-f]+)/i.exec(words[0]!);
    if (found === null) throw new ValueError(`Bad class value "${words[0]!}"`);
    return (half(found[1]!) << 16) | half(found[2]!);
  },
  print: (value) => `${hex4(value >>> 16)}:${hex4(value & 0xffff)}`,
};

function half(digits: string): number {
  return Number.parseInt(digits.slice(-4), 16);
}

function hex4(value: number): string {
  return value.toString(16).padStart(4, '0');
}

class ClassifyAction implements TargetAction {
  private readonly priority: number;

  constructor(priority: number) {
    this.priority = priority;
  }

  run(pkt: PacketBuffer): number {
    pkt.priority = this.priority;
    return Verdict.CONTINUE;
  }
}

export const classify = defineTarget({
  name: 'CLASSIFY',
  about: 'sets the class for queueing disciplines',
  hooks: [Hook.FORWARD, Hook.OUTPUT, Hook.POSTROUTING],
  options: {
    class: { value: classId, name: 'set-class', required: true, about: 'the class, in hexadecimal' },
  },
  list(info) {
    const { value } = info.class!;
    return `CLASSIFY set ${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;
  },
  create: (info) => new ClassifyAction(info.class!.value),
});

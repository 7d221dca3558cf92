/**
 * `-j ULOG`: hands a copy of the packet to programs that listen to a netlink group. It left Linux in 3.17 for NFLOG, and rules
 * with it act as NFLOG's do: here they have a listener where those have one.
 */
import { defineTarget, type InfoOf, type TargetAction } from '../extension.ts';
import type { HookState } from '../hook-state.ts';
import type { LogSink } from '../log.ts';
import { cutText, uint } from '../syntax/values/index.ts';
import { Verdict } from '../verdict.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

const PREFIX_MAX = 31;
const GROUPS = 32;
const QUEUE_MAX = 50;

class UlogAction implements TargetAction {
  private readonly log: LogSink;
  private readonly group: number;
  private readonly prefix: string;

  constructor(log: LogSink, group: number, prefix: string) {
    this.log = log;
    this.group = group;
    this.prefix = prefix;
  }

  run(pkt: PacketBuffer, at: HookState): number {
    this.log.packet?.(this.group, this.prefix, pkt, at);
    return Verdict.CONTINUE;
  }
}

const options = {
  prefix: { value: cutText(PREFIX_MAX, 'prefix'), name: 'ulog-prefix', about: 'what to call it' },
  group: {
    value: uint(1, GROUPS),
    name: 'ulog-nlgroup',
    omit: (value: number) => value === 1,
    about: 'netlink group, 1 unless given',
  },
  range: {
    value: uint(0, 0xffff_ffff),
    name: 'ulog-cprange',
    omit: (value: number) => value === 0,
    about: 'bytes of the packet to copy; all unless given',
  },
  threshold: {
    value: uint(1, QUEUE_MAX),
    name: 'ulog-qthreshold',
    omit: (value: number) => value === 1,
    about: 'packets to collect before handing on',
  },
} as const;

function list(info: InfoOf<typeof options>): string {
  const prefix = info.prefix === undefined ? '' : `prefix "${info.prefix.value}" `;
  return (
    `ULOG copy_range ${info.range?.value ?? 0} nlgroup ${info.group?.value ?? 1} ` +
    `${prefix}queue_threshold ${info.threshold?.value ?? 1}`
  );
}

export const ulog = defineTarget({
  name: 'ULOG',
  about: 'hands a copy of the packet to programs that listen (NFLOG in its old form)',
  families: [4],
  options,
  list,
  create: (info, services) => new UlogAction(services.log, info.group?.value ?? 1, info.prefix?.value ?? ''),
});

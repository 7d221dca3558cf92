/**
 * `-j NFLOG`: a copy of the packet to programs that listen to a netlink group (ulogd). The kernel log shows nothing of it;
 * here the group's listeners are `LogSink.packet`. Linux: xt_NFLOG.
 */
import { defineTarget, type TargetAction } from '../extension.ts';
import type { HookState } from '../hook-state.ts';
import type { LogSink } from '../log.ts';
import { cutText, uint } from '../syntax/values/index.ts';
import { ValueError } from '../syntax/value-error.ts';
import { Verdict } from '../verdict.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

const PREFIX_MAX = 63;

const prefix = cutText(PREFIX_MAX, 'prefix');

class NflogAction implements TargetAction {
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

const zero = (value: number) => value === 0;

export const nflog = defineTarget({
  name: 'NFLOG',
  about: 'hands a copy of the packet to programs that listen',
  options: {
    prefix: {
      value: prefix,
      name: 'nflog-prefix',
      about: `what to call it, cut to ${PREFIX_MAX} bytes`,
    },
    group: { value: uint(0, 65535), name: 'nflog-group', omit: zero, about: 'netlink group, 0 unless given' },
    range: {
      value: uint(0, 0xffffffff),
      name: 'nflog-range',
      about: 'old and without effect: use --nflog-size',
    },
    size: { value: uint(0, 0xffffffff), name: 'nflog-size', about: 'bytes of the packet to copy' },
    threshold: {
      value: uint(0, 65535),
      name: 'nflog-threshold',
      omit: zero,
      about: 'packets to collect before handing on',
    },
  },
  check(info) {
    if (info.range !== undefined && info.size !== undefined) {
      throw new ValueError('NFLOG: option "--nflog-range" cannot be used together with "--nflog-size".');
    }
  },
  list(info, family) {
    const words: string[] = [];
    if (info.prefix) words.push(`nflog-prefix ${prefix.print(info.prefix.value, family)}`);
    if (info.group?.value) words.push(`nflog-group ${info.group.value}`);
    if (info.range) words.push(`nflog-range ${info.range.value}`);
    if (info.size) words.push(`nflog-size ${info.size.value}`);
    if (info.threshold?.value) words.push(`nflog-threshold ${info.threshold.value}`);
    return words.join(' ');
  },
  create: (info, services) => new NflogAction(services.log, info.group?.value ?? 0, info.prefix?.value ?? ''),
});

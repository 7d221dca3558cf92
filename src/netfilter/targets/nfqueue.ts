/**
 * `-j NFQUEUE`: to a program in userspace. Here nobody listens, so the packet is dropped, or with --queue-bypass goes on,
 * as in a kernel without a listener. Linux: xt_NFQUEUE (revision 3).
 */
import { defineTarget, type TargetAction, type ValueType } from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import { flag, printRange, range, uint, type Range } from '../syntax/values/index.ts';
import { Verdict } from '../verdict.ts';

/** NF_VERDICT_FLAG_QUEUE_BYPASS; the queue's number stands in the upper 16 bits. */
const BYPASS = 0x8000;
const NUMBER_SHIFT = 16;

class QueueAction implements TargetAction {
  private readonly verdict: number;

  constructor(queue: number, bypass: boolean) {
    this.verdict = (queue << NUMBER_SHIFT) | (bypass ? BYPASS : 0) | Verdict.QUEUE;
  }

  run(): number {
    return this.verdict;
  }
}

const anyQueue = range(0, 65535, 'first:last');
const balance: ValueType<Range> = {
  ...anyQueue,
  parse(words, use) {
    const queues = anyQueue.parse(words, use);
    if (queues.low >= queues.high)
      throw new ValueError('xt_NFQUEUE: Last queue number must be greater than the first');
    return queues;
  },
};

export const nfqueue = defineTarget({
  name: 'NFQUEUE',
  about: 'hands the packet to a program',
  options: {
    num: {
      value: uint(0, 65535),
      name: 'queue-num',
      group: 'queue',
      about: 'number of the queue, 0 unless given',
    },
    balance: { value: balance, name: 'queue-balance', group: 'queue', about: 'spread over these queues' },
    bypass: { value: flag, name: 'queue-bypass', about: 'go on when nobody listens' },
    fanout: { value: flag, name: 'queue-cpu-fanout', about: 'choose the queue by the processor' },
  },
  check(info) {
    if (info.balance !== undefined && info.balance.value.high - info.balance.value.low === 65535) {
      // The kernel counts the queues in 16 bits and finds none.
      throw new ValueError('number of total queues is 0', 'REFUSED');
    }
    if (info.fanout !== undefined && info.balance === undefined) {
      throw new ValueError('NFQUEUE: option "--queue-cpu-fanout" also requires "--queue-balance".');
    }
  },
  save(info) {
    const queue = info.balance
      ? `--queue-balance ${printRange(info.balance.value)}`
      : `--queue-num ${info.num?.value ?? 0}`;
    return `${queue}${info.bypass ? ' --queue-bypass' : ''}${info.fanout ? ' --queue-cpu-fanout' : ''}`;
  },
  list(info) {
    const queue = info.balance ? `balance ${printRange(info.balance.value)}` : `num ${info.num?.value ?? 0}`;
    return `NFQUEUE ${queue}${info.bypass ? ' bypass' : ''}${info.fanout ? ' cpu-fanout' : ''}`;
  },
  create: (info) =>
    new QueueAction(info.balance?.value.low ?? info.num?.value ?? 0, info.bypass !== undefined),
});

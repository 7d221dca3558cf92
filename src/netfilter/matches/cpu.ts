/**
 * `-m cpu`: the processor that handles the packet. Linux: xt_cpu. The simulated host has one, number 0.
 */
import { defineMatch, type Given, type MatchTest } from '../extension.ts';
import { uint } from '../syntax/values/index.ts';

const ONLY_PROCESSOR = 0;

class CpuTest implements MatchTest {
  private readonly answer: boolean;

  constructor({ value, not }: Given<number>) {
    this.answer = (value === ONLY_PROCESSOR) !== not;
  }

  test(): boolean {
    return this.answer;
  }
}

export const cpu = defineMatch({
  name: 'cpu',
  about: 'the processor that handles the packet: 0 always',
  options: {
    cpu: { value: uint(0, 0xffff_ffff), negate: true, required: true, about: 'its number, from 0 up' },
  },
  list: ({ cpu: given }) => `cpu ${given!.not ? '! ' : ''}${given!.value}`,
  create: (info) => new CpuTest(info.cpu!),
});

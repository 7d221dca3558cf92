/**
 * The cases of the spanning tree. Its protocol takes seconds of real time in a kernel, so the kernel's answers are recorded:
 *
 *     npx tsx test/vswitch/kernel/stp-cases.ts record       (as root)
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as bpdu from '../../../src/wire/bpdu.ts';
import { bytesToHex, hexToBytes } from '../../../src/wire/bytes.ts';
import { BROADCAST, frame, station } from '../rig.ts';
import { askKernel } from './ask-kernel.ts';
import { SELF, type BridgeAnswer, type BridgeCase } from './bridge-case.ts';

const FILE = fileURLToPath(new URL('./stp-answers.jsonl', import.meta.url));

export const SECOND_US = 1_000_000;
export const BETTER = '1000020000000001';
export const WORSE = 'f000020000000001';

/** A configuration of another bridge, in hexadecimal. */
export function config(
  root: string,
  rootCost: number,
  bridge = root,
  flags: Partial<bpdu.ConfigBpdu> = {},
): string {
  const message = bpdu.configFrame(hexToBytes('0200000000aa'), {
    topologyChange: false,
    topologyChangeAck: false,
    root,
    rootCost,
    bridge,
    port: 0x8001,
    messageAge: 0,
    maxAge: 6 * SECOND_US,
    helloTime: SECOND_US,
    forwardDelay: 2 * SECOND_US,
    ...flags,
  });
  return bytesToHex(message);
}

export const STP = {
  mac: '02:00:00:00:00:fe',
  self: SELF,
  stp: true,
  hello_time: 1,
  max_age: 6,
  forward_delay: 2,
};

const probe = (port: string) => ({ port, frame: frame(BROADCAST, station(1)) });

export const STP_CASES: readonly BridgeCase[] = [
  {
    name: 'alone, then a better root, then a nearer way to it, then silence',
    switch: { ...STP, ports: { p1: {}, p2: {}, p3: {} } },
    steps: [
      { wait: 1.5 },
      probe('p1'),
      { wait: 4 },
      probe('p1'),
      { port: 'p1', frame: config(BETTER, 10) },
      { wait: 1.2 },
      { port: 'p2', frame: config(BETTER, 4, '2000020000000002') },
      { wait: 1.2 },
      probe('p3'),
      {
        port: 'p2',
        frame: config(BETTER, 4, '2000020000000002', { topologyChange: true, topologyChangeAck: true }),
      },
      { wait: 1.2 },
      // Nothing more is heard: after six seconds the switch is alone again.
      { wait: 12 },
      probe('p3'),
    ],
  },
  {
    name: 'a worse root is told who is better, a change is acknowledged',
    switch: { ...STP, priority: 4096 + 1, ports: { p1: { cost: 100 }, p2: {} } },
    steps: [
      { wait: 5.5 },
      { port: 'p1', frame: config(WORSE, 0) },
      { wait: 1.2 },
      { port: 'p1', frame: bytesToHex(bpdu.tcnFrame(hexToBytes('0200000000aa'))) },
      { wait: 1.2 },
      probe('p1'),
      { port: 'p2', frame: config('1000020000000000', 0) },
      { wait: 1.2 },
      probe('p1'),
    ],
  },
];

export function recordedStpAnswers(): BridgeAnswer[] {
  return readFileSync(FILE, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as BridgeAnswer);
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2] === 'record') {
  const answers = askKernel(STP_CASES);
  writeFileSync(FILE, answers.map((answer) => `${JSON.stringify(answer)}\n`).join(''));
}

/**
 * The cases with VLAN filtering, which not every kernel has: Debian's 6.1 in an emulated machine answered them once.
 *
 *     npx tsx test/vswitch/kernel/vlan-cases.ts questions | bash test/vswitch/kernel/guest.sh > answers
 *     npx tsx test/vswitch/kernel/vlan-cases.ts record < answers
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { kernelAnswer, kernelQuestion, type BridgeAnswer, type BridgeCase } from './bridge-case.ts';
import { randomBridge } from './random-bridge.ts';

const FILE = fileURLToPath(new URL('./vlan-answers.jsonl', import.meta.url));

export const VLAN_CASES: readonly BridgeCase[] = Array.from({ length: 40 }, (_, i) =>
  randomBridge(i + 1, { vlans: true, frames: 60 }),
);

export function recordedVlanAnswers(): BridgeAnswer[] {
  return lines(readFileSync(FILE, 'utf8')).map((line) => JSON.parse(line) as BridgeAnswer);
}

function lines(text: string): string[] {
  return text.trimEnd().split('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2] === 'questions') {
    for (const one of VLAN_CASES) process.stdout.write(`${kernelQuestion(one)}\n`);
  } else {
    const answers = lines(readFileSync(0, 'utf8')).map(kernelAnswer);
    writeFileSync(FILE, answers.map((answer) => `${JSON.stringify(answer)}\n`).join(''));
  }
}

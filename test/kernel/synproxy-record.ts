/** `npx tsx test/kernel/synproxy-record.ts`, as root: writes down what the running kernel does in SYNPROXY's talks. */
import { writeFileSync } from 'node:fs';
import { askKernelTalk, RECORD, talk } from './synproxy-talk.ts';
import { rulesOf, TALKS } from './synproxy-talks.ts';

const lines: string[] = [];
for (const [name, one] of Object.entries(TALKS)) {
  lines.push(
    JSON.stringify({ name, lines: await talk(askKernelTalk, rulesOf(one), one.family ?? 4, one.play) }),
  );
}
writeFileSync(RECORD, `${lines.join('\n')}\n`);

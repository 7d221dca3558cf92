/** `npx tsx test/stack/tcp/packetdrill/main.ts SCRIPT…`: runs packetdrill scripts against our TCP and says which hold. */
import { readFileSync } from 'node:fs';
import { Mismatch, runScript } from './run.ts';
import { ScriptError } from './script.ts';

let failures = 0;
for (const path of process.argv.slice(2)) {
  try {
    runScript(readFileSync(path, 'utf8'));
    console.log(`ok      ${path}`);
  } catch (error) {
    if (!(error instanceof Mismatch || error instanceof ScriptError)) throw error;
    if (error instanceof Mismatch) failures++;
    console.log(
      `${error instanceof Mismatch ? 'FAILED ' : 'skipped'} ${path}\n        ${error.message.replaceAll('\n', '\n        ')}`,
    );
  }
}
process.exitCode = failures === 0 ? 0 : 1;

/**
 * `npm run packetdrill -- [--ip_version=ipv6] [-D NAME=VALUE] SCRIPT…`: plays packetdrill scripts against our TCP and UDP,
 * says which hold, and of those that are refused, what they ask for that is not there. Status 1 where one failed.
 */
import { readFileSync } from 'node:fs';
import { Mismatch, runScript } from './run.ts';
import { ScriptError } from './script.ts';

const options = new Map<string, string>();
const defines = new Map<string, string>();
const paths: string[] = [];
const words = process.argv.slice(2);
for (let word = words.shift(); word !== undefined; word = words.shift()) {
  const option = /^--(\w+)=(.*)$/.exec(word);
  const define = /^(?:-D|--define=)(?:(\w+)=(.*))?$/.exec(word);
  if (define !== null) {
    const [name, value] = define[1] === undefined ? words.shift()!.split('=') : [define[1], define[2]];
    defines.set(name!, value ?? '');
  } else if (option !== null) options.set(option[1]!, option[2]!);
  else paths.push(word);
}

const counts = { held: 0, failed: 0, refused: 0 };
const reasons = new Map<string, number>();
for (const path of paths) {
  try {
    runScript(readFileSync(path, 'utf8'), { options, defines });
    counts.held++;
    console.log(`ok      ${path}`);
  } catch (error) {
    if (error instanceof Mismatch) {
      counts.failed++;
      console.log(`FAILED  ${path}\n        ${error.message.replaceAll('\n', '\n        ')}`);
    } else if (error instanceof ScriptError) {
      counts.refused++;
      const reason = error.message.replace(/^line \d+: /, '').replace(/:.*/s, '');
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      console.log(`refused ${path}\n        ${error.message}`);
    } else throw error;
  }
}
console.log(`${paths.length} scripts: ${counts.held} hold, ${counts.failed} fail, ${counts.refused} refused`);
for (const [reason, count] of [...reasons].sort((a, b) => b[1] - a[1]))
  console.log(`  ${count} refused: ${reason}`);
process.exitCode = counts.failed === 0 ? 0 : 1;

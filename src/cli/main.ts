/**
 * The executable's entry. It imports nothing but what `--version` needs; everything else is loaded when it is asked for,
 * so that a shell prompt or a script pays for what it uses.
 */
import { writeSync } from 'node:fs';
import { version } from './version.ts';

/** Runs the program with the words of the command line (`process.argv`); the exit status when done. */
export async function main(argv: readonly string[]): Promise<number> {
  const words = argv.slice(2);
  if (words[0] === '--version' || words[0] === '-V') return printVersion();
  const [{ runProgram }, { processIo }] = await Promise.all([import('./program.ts'), import('./io.ts')]);
  return runProgram(words, processIo());
}

function printVersion(): number {
  try {
    writeSync(1, `sluice ${version()}\n`);
  } catch {
    // Nobody reads: nothing to say.
  }
  return 0;
}

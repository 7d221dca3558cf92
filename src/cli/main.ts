/**
 * The executable's entry. It imports nothing but what `--version` needs; everything else is loaded when it is asked for,
 * so that a shell prompt or a script pays for what it uses.
 */
import { writeSync } from 'node:fs';
import { basename } from 'node:path';
import { isProgramName } from '../shell/program-names.ts';
import { version } from './version.ts';

/** Runs the program with the words of the command line (`process.argv`); the exit status when done. */
export async function main(argv: readonly string[]): Promise<number> {
  const words = argv.slice(2);
  const link = basename(argv[1] ?? '');
  if (isProgramName(link)) return runNamed(link, words);
  if (isProgramName(words[0] ?? '')) return runNamed(words[0]!, words.slice(1));
  if (words[0] === '--version' || words[0] === '-V') return printVersion();
  const [{ runProgram }, { processIo }] = await Promise.all([import('./program.ts'), import('./io.ts')]);
  return runProgram(words, processIo());
}

/** `iptables` and its like, by a link of that name or as the first word. */
async function runNamed(name: string, args: readonly string[]): Promise<number> {
  const [{ runProgramNamed }, { processIo, readStandardInput }] = await Promise.all([
    import('../shell/index.ts'),
    import('./io.ts'),
  ]);
  const io = processIo();
  return await runProgramNamed(name, args, {
    out: io.out,
    err: io.err,
    env: io.env,
    readInput: readStandardInput,
    now: () => Date.now() * 1000,
    cwd: process.cwd(),
    hostNameOf: async (address) => (await import('../shell/machine-names.ts')).hostNameOf(address),
    lookUp: async (name, family) => (await import('../shell/machine-names.ts')).addressesOfHost(name, family),
  });
}

function printVersion(): number {
  try {
    writeSync(1, `sluice ${version()}\n`);
  } catch {
    // Nobody reads: nothing to say.
  }
  return 0;
}

/** `sysctl`: the knobs of a host, by the names that Linux gives them (sysctl(8) of procps). */
import { SluiceError } from '../base/errors.ts';
import type { Sysctls } from '../base/sysctl.ts';
import type { Program } from './program.ts';

const DONE = 0;
/** sysctl(8) ends with this when any of several failed. */
const FAILED = 255;
const BAD_WORDS = 1;
const FLAGS = ['-n', '-w', '-a', '-q', '-e', '-A', '-N'];

export const sysctl: Program = {
  name: 'sysctl',
  usage: 'sysctl [-a] [-n] [-N] [-e] [-q] [-w] [NAME[=VALUE] …]',
  about: 'Shows and sets the sysctls of a host.',
  on: 'host',
  passesTime: false,
  values: [],
  completion: () => FLAGS,
  start({ node, args, io, exit }) {
    if (node.kind !== 'host') return;
    const { sysctls } = node.gateway;
    const flags = new Set(args.filter((word) => word.startsWith('-')));
    const unknown = [...flags].find((flag) => !FLAGS.includes(flag));
    const words = args.filter((word) => !word.startsWith('-'));
    const wantsAll = flags.has('-a') || flags.has('-A');
    if (unknown !== undefined || (words.length === 0 && !wantsAll)) {
      io.err.write(
        unknown === undefined
          ? 'sysctl: no variables specified\n'
          : `sysctl: invalid option -- '${unknown.slice(1)}'\n`,
      );
      return exit(BAD_WORDS);
    }
    const show = (name: string) => {
      const value = sysctls.get(name);
      io.out.write(flags.has('-n') ? `${value}\n` : flags.has('-N') ? `${name}\n` : `${name} = ${value}\n`);
    };
    let status = DONE;
    for (const word of wantsAll ? namesOf(sysctls) : words) {
      const [, written, value] = /^([^=]*)(?:=(.*))?$/s.exec(word)!;
      const name = written!.trim().replaceAll('/', '.');
      try {
        if (value !== undefined) sysctls.set(name, numberOf(name, value.trim()));
        if (value === undefined || !flags.has('-q')) show(name);
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
        const isUnknown = error.code === 'SYSCTL_UNKNOWN';
        if (isUnknown && flags.has('-e')) continue;
        const path = `/proc/sys/${name.replaceAll('.', '/')}`;
        io.err.write(
          isUnknown
            ? `sysctl: cannot stat ${path}: No such file or directory\n`
            : `sysctl: setting key "${name}": Invalid argument\n`,
        );
        status = FAILED;
      }
    }
    exit(status);
  },
};

/** Of every knob that has one value; those of interfaces show under the names that were set. */
function namesOf(sysctls: Sysctls): string[] {
  return [...sysctls.all()]
    .map(({ name }) => name)
    .filter((name) => !name.includes('*'))
    .sort();
}

function numberOf(name: string, text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  throw new SluiceError('SYSCTL_RANGE', `${name}: "${text}" is no number`);
}

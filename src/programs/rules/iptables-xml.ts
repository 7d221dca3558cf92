/**
 * `iptables-xml`: what iptables-save printed, as XML. A conversion of words, not of rules: nothing is checked, and options are
 * told from values by their dashes. Source: iptables-xml(1), and the program watched (1.8.9), oddities included; only rules of
 * two tables are never combined, which it does at the price of broken XML.
 */
import { SluiceError } from '../../base/errors.ts';
import { answer, type Asking } from './answers.ts';
import { IPTABLES_VERSION } from './complaints.ts';
import { Failure, Status } from './failure.ts';
import { OptionError, readOptions, type OptionShape } from './options.ts';
import type { RulesIo } from './io.ts';
import { RulesXml, XmlFault } from './rules-xml.ts';

const NAME = 'iptables-xml';

const OPTIONS: readonly OptionShape[] = [
  { letter: 'c', long: 'combine', value: 'none' },
  { letter: 'v', long: 'verbose', value: 'none' },
  { letter: 'h', long: 'help', value: 'none' },
];

const USAGE = `Usage: ${NAME} [-c] [-v] [-h]
          [--combine ]
\t   [ --verbose ]
\t   [ --help ]
`;

export function* runXml(args: readonly string[], io: RulesIo): Asking<number> {
  const { given, rest } = optionsOf(args, io);
  if (given.has('h')) throw new Failure(Status.OTHER, USAGE);
  if (rest.length > 1) throw new Failure(Status.OTHER, 'Unknown arguments found on commandline');
  if (given.has('v')) io.out.write('xptables-xml\n');
  const text = rest[0] === undefined ? yield* answer(io.readInput()) : readOrFail(rest[0], io);
  const xml = new RulesXml((line) => io.out.write(line), { combines: given.has('c'), tells: given.has('v') });
  try {
    xml.convert(text);
  } catch (error) {
    if (!(error instanceof XmlFault)) throw error;
    if (!error.isAboutUse) throw new Failure(Status.OTHER, `${NAME}: ${error.message}\n`);
    const help = `Try \`${NAME} -h' or '${NAME} --help' for more information.`;
    const at = `Error occurred at line: ${error.line}`;
    throw new Failure(Status.PARAMETER, `${NAME} v${IPTABLES_VERSION}: ${error.message}\n${at}\n${help}\n`);
  }
  return Status.DONE;
}

/** An option that is none is complained about, and that is all. */
function optionsOf(args: readonly string[], io: RulesIo): { given: ReadonlySet<string>; rest: string[] } {
  const given = new Set<string>();
  const rest: string[] = [];
  for (const word of args) {
    try {
      const read = readOptions([word], OPTIONS);
      for (const letter of read.given.keys()) given.add(letter);
      rest.push(...read.rest);
    } catch (error) {
      if (!(error instanceof OptionError)) throw error;
      io.err.write(`${NAME}: ${error.message}\n`);
    }
  }
  return { given, rest };
}

function readOrFail(path: string, io: RulesIo): string {
  try {
    return io.readFile(path);
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    throw new Failure(Status.OTHER, `Can't open ${path}: No such file or directory`);
  }
}

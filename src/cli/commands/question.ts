/**
 * What every command that replays captures is asked: which captures, which rules, which gateway; and the options made into
 * a question for the engine.
 */
import { existsSync } from 'node:fs';
import { parseConfigFile, type ConfigFile } from '../../base/config-file.ts';
import { SluiceError } from '../../base/errors.ts';
import { readAddresses, readNetworks } from '../../replay/address-words.ts';
import type { InputSpec } from '../../replay/merged-input.ts';
import type { ReplayOptions } from '../../replay/options.ts';
import { readTextFile } from '../../replay/text-file.ts';
import type { OptionSpecs, OptionValues } from '../command.ts';
import { UsageError } from '../parse.ts';
import { INPUT_WORD, parseInput } from './input-words.ts';
import { GATEWAY, RULE_FILES } from './rule-files.ts';

const INPUT = 'Input';
const ENGINE = 'Engine';

/** An address or network, as far as a command line has to tell it from a file's name. */
const ADDRESS = /^(?=.*[.:])[\da-f.:]+(\/\d+)?$/i;
const MAX_SEED = 2 ** 53 - 1;

export const QUESTION_OPTIONS = {
  in: {
    kind: 'list',
    value: 'IFACE=CAPTURE',
    more: INPUT_WORD,
    section: INPUT,
    about:
      'The frames of the capture arrive on this interface. May be given several times; captures are merged by ' +
      'time stamp, ties in the order given.',
  },
  inside: {
    kind: 'list',
    value: 'CIDR',
    more: ADDRESS,
    section: INPUT,
    about: 'Addresses that are inside, of a capture that holds both directions. May be given several times.',
  },
  host: {
    kind: 'list',
    value: 'ADDRESS',
    more: ADDRESS,
    section: INPUT,
    about: 'The capture was taken on the host with this address. May be given several times.',
  },
  closedLoop: {
    kind: 'flag',
    negatable: true,
    section: INPUT,
    about:
      'Re-addresses the packets of the other side to the translated address and port, since the capture never ' +
      'saw the translation. Default: where one capture holds both directions.',
  },
  checksums: {
    kind: 'choice',
    choices: ['repair', 'verify'],
    default: 'repair',
    section: INPUT,
    about:
      'Checksums that were left to the network card: fill them in, or take frames as they are (as --in always does).',
  },
  ...RULE_FILES,
  gateway: {
    kind: 'text',
    value: 'FILE',
    section: GATEWAY,
    about:
      'Interfaces, neighbours, routes and sysctls of the gateway, in YAML or JSON; or a switch (docs/switches.md), ' +
      'whose ports the captures then arrive on.',
  },
  insideInterface: {
    kind: 'text',
    value: 'NAME',
    section: GATEWAY,
    about: 'Name of the inner interface, where no gateway is described.',
  },
  outsideInterface: {
    kind: 'text',
    value: 'NAME',
    section: GATEWAY,
    about: 'Name of the outer interface, where no gateway is described.',
  },
  seed: {
    kind: 'number',
    value: 'N',
    min: 0,
    max: MAX_SEED,
    section: ENGINE,
    about: 'Seed of everything that Linux draws at random. The same seed gives the same output. Default: 1.',
  },
} as const satisfies OptionSpecs;

export type QuestionOptions = OptionValues<typeof QUESTION_OPTIONS>;

/** Refuses what does not go together. */
export function checkQuestion(captures: readonly string[], options: QuestionOptions, command: string): void {
  const refuse = (message: string): never => {
    throw new UsageError(message, command);
  };
  if (captures.length === 0 && options.in.length === 0) refuse('no capture given');
  for (const path of captures) {
    if (INPUT_WORD.test(path) && !existsSync(path))
      refuse(`no such file: "${path}"; --in ${path} may be meant`);
  }
  if (options.host.length > 0 && options.inside.length > 0) refuse('--host and --inside exclude each other');
  const fromStdin = [
    ...captures,
    ...options.in.map((word) => parseInput(word)?.path),
    ...[options.rules, options.rules6, options.ipset, options.gateway],
  ].filter((path) => path === '-');
  if (fromStdin.length > 1) refuse('standard input (-) can be read only once');
}

export function readGateway({ gateway }: QuestionOptions): ConfigFile | null {
  return gateway === undefined ? null : parseConfigFile(readTextFile(gateway));
}

export function makeQuestion(
  captures: readonly string[],
  options: QuestionOptions,
  gateway: ConfigFile | null,
  command: string,
): ReplayOptions {
  return {
    rules: options.rules === undefined ? undefined : readTextFile(options.rules),
    rules6: options.rules6 === undefined ? undefined : readTextFile(options.rules6),
    ipset: options.ipset === undefined ? undefined : readTextFile(options.ipset),
    gateway: gateway ?? undefined,
    inputs: [
      ...options.in.map((word) => readInput(word, command)),
      ...captures.map((path) => ({ iface: null, path })),
    ],
    inside: options.inside.length > 0 ? readNetworks(options.inside, '--inside') : undefined,
    insideInterface: options.insideInterface,
    outsideInterface: options.outsideInterface,
    host: options.host.length > 0 ? readAddresses(options.host, '--host') : undefined,
    closedLoop: options.closedLoop,
    checksums: options.checksums,
    seed: options.seed,
  };
}

function readInput(word: string, command: string): InputSpec {
  const input = parseInput(word);
  if (input === null) throw new UsageError(`--in takes IFACE=CAPTURE, not "${word}"`, command);
  return input;
}

/** A complaint about the gateway with its line; about what was asked for, as one about the command line. */
export function explained(error: unknown, gateway: ConfigFile | null, command: string): unknown {
  if (error instanceof SluiceError && error.code === 'USAGE') return new UsageError(error.message, command);
  return gateway === null ? error : gateway.locate(error);
}

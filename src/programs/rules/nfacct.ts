/** `nfacct`: accounting objects of a state file or of a host that runs, in nfacct 1.0.2's words. */
import { accountingUnit, counterDigits, describeAccounting } from '../../netfilter/accounting-text.ts';
import { AccountingObject } from '../../netfilter/named-objects.ts';
import type { Ruleset } from '../../netfilter/rule.ts';
import { byteLength } from '../../netfilter/syntax/values/text.ts';
import { answer, type Asking } from './answers.ts';
import { Failure, Status } from './failure.ts';
import type { RulesIo } from './io.ts';
import type { RulesStore } from './rules-store.ts';

const VERSION = 'nfacct v1.0.2';
const USAGE = 'Usage: nfacct command [parameters]...\n';
const NAME_BYTES = 31;

const COMMANDS: readonly (readonly [words: string, about: string])[] = [
  ['list [reset]', 'List the accounting object table (and reset)'],
  ['add object-name', 'Add new accounting object to table'],
  ['delete object-name', 'Delete existing accounting object'],
  ['get object-name', 'Get existing accounting object'],
  ['flush', 'Flush accounting object table'],
  ['restore', "Restore accounting object table reading 'list' output from stdin"],
  ['version', 'Display version and disclaimer'],
  ['help', 'Display this help message'],
];

const CHANGES: ReadonlySet<string> = new Set(['add', 'delete', 'del', 'flush', 'restore']);

export function* runNfacct(
  args: readonly string[],
  openState: () => RulesStore,
  io: RulesIo,
): Asking<number> {
  const [command, ...rest] = args;
  switch (command) {
    case undefined:
      throw new Failure(Status.OTHER, USAGE);
    case 'version':
    case 'help':
      io.out.write(command === 'help' ? helpText() : `${VERSION}: utility for accounting objects\n`);
      return Status.DONE;
    case 'list':
    case 'get':
    case 'add':
    case 'delete':
    case 'del':
    case 'flush':
    case 'restore':
      break;
    default:
      throw new Failure(Status.OTHER, `${VERSION}: Unknown command: ${command}\n${USAGE}`);
  }
  const text = command === 'restore' ? yield* answer(io.readInput()) : '';
  const state = openState();
  const changes = CHANGES.has(command) || rest.includes('reset');
  if (changes) state.lock(0);
  try {
    run(command, rest, state, text, io);
    if (changes) state.save();
  } finally {
    state.unlock();
  }
  return Status.DONE;
}

type Objects = Map<string, AccountingObject>;

function run(
  command: 'list' | 'get' | 'add' | 'delete' | 'del' | 'flush' | 'restore',
  args: readonly string[],
  state: RulesStore,
  /** Standard input, where the command reads it. */
  text: string,
  io: RulesIo,
): void {
  const objects: Objects = state.objects.accounting;
  switch (command) {
    case 'list':
      show([...objects.values()], args, io);
      return;
    case 'get':
      show([known(objects, nameOf(args))], args.slice(1), io);
      return;
    case 'add':
      add(objects, nameOf(args), args.slice(1));
      return;
    case 'delete':
    case 'del': {
      const { name } = known(objects, nameOf(args));
      atMost(args, 1);
      if (namedByRules(state.rulesetsNaming('nfacct')).has(name))
        throw failure('error: Device or resource busy');
      objects.delete(name);
      return;
    }
    case 'flush': {
      atMost(args, 0);
      const used = namedByRules(state.rulesetsNaming('nfacct'));
      for (const name of [...objects.keys()]) if (!used.has(name)) objects.delete(name);
      return;
    }
    case 'restore':
      restore(objects, text);
  }
}

function failure(text: string): Failure {
  return new Failure(Status.OTHER, `${VERSION}: ${text}\n`);
}

function atMost(args: readonly string[], most: number): void {
  if (args.length > most) throw failure('too many arguments');
}

/** Longer names are cut. */
function nameOf([name]: readonly string[]): string {
  if (name === undefined) throw failure('missing object name');
  let cut = name;
  while (byteLength(cut) > NAME_BYTES) cut = cut.slice(0, -1);
  return cut;
}

function known(objects: Objects, name: string): AccountingObject {
  const object = objects.get(name);
  if (object === undefined) throw failure('error: No such file or directory');
  return object;
}

/** What follows the name: nothing, or `byte N`, `packet N`. */
function add(objects: Objects, name: string, quota: readonly string[]): void {
  const [unit, amount] = quota;
  if (unit !== undefined && amount === undefined) throw failure('missing quota value');
  if (unit !== undefined && unit !== 'byte' && unit !== 'packet')
    throw failure('argument must "byte" or "packet"');
  if (amount !== undefined && !/^[0-9]+$/.test(amount)) throw failure('error reading quota');
  atMost(quota, 2);
  if (name === '') throw failure('error: Invalid argument');
  if (objects.has(name)) throw failure('error: Device or resource busy');
  const limit = unit === undefined ? null : ({ of: `${unit}s`, amount: Number(amount) } as const);
  objects.set(name, new AccountingObject(name, limit));
}

function namedByRules(rulesets: readonly Ruleset[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { tables } of rulesets) {
    for (const { chains } of tables.values()) {
      for (const { rules } of chains.values()) {
        for (const { extension, info } of rules.flatMap(({ matches }) => matches)) {
          if (extension.name === 'nfacct') names.add(String(info['name']!.value));
        }
      }
    }
  }
  return names;
}

// ── Listing ────────────────────────────────────────────────────────────────────────────────────────────────────────

function show(objects: readonly AccountingObject[], args: readonly string[], io: RulesIo): void {
  if (args.some((word) => !['reset', 'xml', 'json'].includes(word))) throw failure('unknown argument');
  if (args.includes('json')) io.out.write(jsonText(objects, io.now()));
  else if (args.includes('xml')) io.out.write(xmlText(objects));
  else io.out.write(objects.map((object) => `${describeAccounting(object)}\n`).join(''));
  if (!args.includes('reset')) return;
  for (const object of objects) object.reset();
}

function xmlText(objects: readonly AccountingObject[]): string {
  const lines = objects.map(
    ({ name, packets, bytes }) =>
      `<obj><name>${escapeXml(name)}</name><pkts>${counterDigits(packets)}</pkts><bytes>${counterDigits(bytes)}</bytes></obj>\n`,
  );
  return `<?xml version="1.0" encoding="utf-8"?>\n<nfacct>\n${lines.join('')}</nfacct>\n`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Of objects with a quota nfacct 1.0.2 writes `"mode" = "byte"`, which no reader of JSON takes; here it is JSON. */
function jsonText(objects: readonly AccountingObject[], nowUs: number): string {
  const lines = objects.map(({ name, packets, bytes, quota, isOver }) => {
    const limit =
      quota === null
        ? ''
        : `"quota" : ${quota.amount}, "mode" : "${accountingUnit(quota)}", "overquota" : ${isOver ? 1 : 0}, `;
    return `  { "pkts" : ${packets}, "bytes" : ${bytes}, ${limit}"name" : ${JSON.stringify(name)} }`;
  });
  const time = Math.floor(nowUs / 1e6);
  return `{ "timestamp" : ${time}, \n  "nfacct_counters" : [\n${lines.join(',\n')}\n] }\n`;
}

const LISTED =
  /^\{ pkts = ([0-9]+), bytes = ([0-9]+)(?:, quota = ([0-9]+), mode = (byte|packet), overquota = (?:yes|no))? \} = (.+);$/;

/** Lines as `list` prints them; what is there already takes over the counters. */
function restore(objects: Objects, text: string): void {
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const found = LISTED.exec(line.trim());
    if (found === null) throw failure('error: Invalid argument');
    const [, packets, bytes, amount, unit, name] = found as unknown as string[];
    const quota =
      amount === undefined
        ? null
        : ({ of: unit === 'packet' ? 'packets' : 'bytes', amount: Number(amount) } as const);
    const object = new AccountingObject(nameOf([name!]), quota);
    object.packets = Number(packets);
    object.bytes = Number(bytes);
    objects.set(object.name, object);
  }
}

function helpText(): string {
  const lines = COMMANDS.map(([words, about]) => `  ${words}\t${words.length < 14 ? '\t' : ''}${about}\n`);
  return `${VERSION}: utility for the Netfilter extended accounting infrastructure\n${USAGE}\nCommands:\n${lines.join('')}`;
}

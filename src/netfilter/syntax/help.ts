/**
 * What there is to know about an extension, derived from its declaration: the text of `iptables -m NAME --help`, and the
 * same as data, from which the support matrix, completion and documentation are made.
 */
import type { MatchExtension, OptionSpec, TargetExtension } from '../extension.ts';
import { HOOK_NAMES } from '../hook.ts';
import { formatProtocol } from './values/protocols.ts';

export interface OptionHelp {
  /** Long names, the printed one first, without dashes. */
  readonly names: readonly string[];
  readonly short: string | null;
  /** How its value is written; the empty string for a flag. */
  readonly value: string;
  readonly negatable: boolean;
  readonly required: boolean;
  readonly repeatable: boolean;
  /** The option that this one is another way to write, null for one of its own. */
  readonly means: string | null;
  readonly families: readonly (4 | 6)[];
  readonly about: string;
}

export interface ExtensionHelp {
  readonly kind: 'match' | 'target';
  readonly name: string;
  readonly aliases: readonly string[];
  readonly about: string;
  readonly families: readonly (4 | 6)[];
  /** Empty: any. */
  readonly tables: readonly string[];
  readonly hooks: readonly string[];
  readonly protocols: readonly string[];
  readonly options: readonly OptionHelp[];
}

const BOTH = [4, 6] as const;

export function describeExtension(extension: MatchExtension | TargetExtension): ExtensionHelp {
  const options = Object.entries(extension.options);
  return {
    kind: extension.kind,
    name: extension.name,
    aliases: extension.aliases ?? [],
    about: extension.about,
    families: extension.families ?? BOTH,
    tables: extension.tables ?? [],
    hooks: (extension.hooks ?? []).map((hook) => HOOK_NAMES[hook]),
    protocols: (extension.protocols ?? []).map((number) => formatProtocol(number)),
    options: options.map(([property, spec]) => describeOption(property, spec, extension)),
  };
}

function describeOption(
  property: string,
  spec: OptionSpec,
  extension: MatchExtension | TargetExtension,
): OptionHelp {
  return {
    names: [spec.name ?? property, ...(spec.aliases ?? [])],
    short: spec.short ?? null,
    value: spec.value.label,
    negatable: spec.negate === true,
    required: spec.required === true,
    repeatable: spec.repeat === true,
    means: spec.as === undefined ? null : (extension.options[spec.as]?.name ?? spec.as),
    families: spec.families ?? extension.families ?? BOTH,
    about: spec.about,
  };
}

/** The column at which the explanations begin. */
const INDENT = 40;

export function help(extension: MatchExtension | TargetExtension): string {
  const data = describeExtension(extension);
  const lines = [`${data.name} ${data.kind}: ${data.about}`];
  const where = [
    data.families.length === 1 ? `IPv${data.families[0]!} only` : '',
    data.protocols.length > 0 ? `with -p ${data.protocols.join(' or ')}` : '',
    data.tables.length > 0 ? `table ${data.tables.join(', ')}` : '',
    data.hooks.length > 0 ? `from ${data.hooks.join(', ')}` : '',
  ].filter((part) => part !== '');
  if (where.length > 0) lines.push(`  ${where.join('; ')}`);
  if (data.options.length > 0) lines.push(`${data.name} ${data.kind} options:`);
  for (const option of data.options) lines.push(...optionLines(option));
  return `${lines.join('\n')}\n`;
}

function optionLines(option: OptionHelp): string[] {
  const not = option.negatable ? '[!] ' : '    ';
  const short = option.short === null ? '' : `-${option.short}, `;
  const [first, ...others] = option.names;
  const head = `${not}${short}--${first!}${option.value === '' ? '' : ` ${option.value}`}`;
  const notes = [option.required ? 'required' : '', option.repeatable ? 'may be repeated' : ''].filter(
    (n) => n !== '',
  );
  const text = `${option.about}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`;
  const lines = head.length < INDENT ? [head.padEnd(INDENT) + text] : [head, ' '.repeat(INDENT) + text];
  for (const other of others) lines.push(`     --${other} ...`);
  return lines;
}

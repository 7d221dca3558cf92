/**
 * What iptables-save writes after `-m NAME` or `-j NAME`: the given options in declared order. An extension whose
 * form is not a plain walk brings its own `save` and may call `printOption` for the parts that are.
 */
import type { Given, Info, MatchExtension, OptionSpec, TargetExtension } from '../extension.ts';
import type { Family } from '../hook.ts';

/** The options with a space before each; the empty string when there is nothing to say. */
export function saveExtension(
  extension: MatchExtension | TargetExtension,
  info: Info,
  family: Family,
): string {
  if (extension.save !== undefined) {
    const text = extension.save(info, family);
    return text === '' ? '' : ` ${text}`;
  }
  let text = '';
  for (const property in extension.options) {
    const given = info[property];
    if (given !== undefined) text += printOption(property, extension.options[property]!, given, family);
  }
  return text;
}

/** ` --name value`, ` ! --name value`; the empty string for what is left out. */
export function printOption(
  property: string,
  spec: OptionSpec,
  given: Given<unknown>,
  family: Family,
): string {
  const dashed = `${given.not ? ' !' : ''} --${spec.name ?? property}`;
  const values = spec.repeat === true ? (given.value as readonly unknown[]) : [given.value];
  let text = '';
  for (const value of values) {
    if (spec.omit?.(value, given.not) === true) continue;
    const words = spec.value.print(value, family);
    text += words === '' ? dashed : `${dashed} ${words}`;
  }
  return text;
}

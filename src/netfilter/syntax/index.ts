/** The rule language: rules files and commands in, rules as data; rules as data in, text out. */
export { describeExtension, help, type ExtensionHelp, type OptionHelp } from './help.ts';
export { parseCommand, runCommand, type CommandContext, type PreparedCommand } from './command.ts';
export type { Resolver } from './address-match.ts';
export type { Command } from './build.ts';
export { applyCommand, copyTable, emptyTable, makeChain, makeRuleset, makeTable } from './edit.ts';
export { checkTable } from './check.ts';
export { COMMAND_OPTIONS, type CommandOption } from './command-options.ts';
export { parseRestore, type RestoreOptions, type RestoreWatcher } from './restore.ts';
export { describeRule, listTable, type ListOptions } from './list.ts';
export { RuleError, type RuleErrorCode } from './line-error.ts';
export { Registry, registryOf } from './registry.ts';
export {
  chainsInOrder,
  commentTables,
  printRules,
  printSave,
  printTable,
  saveRule,
  withoutCounters,
  type SaveOptions,
} from './save.ts';

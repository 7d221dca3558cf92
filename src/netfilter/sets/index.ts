/** Sets of addresses, ports and the like (ipset): kept as Linux keeps them, asked by rules, spoken of in ipset's words. */
export { askSet } from './ask-set.ts';
export { IpSets, type SetSlot } from './ip-sets.ts';
export { SetError } from './set-error.ts';
export { SetQuery, CounterHow } from './set-query.ts';
export { SET_TYPES, setTypeNamed, type SetType } from './set-types.ts';
export { setReferences } from './references.ts';
export {
  commandNamed,
  prepareSetCommand,
  TestFailure,
  type CommandName,
  type SetCommandContext,
} from './syntax/commands.ts';
export { inListingOrder, listSets, saveSets, type ListOptions, type OutputMode } from './syntax/listing.ts';
export { loadSets, RestoreError, SetsRestore } from './syntax/restore.ts';
export { generalHelp, setTypeHelp, supportedTypes } from './syntax/help.ts';

/**
 * The state of hosts, written down and given to others: neighbours, routes, connections and translations, counters, sockets,
 * frames under way and timers.
 *
 *     const build = () => { … return { clock, hosts, links, sockets }; };     // the same every time
 *     const state = saveState(one, { classes: STACK_CLASSES });               // while nothing is being dealt with
 *     const other = build(); restoreState(other, state, { classes: STACK_CLASSES });
 */
export { STACK_CLASSES } from './classes.ts';
export type { SavedState, StateKinds } from './format.ts';
export { restoreState } from './restore.ts';
export { saveState } from './save.ts';

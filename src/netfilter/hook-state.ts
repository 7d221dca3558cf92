/**
 * Where an evaluation stands: which hook and table a packet is being judged at (Linux: xt_action_param with its
 * nf_hook_state). One object an evaluation depth, reused; extensions read it and may set `hotdrop`.
 */
import type { Family, Hook } from './hook.ts';

export class HookState {
  family: Family;
  hook: Hook;
  /** Index into TABLE_NAMES. */
  table: number;
  /** Of the table's layout: the rule whose target runs. */
  slot: number;
  /** Set by a match that cannot be decided (header cut short): the packet is dropped at once. */
  hotdrop: boolean;
  /** Interface index that `-i` sees at this hook; 0 in OUTPUT. */
  iif: number;
  /** Interface index that `-o` sees at this hook; 0 in PREROUTING and INPUT. */
  oif: number;

  constructor() {
    this.family = 4;
    this.hook = 0;
    this.table = 0;
    this.slot = 0;
    this.hotdrop = false;
    this.iif = 0;
    this.oif = 0;
  }
}

/**
 * Linux's packet filter: hooks, tables, chains and rules, and the engine that judges packets by them. Rules come in as
 * data (rule.ts; the parser in syntax/ makes them), connection tracking and address translation are handed to
 * `Netfilter`, and the host around it answers what only a host can know (host-services.ts).
 */
export * from './decision.ts';
export * from './drop-reason.ts';
export * from './extension.ts';
export * from './hook.ts';
export * from './hook-state.ts';
export * from './hook-steps.ts';
export * from './host-services.ts';
export * from './log.ts';
export * from './netfilter.ts';
export * from './rule.ts';
export type { EngineName } from './rules-in-force.ts';
export type { Tracer } from './tracer.ts';
export * from './verdict.ts';

/**
 * What a helper declares about itself, once: where it sits, how many connections of which kind it may expect and for how
 * long, its limits and its states. Connection tracking, rules and the documentation (docs/helpers.md) take it from here.
 */
import type { ExpectPolicy } from '../netfilter/conntrack/helpers.ts';
import type { Family } from '../netfilter/hook.ts';

export interface HelperFacts {
  /** As `-j CT --helper` names it. */
  readonly name: string;
  readonly families: readonly Family[];
  readonly transports: readonly ('tcp' | 'udp')[];
  /** Usual port. */
  readonly port: number;
  /** Others that it is found at. */
  readonly otherPorts?: readonly number[];
  /** What it reads, and which specification says so. */
  readonly about: string;
  /** Linux's modules for it; empty for a helper that Linux has not. */
  readonly linux: string;
  /** By class; what Linux allows is what both kinds do unless `strictPolicies` says otherwise. */
  readonly policies: readonly ExpectPolicy[];
  readonly strictPolicies?: readonly ExpectPolicy[];
  readonly limits?: readonly Limit[];
  readonly states?: StateMachine;
}

export type Limit = readonly [what: string, value: number, unit?: string];

export interface StateMachine {
  /** Of what, in the flow table's column. */
  readonly of: string;
  readonly states: readonly (readonly [name: string, enteredWith: string, pinholes: string])[];
}

/** How long what was announced is waited for: Linux's two ways. */
export const THREE_MINUTES_US = 180_000_000;
export const FIVE_MINUTES_US = 300_000_000;

/** Lower ports are those of services: nothing that a helper's strict kind opens leads there. */
export const FIRST_OPEN_PORT = 1024;
export const LOWEST_PORT: Limit = ['lowest port that is expected', FIRST_OPEN_PORT];

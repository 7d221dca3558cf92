/** The options that name files of rules, of every command that takes them. */
import type { OptionSpecs } from '../command.ts';

/** The section of help that they stand in. */
export const GATEWAY = 'Rules and gateway';

export const RULE_FILES = {
  rules: {
    kind: 'text',
    value: 'FILE',
    section: GATEWAY,
    about: 'Rules for IPv4, as iptables-save prints them.',
  },
  rules6: {
    kind: 'text',
    value: 'FILE',
    section: GATEWAY,
    about: 'Rules for IPv6, as ip6tables-save prints them.',
  },
  ipset: {
    kind: 'text',
    value: 'FILE',
    section: GATEWAY,
    about: 'Sets that the rules name, as ipset save prints them.',
  },
} as const satisfies OptionSpecs;

/**
 * The five hooks of the network layer and the tables that hang on them, declared once. Which chains a table has, in
 * which order the tables see a packet, and what iptables-save prints first all follow from here.
 * Source: Linux netfilter_ipv4.h (NF_IP_PRI_*), iptables(8) "TABLES".
 */

export const Hook = { PREROUTING: 0, INPUT: 1, FORWARD: 2, OUTPUT: 3, POSTROUTING: 4 } as const;
export type Hook = (typeof Hook)[keyof typeof Hook];

export const HOOK_NAMES = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'] as const;
export type HookName = (typeof HOOK_NAMES)[number];

export type Family = 4 | 6;

/** Priorities at a hook; lower runs first. */
export const Priority = {
  DEFRAG: -400,
  RAW: -300,
  CONNTRACK: -200,
  MANGLE: -150,
  NAT_DST: -100,
  FILTER: 0,
  SECURITY: 50,
  NAT_SRC: 100,
  HELPER: 300,
  CONFIRM: 2147483647,
} as const;

export const TABLE_NAMES = ['raw', 'mangle', 'nat', 'filter', 'security'] as const;
export type TableName = (typeof TABLE_NAMES)[number];

export interface TableSpec {
  readonly name: TableName;
  /** The hooks that have a built-in chain, in the order in which iptables-save prints them, with their priority. */
  readonly hooks: readonly { readonly hook: Hook; readonly priority: number }[];
  readonly about: string;
}

const on = (priority: number, ...hooks: Hook[]) => hooks.map((hook) => ({ hook, priority }));

export const TABLES: Readonly<Record<TableName, TableSpec>> = {
  raw: {
    name: 'raw',
    hooks: on(Priority.RAW, Hook.PREROUTING, Hook.OUTPUT),
    about: 'before connection tracking; exempts packets from it (CT, NOTRACK)',
  },
  mangle: {
    name: 'mangle',
    hooks: on(Priority.MANGLE, Hook.PREROUTING, Hook.INPUT, Hook.FORWARD, Hook.OUTPUT, Hook.POSTROUTING),
    about: 'alters packets',
  },
  nat: {
    name: 'nat',
    hooks: [
      { hook: Hook.PREROUTING, priority: Priority.NAT_DST },
      { hook: Hook.INPUT, priority: Priority.NAT_SRC },
      { hook: Hook.OUTPUT, priority: Priority.NAT_DST },
      { hook: Hook.POSTROUTING, priority: Priority.NAT_SRC },
    ],
    about: 'consulted for packets that create a connection',
  },
  filter: {
    name: 'filter',
    hooks: on(Priority.FILTER, Hook.INPUT, Hook.FORWARD, Hook.OUTPUT),
    about: 'accepts and drops',
  },
  security: {
    name: 'security',
    hooks: on(Priority.SECURITY, Hook.INPUT, Hook.FORWARD, Hook.OUTPUT),
    about: 'mandatory access control rules, after the filter table',
  },
};

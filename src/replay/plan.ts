/**
 * From what the user gave to what will be set up: which way in it is, the rules, the gateway described or assumed, and
 * what is told about assumptions. No packet is looked at but to find sides and addresses; every mistake is a SluiceError.
 */
import { HELPER_NAMES } from '../alg/index.ts';
import { SluiceError } from '../base/errors.ts';
import { objectsToCome } from '../netfilter/object-settings.ts';
import type { Ruleset } from '../netfilter/rule.ts';
import { parseRestore } from '../netfilter/syntax/restore.ts';
import { parsePrefix } from '../stack/address.ts';
import {
  assumedGateway,
  assumedHost,
  completeNames,
  namesFromRules,
  type InterfaceNames,
} from './assumed-gateway.ts';
import { lookForMac } from './host-finder.ts';
import type { ReplayNote, ReplayOptions, SourceText } from './options.ts';
import { lookForInside } from './side-finder.ts';

export type Way = 'exact' | 'two-sided' | 'on-host';

export interface Plan {
  readonly way: Way;
  readonly rulesets: readonly Ruleset[];
  readonly gateway: GatewayPlan;
  readonly notes: ReplayNote[];
}

export function planReplay(options: ReplayOptions): Plan {
  const way = wayOf(options);
  const rulesets = parseRules(options);
  const notes: ReplayNote[] = [];
  const gateway = planGateway(way, options, rulesets, notes);
  noteHelpers(rulesets, notes);
  return { way, rulesets, gateway, notes };
}

function wayOf(options: ReplayOptions): Way {
  const { inputs, host } = options;
  if (inputs.length === 0) throw new SluiceError('USAGE', 'no capture given');
  const named = inputs.filter(({ iface }) => iface !== null).length;
  if (named !== 0 && named !== inputs.length) {
    throw new SluiceError('USAGE', 'either every capture has an interface (--in IFACE=CAPTURE) or none has');
  }
  if (host !== undefined && host.length > 0) {
    if (named !== 0) throw new SluiceError('USAGE', '--host and --in exclude each other');
    return 'on-host';
  }
  return named === 0 ? 'two-sided' : 'exact';
}

/** Rules may name only sets and accounting objects that there will be. */
function parseRules({ rules, rules6, ipset, gateway }: ReplayOptions): Ruleset[] {
  const objects = objectsToCome(gateway?.value, ipset);
  const parse = (source: SourceText, family: 4 | 6) =>
    parseRestore(source.text, { family, file: source.file, objects });
  return [
    ...(rules === undefined ? [] : [parse(rules, 4)]),
    ...(rules6 === undefined ? [] : [parse(rules6, 6)]),
  ];
}

/** The gateway file's object, and the names that an assumed one uses. */
export interface GatewayPlan {
  readonly object: unknown;
  readonly file: string | undefined;
  readonly names: InterfaceNames;
}

function planGateway(
  way: Way,
  options: ReplayOptions,
  rulesets: readonly Ruleset[],
  notes: ReplayNote[],
): GatewayPlan {
  const fromRules = namesFromRules(rulesets);
  const names = completeNames({
    ...fromRules,
    ...(options.insideInterface === undefined ? {} : { inside: options.insideInterface }),
    ...(options.outsideInterface === undefined ? {} : { outside: options.outsideInterface }),
  });
  if (names.inside === names.outside) {
    throw new SluiceError('USAGE', `the inside and the outside interface are both called ${names.inside}`);
  }
  if (options.gateway !== undefined) {
    return { object: options.gateway.value, file: options.gateway.file, names };
  }
  switch (way) {
    case 'on-host': {
      const iface =
        options.outsideInterface ??
        options.insideInterface ??
        fromRules.outside ??
        fromRules.inside ??
        names.inside;
      notes.push({ text: `host: ${options.host!.join(', ')} on ${iface}` });
      return {
        object: assumedHost(iface, networks('--host', options.host!), findMac(options)),
        file: undefined,
        names: { inside: iface, outside: iface },
      };
    }
    case 'exact': {
      throw new SluiceError(
        'USAGE',
        'captures on named interfaces (--in) need a description of the gateway (--gateway FILE)',
      );
    }
    case 'two-sided': {
      const inside =
        options.inside === undefined ? findInside(options) : networks('--inside', options.inside);
      notes.push({
        text:
          `sides: ${names.inside} inside with ${summarise(inside)}, ${names.outside} outside with everything else` +
          (options.inside === undefined ? ' (found by looking; --inside CIDR says otherwise)' : ''),
      });
      return { object: assumedGateway(names, inside), file: undefined, names };
    }
  }
}

/** What the user gave as networks or single addresses, as networks. */
function networks(option: string, given: readonly string[]): string[] {
  return given.map((text) => {
    const network = text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`;
    if (parsePrefix(network) !== undefined) return network;
    throw new SluiceError('USAGE', `${option}: not a network or an address: "${text}"`);
  });
}

function findMac({ inputs, host }: ReplayOptions): string | undefined {
  for (const { path } of inputs) {
    const mac = lookForMac(path, host!);
    if (mac !== undefined) return mac;
  }
  return undefined;
}

function findInside(options: ReplayOptions): string[] {
  const found = new Set<string>();
  for (const { path } of options.inputs) {
    for (const address of lookForInside(path)) found.add(address);
  }
  return [...found];
}

function summarise(networks: readonly string[]): string {
  const plain = networks.map((network) => network.replace(/\/(32|128)$/, ''));
  if (plain.length === 0) return 'nothing';
  return plain.length <= 4
    ? plain.join(', ')
    : `${plain.slice(0, 3).join(', ')} and ${plain.length - 3} more`;
}

/** `-j CT --helper` takes every name that Linux knows; that one is not there yet must not pass in silence. */
function noteHelpers(rulesets: readonly Ruleset[], notes: ReplayNote[]): void {
  for (const { tables } of rulesets) {
    for (const { rules } of tables.get('raw')?.chains.values() ?? []) {
      for (const { target, place } of rules) {
        if (target.kind !== 'extension' || target.info['helper'] === undefined) continue;
        const name = String(target.info['helper'].value);
        if (HELPER_NAMES.includes(name)) continue;
        notes.push({
          text: `helper ${name}: not there yet, no data connections are expected`,
          place: place ?? undefined,
        });
      }
    }
  }
}

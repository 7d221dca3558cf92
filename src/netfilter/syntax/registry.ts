/**
 * Extensions by name, as one family sees them.
 */
import type { LabelNames } from '../conntrack/label-names.ts';
import type { MatchExtension, TargetExtension } from '../extension.ts';
import type { Family } from '../hook.ts';
import { connlabel, connlabelWith } from '../matches/connlabel.ts';
import { MATCHES } from '../matches/index.ts';
import { STANDARD_TARGETS, type StandardTarget } from '../rule.ts';
import { TARGETS } from '../targets/index.ts';

/** The match that options without `-m` load, by the protocol of `-p`. */
const PROTOCOL_MATCHES = new Map<number, string>([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [33, 'dccp'],
  [50, 'esp'],
  [51, 'ah'],
  [58, 'icmp6'],
  [132, 'sctp'],
]);

export class Registry {
  readonly family: Family;
  private readonly matches: ReadonlyMap<string, MatchExtension>;
  private readonly targets: ReadonlyMap<string, TargetExtension>;

  constructor(
    family: Family,
    matches: readonly MatchExtension[] = MATCHES,
    targets: readonly TargetExtension[] = TARGETS,
  ) {
    this.family = family;
    this.matches = byName(matches, family);
    this.targets = byName(targets, family);
  }

  match(name: string): MatchExtension | undefined {
    return this.matches.get(name);
  }

  target(name: string): TargetExtension | undefined {
    return this.targets.get(name);
  }

  /** The match of a protocol (`tcp` for 6), when there is one. */
  matchOfProtocol(protocol: number): MatchExtension | undefined {
    const name = PROTOCOL_MATCHES.get(protocol);
    return name === undefined ? undefined : this.matches.get(name);
  }

  /** True of every word that stands for a target by itself, so that no chain may have it as its name. */
  isTarget(name: string): boolean {
    return isStandard(name) || this.targets.has(name);
  }
}

export function isStandard(name: string): name is StandardTarget {
  return (STANDARD_TARGETS as readonly string[]).includes(name);
}

function byName<E extends MatchExtension | TargetExtension>(
  all: readonly E[],
  family: Family,
): ReadonlyMap<string, E> {
  const map = new Map<string, E>();
  for (const extension of all) {
    if (extension.families !== undefined && !extension.families.includes(family)) continue;
    for (const name of [extension.name, ...(extension.aliases ?? [])]) map.set(name, extension);
  }
  return map;
}

const made = new Map<Family, Registry>();

/** All there is, for a family; `labels`: the names of labels that its rules may use. */
export function registryOf(family: Family, labels?: LabelNames): Registry {
  if (labels !== undefined && !labels.isEmpty) return registryWith(family, labels);
  let registry = made.get(family);
  if (registry === undefined) made.set(family, (registry = new Registry(family)));
  return registry;
}

function registryWith(family: Family, labels: LabelNames): Registry {
  const named = connlabelWith(labels);
  return new Registry(
    family,
    MATCHES.map((match) => (match === connlabel ? named : match)),
  );
}

/**
 * What `tcp`, `udp` and their like say about ports, as data for the classifier.
 */
import type { Fact, Given } from '../extension.ts';
import type { Range } from '../syntax/values/index.ts';

export const ALL_PORTS: Range = { low: 0, high: 65535 };

export function isAllPorts(ports: Range): boolean {
  return ports.low === 0 && ports.high === 65535;
}

/** The ports that a possibly inverted range leaves; none at all for the inverse of all. */
export function portFact(field: Fact['field'], given: Given<Range>): Fact {
  const { low, high } = given.value;
  if (!given.not) return { field, ranges: [[low, high]] };
  const ranges: [number, number][] = [];
  if (low > 0) ranges.push([0, low - 1]);
  if (high < 65535) ranges.push([high + 1, 65535]);
  return { field, ranges };
}

export function portFacts(info: { readonly sport?: Given<Range>; readonly dport?: Given<Range> }): Fact[] {
  const facts: Fact[] = [];
  if (info.sport !== undefined) facts.push(portFact('sport', info.sport));
  if (info.dport !== undefined) facts.push(portFact('dport', info.dport));
  return facts;
}

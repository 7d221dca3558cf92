/**
 * What `tcp`, `udp` and their like say about ports: as data for the classifier, and as -L prints it.
 */
import type { Fact, Given } from '../extension.ts';
import { listPort, type Range } from '../syntax/values/index.ts';

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

interface PortsGiven {
  readonly sport?: Given<Range>;
  readonly dport?: Given<Range>;
}

export function portFacts(info: PortsGiven): Fact[] {
  const facts: Fact[] = [];
  if (info.sport !== undefined) facts.push(portFact('sport', info.sport));
  if (info.dport !== undefined) facts.push(portFact('dport', info.dport));
  return facts;
}

/** ` spt:ssh`, ` dpts:!80:90`; nothing for all ports. */
export function listPorts({ sport, dport }: PortsGiven, protocol: string, numeric: boolean): string {
  const side = (name: string, given: Given<Range> | undefined): string => {
    if (given === undefined || (isAllPorts(given.value) && !given.not)) return '';
    const { low, high } = given.value;
    const ends = (low === high ? [low] : [low, high]).map((port) => listPort(port, numeric, protocol));
    return ` ${name}${low === high ? '' : 's'}:${given.not ? '!' : ''}${ends.join(':')}`;
  };
  return side('spt', sport) + side('dpt', dport);
}

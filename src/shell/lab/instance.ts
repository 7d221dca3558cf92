/** A lab as an instance that programs act on: all its hosts and switches, on its clock. */
import type { Lab } from '../../lab/index.ts';
import type { LiveNode } from '../../programs/index.ts';
import { LiveInstance } from '../live/instance.ts';

export function labInstance(lab: Lab): LiveInstance {
  const nodes = lab.topology.nodes.map(({ name }): LiveNode => {
    const host = lab.hosts.get(name);
    if (host !== undefined) return { kind: 'host', name, gateway: host.gateway };
    return { kind: 'switch', name, switch: lab.switch(name) };
  });
  return new LiveInstance({ kind: 'lab', clock: lab.clock, nodes });
}

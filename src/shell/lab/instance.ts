/** A lab as an instance that programs act on: all its hosts and switches, on its clock. */
import { liveNode, type Lab } from '../../lab/index.ts';
import { LiveInstance } from '../live/instance.ts';

export function labInstance(lab: Lab): LiveInstance {
  const nodes = lab.topology.nodes.map(({ name }) => liveNode(lab, name));
  return new LiveInstance({ kind: 'lab', clock: lab.clock, nodes });
}

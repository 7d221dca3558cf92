/** Commands that show what a node knows, and those that change a link. */
import { programNamed } from '../../programs/index.ts';
import { didYouMean } from '../../base/did-you-mean.ts';
import { LearningSwitch } from '../../vswitch/index.ts';
import { Mode } from '../../vswitch/learning/snooping/sources.ts';
import { formatIp } from '../../wire/address.ts';
import type { Lab } from '../lab.ts';
import { done, UsageMistake, type LabCommand } from './command.ts';
import { ofProgram } from './of-program.ts';

const bridgeOfHosts = ofProgram(programNamed('bridge')!);
const ipOfHosts = ofProgram(programNamed('ip')!);

/** `bridge fdb show` and `bridge mdb show` of a switch; of a host's bridges, the program. */
export const bridge: LabCommand = {
  name: 'bridge',
  usage: 'bridge fdb|mdb show',
  about: 'Prints the addresses that a switch knows, or the multicast groups that have members.',
  values: ['entries'],
  start(lab, node, args, input) {
    if (lab.hosts.has(node)) return bridgeOfHosts.start(lab, node, args, input);
    const [table, show = 'show', ...more] = args;
    if ((table !== 'fdb' && table !== 'mdb') || show !== 'show' || more.length > 0)
      throw new UsageMistake('there are "bridge fdb show" and "bridge mdb show"');
    if (table === 'mdb') return done(...groupsOf(lab, node));
    const entries = lab.switch(node).table();
    const lines = entries.map(
      ({ mac, vlan, port, kind }) => `${mac} dev ${port}${vlan === 0 ? '' : ` vlan ${vlan}`} ${kind}`,
    );
    return done(lines, { entries: entries.length });
  },
};

/** `dev br0 port p1 grp 239.1.1.1 temp filter_mode exclude source_list 10.0.0.1/0.00`, and the ports that lead to routers. */
function groupsOf(lab: Lab, node: string): [lines: string[], values: { entries: number }] {
  const bridge = lab.switch(node);
  const snooping = bridge instanceof LearningSwitch ? bridge.snooping : null;
  if (snooping === null)
    throw new UsageMistake(`${node} does not snoop on multicast groups (mcast_snooping)`);
  const { now } = lab.clock;
  const seconds = (until: number) => (Math.max(0, until - now) / 1e6).toFixed(2);
  const lines = [...snooping.memberships()].map(({ group, port, member }) => {
    const { family } = group;
    const address = formatIp(family, group.w0, group.w1, group.w2, group.w3);
    const sources = member.sources.map(
      ({ words, until }) => `${formatIp(family, ...words)}/${seconds(until)}`,
    );
    const mode = member.mode === Mode.EXCLUDE ? `exclude` : 'include';
    const list = sources.length === 0 ? '' : ` source_list ${sources.join(',')}`;
    const vlan = group.vid === 0 ? '' : ` vid ${group.vid}`;
    return `dev ${node} port ${port.name} grp ${address} temp filter_mode ${mode}${list}${vlan}`;
  });
  const routers = snooping.routerPorts().map(({ name }) => name);
  const ways = routers.length === 0 ? [] : [`router ports on ${node}: ${routers.join(' ')}`];
  return [[...lines, ...ways], { entries: lines.length }];
}

/** `ip link set PORT up|down`: the cable at an interface or port. All else that a host is told is for the program. */
export const ip: LabCommand = {
  name: 'ip',
  usage: 'ip link set PORT up|down',
  about: 'Pulls the cable at an interface or a port, or plugs it in; on a host, all that iproute2 does.',
  values: [],
  start(lab, node, args, input) {
    const [link, set, port = '', state] = args;
    const isForCable = link === 'link' && set === 'set' && (state === 'up' || state === 'down');
    const isCabled = lab.linkAt(`${node}:${port}`) !== undefined;
    if (lab.hosts.has(node) && !(isForCable && isCabled)) return ipOfHosts.start(lab, node, args, input);
    if (!isForCable) {
      throw new UsageMistake('there is "ip link set PORT up|down"');
    }
    lab.setLink(linkOf(lab, node, port), state === 'up');
    return done([]);
  },
};

function linkOf(lab: Lab, node: string, port: string) {
  const link = lab.linkAt(`${node}:${port}`);
  if (link !== undefined) return link;
  const known = lab.links.flatMap(({ config }) =>
    config.ends.filter((end) => end.node === node).map((end) => end.port),
  );
  throw new UsageMistake(
    `${node} has no cable at "${port}"${didYouMean(port, known)}; there are ${known.join(', ') || 'none'}`,
  );
}

/** Time passes. */
export const sleep: LabCommand = {
  name: 'sleep',
  usage: 'sleep',
  about: 'Does nothing for the time that the step lasts.',
  values: [],
  start: () => done([]),
};

/** Commands that show what a node knows, and those that change a link. */
import { printSave } from '../../netfilter/syntax/save.ts';
import { didYouMean } from '../../base/did-you-mean.ts';
import type { Lab } from '../lab.ts';
import { done, UsageMistake, type LabCommand } from './command.ts';

/** `bridge fdb show` of a switch. */
export const bridge: LabCommand = {
  name: 'bridge',
  usage: 'bridge fdb show',
  about: 'Prints the addresses that a switch knows.',
  values: ['entries'],
  start(lab, node, args) {
    if (args.join(' ') !== 'fdb show' && args.join(' ') !== 'fdb')
      throw new UsageMistake('there is "bridge fdb show"');
    const entries = lab.switch(node).table();
    const lines = entries.map(
      ({ mac, vlan, port, kind }) => `${mac} dev ${port}${vlan === 0 ? '' : ` vlan ${vlan}`} ${kind}`,
    );
    return done(lines, { entries: entries.length });
  },
};

/** `ip link set PORT up|down`: the cable at an interface or port. */
export const ip: LabCommand = {
  name: 'ip',
  usage: 'ip link set PORT up|down',
  about: 'Pulls the cable at an interface or a port, or plugs it in.',
  values: [],
  start(lab, node, args) {
    const [link, set, port = '', state] = args;
    if (link !== 'link' || set !== 'set' || (state !== 'up' && state !== 'down')) {
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

export const iptablesSave: LabCommand = {
  name: 'iptables-save',
  usage: 'iptables-save [-c]',
  about: 'Prints the rules of a host, with -c their counters.',
  values: [],
  start(lab, node, args) {
    if (args.length > 0 && args.join(' ') !== '-c') throw new UsageMistake('there is "iptables-save [-c]"');
    const ruleset = lab.host(node).gateway.netfilter.ruleset(4);
    return done(
      ruleset === null
        ? []
        : printSave(ruleset, { counters: args.length > 0 })
            .trimEnd()
            .split('\n'),
    );
  },
};

/** Time passes. */
export const sleep: LabCommand = {
  name: 'sleep',
  usage: 'sleep',
  about: 'Does nothing for the time that the step lasts.',
  values: [],
  start: () => done([]),
};

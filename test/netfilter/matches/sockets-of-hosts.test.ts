/**
 * `-m socket` and `-m owner` where hosts have sockets. Which packets match is what Linux says of such a talk: the SYN finds a listener
 * of any address with --nowildcard alone; resets are the host's, no user's; what a closed connection still says is nobody's.
 */
import assert from 'node:assert/strict';
import { Lab, parseLab, runSteps } from '../../../src/lab/index.ts';
import { printRules } from '../../../src/netfilter/syntax/index.ts';

const RULES = [
  'INPUT -p tcp -m socket',
  'INPUT -p tcp -m socket --nowildcard',
  'INPUT -p udp -m socket',
  'INPUT -p udp -m socket --nowildcard',
  'OUTPUT -p tcp -m owner --socket-exists',
  'OUTPUT -p tcp -m owner --uid-owner 0',
  'OUTPUT -p tcp -m owner ! --uid-owner 0',
  'OUTPUT -p udp -m owner --uid-owner 0',
];

const LAB = `topology:
  nodes:
    client: { interfaces: { eth0: 10.0.0.1/24 } }
    server:
      interfaces: { eth0: 10.0.0.2/24 }
      services: { 80: hello, udp/53: echo }
      rules: |
        *mangle
        ${RULES.map((rule) => `-A ${rule}`).join('\n        ')}
        COMMIT
  links: [{ endpoints: ["client:eth0", "server:eth0"] }]
steps:
  - { on: client, run: nc 10.0.0.2 80, expect: { output: hello } }
  - { on: client, run: nc 10.0.0.2 81 }
  - { on: client, run: nc -u -w 1 10.0.0.2 53 x }
  - { on: client, run: nc -u -w 1 10.0.0.2 55 x }
  - { on: client, run: sleep 2 }
`;

it('-m socket and -m owner find the sockets of a host: listening, connected, and none', () => {
  const lab = new Lab(parseLab({ text: LAB, file: 'sockets.yaml' }));
  const failures = runSteps(lab).flatMap((report) => report.failures.map(({ text }) => text));
  assert.deepEqual(failures, []);
  const node = lab.hosts.get('server')!;
  const table = node.gateway.netfilter.ruleset(4)!.tables.get('mangle')!;
  const packets = ['INPUT', 'OUTPUT'].flatMap((chain) =>
    table.chains.get(chain)!.rules.map((rule) => rule.packets),
  );
  assert.deepEqual(
    packets,
    [3, 4, 0, 1, 4, 3, 2, 1],
    printRules(table, null, { counters: true, number: null }),
  );
});

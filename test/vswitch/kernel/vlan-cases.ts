/**
 * The cases with VLAN filtering, which not every kernel has: Debian's in an emulated machine answers them (record.ts). First those
 * that show one rule each, then bridges at random.
 */
import { fileURLToPath } from 'node:url';
import type { PlainObject } from '../../../src/base/plain-object.ts';
import { BROADCAST, frame, station, tag } from '../rig.ts';
import { SELF, type BridgeCase, type Step } from './bridge-case.ts';
import { randomBridge } from './random-bridge.ts';

export const VLAN_ANSWERS = fileURLToPath(new URL('./vlan-answers.jsonl', import.meta.url));

const NO_DEFAULT = { vid: 1, remove: true };
const access = (vid: number) => ({ vlans: [NO_DEFAULT, { vid, pvid: true, untagged: true }] });
const trunk = (...vids: number[]) => ({ vlans: [NO_DEFAULT, ...vids] });

function bridge(name: string, settings: PlainObject, steps: readonly Step[]): BridgeCase {
  return {
    name,
    switch: { mac: '02:00:00:00:00:fe', self: SELF, vlan_filtering: true, ...settings },
    steps,
  };
}

const all = (port: string, from: number, tags = ''): Step => ({
  port,
  frame: frame(BROADCAST, station(from), tags),
});
const to = (port: string, from: number, station2: number, tags = ''): Step => ({
  port,
  frame: frame(station(station2), station(from), tags),
});

const NAMED: readonly BridgeCase[] = [
  bridge(
    'PVID: frames without a tag are of the port’s VLAN, a priority tag (VID 0) counts as none',
    { ports: { p1: access(10), p2: trunk(10, 20), p3: access(20) } },
    [all('p1', 1), all('p1', 1, tag(0, 5)), all('p3', 3), all('p2', 2, tag(10)), all('p2', 2, tag(20, 3))],
  ),
  bridge(
    'no PVID: frames without a tag are dropped',
    { vlan_default_pvid: 0, ports: { p1: { vlans: [10] }, p2: { vlans: [10] } } },
    [all('p1', 1), all('p1', 1, tag(0)), all('p1', 1, tag(10)), to('p2', 2, 1, tag(10))],
  ),
  bridge(
    'a VLAN that the port does not carry, VID 4095, a tag cut short',
    { ports: { p1: access(10), p2: trunk(10, 20) } },
    [
      all('p1', 1, tag(20)),
      all('p1', 1, tag(10)),
      all('p2', 2, tag(4095)),
      all('p2', 2, tag(30)),
      { port: 'p1', frame: `${BROADCAST}${station(1)}8100000a` },
    ],
  ),
  bridge(
    'one address in two VLANs is two stations',
    { ports: { p1: access(10), p2: access(20), p3: trunk(10, 20) } },
    [
      all('p1', 1),
      all('p2', 1),
      to('p3', 3, 1, tag(10)),
      to('p3', 3, 1, tag(20)),
      to('p1', 4, 3),
      to('p2', 4, 3),
    ],
  ),
  bridge(
    'a double tag whose outer one is the native VLAN reaches no port of the inner one',
    { ports: { p1: {}, p2: access(20), p3: { vlans: [10, 20] } } },
    [
      all('p1', 1, tag(1) + tag(20)),
      all('p1', 1, tag(20)),
      all('p1', 1, tag(0) + tag(20)),
      all('p3', 3, tag(20) + tag(1)),
    ],
  ),
  bridge(
    'QinQ: the provider’s tag goes before the customers’, which are data; tags of the other kind are data, too',
    { vlan_protocol: '802.1ad', ports: { p1: access(100), p2: trunk(100, 200), p3: access(200) } },
    [
      all('p1', 1),
      all('p1', 1, tag(7)),
      all('p1', 1, tag(7) + tag(8)),
      all('p2', 2, tag(100, 0, '88a8') + tag(7)),
      all('p2', 2, tag(200, 6, '88a8')),
      all('p2', 2, tag(100)),
      all('p1', 1, tag(100, 0, '88a8')),
      all('p3', 3, tag(7).repeat(50)),
    ],
  ),
  bridge(
    'isolated ports of one VLAN reach the others, not each other',
    {
      ports: {
        p1: { ...access(10), isolated: true },
        p2: { ...access(10), isolated: true },
        p3: access(10),
        p4: { ...trunk(10, 20), isolated: true },
      },
    },
    [all('p1', 1), all('p2', 2), all('p3', 3), all('p4', 4, tag(10)), to('p1', 1, 2), to('p3', 3, 2)],
  ),
  bridge(
    'the bridge’s own interface has VLANs as a port has',
    {
      self: { name: SELF, vlans: [NO_DEFAULT, { vid: 10, pvid: true, untagged: true }, 20] },
      ports: { p1: access(10), p2: access(20), p3: access(30) },
    },
    [
      all('p1', 1),
      all('p2', 2),
      all('p3', 3),
      all(SELF, 254),
      all(SELF, 254, tag(20)),
      all(SELF, 254, tag(30)),
    ],
  ),
  bridge(
    'static entries hold in their VLAN; sticky ones do not move',
    {
      ports: { p1: access(10), p2: access(10), p3: trunk(10, 20) },
      fdb: [
        { mac: '02:00:00:00:00:01', port: 'p1', vlan: 10, sticky: true },
        { mac: '02:00:00:00:00:02', port: 'p3', vlan: 20 },
      ],
    },
    [
      all('p2', 1),
      to('p3', 3, 1, tag(10)),
      to('p3', 3, 1, tag(20)),
      to('p1', 1, 2),
      all('p2', 2),
      to('p1', 1, 2),
    ],
  ),
  bridge(
    'locked and hairpin ports, in their VLANs',
    {
      ports: { p1: { ...access(10), locked: true }, p2: { ...trunk(10, 20), hairpin: true }, p3: access(10) },
    },
    [all('p1', 1), all('p2', 2, tag(10)), to('p2', 2, 2, tag(10)), to('p2', 3, 2, tag(20)), to('p3', 3, 1)],
  ),
];

export const VLAN_CASES: readonly BridgeCase[] = [
  ...NAMED,
  ...Array.from({ length: 40 }, (_, i) => randomBridge(i + 1, { vlans: true, frames: 60 })),
];

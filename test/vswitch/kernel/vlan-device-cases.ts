/**
 * What rules take for the interface that a tagged packet came in by, where the bridge has a device for its VLAN
 * (bridge-nf-pass-vlan-input-dev). The kernel of record.ts answers: not every one has VLAN devices.
 */
import { fileURLToPath } from 'node:url';
import * as build from '../../../src/wire/build.ts';
import { bytesToHex } from '../../../src/wire/bytes.ts';
import { SELF, type Step } from './bridge-case.ts';
import type { FilterCase } from './filter-cases.ts';

export const VLAN_DEVICE_ANSWERS = fileURLToPath(new URL('./vlan-device-answers.jsonl', import.meta.url));

const MAC = '02:00:00:00:00:fe';
const RULES = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i ${SELF}.7
-A INPUT -i ${SELF}
-A INPUT -j DROP
-A FORWARD -i ${SELF}.7
-A FORWARD -i ${SELF}.7 -o ${SELF}.7
-A FORWARD -i ${SELF}.7 -o ${SELF}
-A FORWARD -i ${SELF} -o ${SELF}
-A FORWARD -i ${SELF} -o ${SELF}.7
COMMIT
`;

const packet = (to: string, address: string, vids: readonly number[]): Step => ({
  port: 'p1',
  frame: bytesToHex(
    build.frame(
      build.ethernet({ dst: to, src: '02:00:00:00:00:01' }),
      ...vids.map((vid) => build.vlan({ vid })),
      build.ipv4({ src: '10.0.0.1', dst: address }),
      build.udp({ srcPort: 1000, dstPort: 9 }),
      build.data(new Uint8Array(20)),
    ),
  ),
});
const bridged = (...vids: number[]) => packet('02:00:00:00:00:02', '10.0.0.2', vids);
const STEPS: readonly Step[] = [
  bridged(),
  bridged(7),
  bridged(7),
  bridged(7),
  bridged(8),
  bridged(8),
  bridged(0),
  bridged(7, 7),
  packet(MAC, '10.0.0.254', []),
  packet(MAC, '10.0.0.254', [7]),
];

function vlanDeviceCase(passes: number, filters: number): FilterCase {
  const sysctl = {
    'net.ipv4.conf.all.rp_filter': 0,
    'net.ipv4.conf.default.rp_filter': 0,
    'net.bridge.bridge-nf-call-iptables': 1,
    'net.bridge.bridge-nf-filter-vlan-tagged': filters,
    'net.bridge.bridge-nf-pass-vlan-input-dev': passes,
  };
  return {
    name: `pass-vlan-input-dev ${passes}, filter-vlan-tagged ${filters}`,
    switch: { model: 'learning', mac: MAC, self: SELF, ports: { p1: {}, p2: {} } },
    steps: STEPS,
    rules: { 4: RULES, 6: '*filter\nCOMMIT\n' },
    sysctl,
    hasVlan: true,
    setup: [
      `ip addr add 10.0.0.254/24 dev ${SELF}`,
      `ip link add link ${SELF} name ${SELF}.7 type vlan id 7`,
      `ip link set ${SELF}.7 up`,
      ...Object.entries(sysctl).map(([key, value]) => {
        const [first, ...rest] = key.split('.');
        return `echo ${value} > /proc/sys/${first!}/${rest.join('/')}`;
      }),
      `iptables-legacy-restore <<'END'\n${RULES}END`,
    ],
    ask: "iptables-legacy-save -c | grep -v '^#'",
  };
}

export const VLAN_DEVICE_CASES: readonly FilterCase[] = [
  vlanDeviceCase(0, 1),
  vlanDeviceCase(1, 1),
  vlanDeviceCase(1, 0),
];

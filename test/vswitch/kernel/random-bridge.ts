/** Bridges and frames at random, from a seed: few ports, few stations, and every flag that a port has. */
import { SeededRng } from '../../../src/base/rng.ts';
import type { PlainObject } from '../../../src/base/plain-object.ts';
import { SELF, type BridgeCase, type Step } from './bridge-case.ts';

export interface RandomBridgeOptions {
  readonly vlans: boolean;
  readonly frames: number;
}

const SELF_MAC = '0200000000fe';
const STATIONS = Array.from({ length: 6 }, (_, i) => `02000000000${i + 1}`);
const GROUPS = ['ffffffffffff', '01005e010203', '333300000001', '0180c2000010'];
const RESERVED = [
  '0180c2000000',
  '0180c2000001',
  '0180c2000002',
  '0180c2000003',
  '0180c200000e',
  '0180c200000f',
];
const BAD_SOURCES = ['000000000000', 'ffffffffffff', '01005e000001', SELF_MAC];
const VIDS = [1, 10, 20, 4094];
const COLONS = /..(?=.)/g;

export function randomBridge(seed: number, { vlans, frames }: RandomBridgeOptions): BridgeCase {
  const rng = new SeededRng(seed);
  const chance = (percent: number) => rng.below(100) < percent;
  const oneOf = <T>(values: readonly T[]): T => values[rng.below(values.length)]!;
  const portMac = (i: number) => `0200000001${(i + 1).toString(16).padStart(2, '0')}`;
  const names = Array.from({ length: 3 + rng.below(3) }, (_, i) => `p${i + 1}`);

  const members = () =>
    VIDS.filter(() => chance(60)).map((vid) => ({
      vid,
      ...(chance(20) ? { remove: true } : { pvid: chance(30), untagged: chance(40) }),
    }));
  const port = (i: number): PlainObject => ({
    mac: portMac(i).replace(COLONS, '$&:'),
    mtu: chance(15) ? 1000 : 1500,
    learning: !chance(10),
    flood: !chance(15),
    mcast_flood: !chance(15),
    bcast_flood: !chance(15),
    isolated: chance(25),
    locked: chance(10),
    hairpin: chance(15),
    group_fwd_mask: chance(15) && !vlans ? 0x4008 : 0,
    state: chance(8) ? oneOf(['listening', 'learning', 'disabled']) : 'forwarding',
    ...(vlans ? { vlans: members() } : {}),
  });
  const ports = Object.fromEntries(names.map((name, i) => [name, port(i)]));
  const settings: PlainObject = {
    model: 'learning',
    mac: SELF_MAC.replace(COLONS, '$&:'),
    self: { name: SELF, mtu: 9000, promisc: chance(10), ...(vlans ? { vlans: members() } : {}) },
    ageing_time: chance(8) ? 0 : 300,
    group_fwd_mask: chance(15) ? 0x4008 : 0,
    no_linklocal_learn: chance(15),
    ...(vlans
      ? {
          vlan_filtering: true,
          vlan_protocol: chance(25) ? '802.1ad' : '802.1Q',
          vlan_default_pvid: oneOf([0, 1, 1, 10]),
        }
      : {}),
    ports,
    fdb: STATIONS.filter(() => chance(15)).map((mac) => ({
      mac: mac.replace(COLONS, '$&:'),
      port: oneOf(names),
      sticky: chance(40),
    })),
  };

  const tag = () => {
    const tci =
      (rng.below(8) << 13) | (rng.below(10) === 0 ? 0x1000 : 0) | oneOf([0, 4095, 30, ...VIDS, ...VIDS]);
    return oneOf(['8100', '8100', '8100', '88a8']) + tci.toString(16).padStart(4, '0');
  };
  const payload = () => {
    const length = oneOf([46, 46, 46, 100, 990, 1000, 1004, 1005, 1500, 1504, 1505]);
    return '0800' + 'a5'.repeat(length);
  };
  const frame = (from: string): string => {
    const dst = chance(12)
      ? oneOf(RESERVED)
      : oneOf([
          ...STATIONS,
          ...STATIONS,
          ...GROUPS,
          SELF_MAC,
          portMac(rng.below(names.length)),
          '02000000dead',
        ]);
    const src = from === SELF ? SELF_MAC : chance(6) ? oneOf(BAD_SOURCES) : oneOf(STATIONS);
    const tags = chance(vlans ? 65 : 15) ? tag() + (chance(20) ? tag() : '') : '';
    const whole = dst + src + tags + payload();
    // Cut behind the addresses, where tag and type are; the kernel's packet sockets take no less than 14 bytes. A second
    // tag that is cut is dropped by br_netfilter, one in the data of what br0 sends by the far end of the cable.
    return chance(4) && from !== SELF && tags.length <= 8 ? whole.slice(0, 2 * (14 + rng.below(10))) : whole;
  };
  const steps = Array.from({ length: frames }, (): Step => {
    const from = chance(10) ? SELF : oneOf(names);
    return { port: from, frame: frame(from) };
  });
  return { name: `random ${vlans ? 'VLANs ' : ''}${seed}`, switch: settings, steps };
}

import { colons, station } from './rig.ts';
import { describeSwitch } from './switch.suite.ts';

const guests = Object.fromEntries([1, 2, 3].map((n) => [`p${n}`, { mac: colons(station(n)) }]));

describeSwitch({ name: 'hub', settings: { model: 'hub', ports: ['p1', 'p2', 'p3'] }, others: [] });
describeSwitch({
  name: 'learning',
  settings: { model: 'learning', self: 'br0', ports: { p1: {}, p2: {}, p3: {} } },
  others: ['br0'],
});
describeSwitch({
  name: 'learning, filtering VLANs',
  settings: { model: 'learning', vlan_filtering: true, ports: { p1: {}, p2: {}, p3: {} } },
  others: [],
});
describeSwitch({
  name: 'static',
  settings: {
    model: 'static',
    uplinks: ['vmnic0', 'vmnic1'],
    teaming: { policy: 'explicit' },
    ports: guests,
  },
  others: ['vmnic0'],
});
describeSwitch({
  name: 'distributed, learning',
  settings: {
    model: 'distributed',
    uplinks: ['vmnic0'],
    security: { forged_transmits: 'accept' },
    learning: { limit: 4096 },
    ports: guests,
  },
  others: ['vmnic0'],
});

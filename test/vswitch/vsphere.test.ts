/** Each test names what vSphere's documentation says; docs/switches.md has the table. */
import assert from 'node:assert/strict';
import type { LearningSwitch, VsphereSwitch } from '../../src/vswitch/index.ts';
import { hexToBytes } from '../../src/wire/bytes.ts';
import { BROADCAST, colons, frame, Rig, station, tag } from './rig.ts';

const [A, B, C] = [station(1), station(2), station(3)];
const FOREIGN = station(0x99);

type Settings = Record<string, unknown>;

/** Guests a, b and c on two uplinks; explicit failover, so that everything leaves by vmnic0. */
function vsphere(settings: Settings = {}, ports: Record<string, Settings> = {}): Rig {
  const guest = (name: string, mac: string) => ({ [name]: { mac: colons(mac), ...ports[name] } });
  return new Rig({
    model: 'static',
    uplinks: ['vmnic0', 'vmnic1'],
    teaming: { policy: 'explicit' },
    ports: { ...guest('a', A), ...guest('b', B), ...guest('c', C) },
    ...settings,
  });
}

describe('a vSphere standard switch', () => {
  it('knows the NICs attached and learns nothing: what is unknown goes out of the uplink, never to a guest', () => {
    const rig = vsphere();
    assert.deepEqual(rig.send('a', frame(B, A)), ['b']);
    rig.send('b', frame(BROADCAST, FOREIGN));
    assert.deepEqual(rig.send('a', frame(FOREIGN, A)), ['vmnic0']);
    assert.equal(rig.table().length, 3);
  });

  it('drops what comes from an uplink for nobody here, and passes nothing from uplink to uplink', () => {
    const rig = vsphere();
    assert.deepEqual(rig.send('vmnic0', frame(FOREIGN, station(0x88))), []);
    assert.equal(rig.reason, 'SWITCH_NOBODY');
    assert.deepEqual(rig.send('vmnic0', frame(BROADCAST, FOREIGN)), ['a', 'b', 'c']);
    assert.deepEqual(rig.send('vmnic0', frame(B, FOREIGN)), ['b']);
  });

  it('tags and strips for a port group with a VLAN (VST), and sees no other VLAN', () => {
    const rig = vsphere(
      { port_groups: { blue: { vlan: 10 }, red: { vlan: 20 } } },
      {
        a: { port_group: 'blue' },
        b: { port_group: 'blue' },
        c: { port_group: 'red' },
      },
    );
    assert.deepEqual(rig.sendWhole('a', frame(BROADCAST, A)), [
      `b ${frame(BROADCAST, A)}`,
      `vmnic0 ${frame(BROADCAST, A, tag(10))}`,
    ]);
    assert.deepEqual(rig.sendWhole('a', frame(C, A)), [`vmnic0 ${frame(C, A, tag(10))}`]);
    assert.deepEqual(rig.sendWhole('vmnic0', frame(BROADCAST, FOREIGN, tag(20))), [
      `c ${frame(BROADCAST, FOREIGN)}`,
    ]);
    assert.deepEqual(rig.send('vmnic0', frame(BROADCAST, FOREIGN)), []);
  });

  it('sees frames without a tag only where the VLAN is 0 (EST)', () => {
    const rig = vsphere();
    assert.deepEqual(rig.send('vmnic0', frame(BROADCAST, FOREIGN, tag(10))), []);
    assert.deepEqual(rig.send('a', frame(BROADCAST, A, tag(10))), []);
    assert.equal(rig.reason, 'SWITCH_VLAN');
  });

  it('leaves tags to the guest where the VLAN is 4095 (VGT)', () => {
    const rig = vsphere(
      { port_groups: { blue: { vlan: 10 }, trunk: { vlan: 4095 } } },
      {
        a: { port_group: 'trunk' },
        b: { port_group: 'blue' },
      },
    );
    assert.deepEqual(rig.sendWhole('a', frame(B, A, tag(10, 3))), [`b ${frame(B, A)}`]);
    assert.deepEqual(rig.sendWhole('b', frame(A, B)), [`a ${frame(A, B, tag(10))}`]);
    assert.deepEqual(rig.sendWhole('vmnic0', frame(A, FOREIGN, tag(30))), [
      `a ${frame(A, FOREIGN, tag(30))}`,
    ]);
    assert.deepEqual(rig.send('a', frame(BROADCAST, A, tag(4095))), []);
  });

  it('does not let a guest of the native VLAN hop by a double tag (L2-5)', () => {
    const rig = vsphere(
      { port_groups: { native: { vlan: 0 }, red: { vlan: 20 } } },
      {
        a: { port_group: 'native' },
        c: { port_group: 'red' },
      },
    );
    assert.deepEqual(rig.send('a', frame(BROADCAST, A, tag(1) + tag(20))), []);
  });

  it('drops forged sources where they are rejected, and tells the guest nothing (L2-3)', () => {
    const rig = vsphere({}, { a: { security: { forged_transmits: 'reject' } } });
    assert.deepEqual(rig.send('a', frame(B, FOREIGN)), []);
    assert.equal(rig.reason, 'SWITCH_POLICY');
    assert.deepEqual(rig.send('b', frame(A, FOREIGN)), ['a'], 'accepted by default');
  });

  it('cuts a guest off that changes its address where that is rejected, until it changes it back (L2-3)', () => {
    const rig = vsphere({}, { a: { security: { mac_changes: 'reject' } } });
    const change = (port: string, mac: string) =>
      (rig.switch as VsphereSwitch).changeAddress(rig.switch.portNamed(port)!.index, hexToBytes(mac));
    change('a', FOREIGN);
    assert.deepEqual(rig.send('b', frame(A, B)), []);
    assert.deepEqual(rig.send('a', frame(B, A)), ['b'], 'what it sends goes out still');
    change('a', A);
    assert.deepEqual(rig.send('b', frame(A, B)), ['a']);
    change('b', FOREIGN);
    assert.deepEqual(rig.send('a', frame(FOREIGN, A)), ['b'], 'accepted: the table follows');
  });

  it('gives a promiscuous port everything of its VLAN, and nothing of another', () => {
    const rig = vsphere(
      { port_groups: { blue: { vlan: 10 }, red: { vlan: 20 } } },
      {
        a: { port_group: 'blue' },
        b: { port_group: 'blue', security: { promiscuous: 'accept' } },
        c: { port_group: 'red', security: { promiscuous: 'accept' } },
      },
    );
    assert.deepEqual(rig.sendWhole('a', frame(FOREIGN, A)), [
      `b ${frame(FOREIGN, A)}`,
      `vmnic0 ${frame(FOREIGN, A, tag(10))}`,
    ]);
    assert.deepEqual(rig.sendWhole('vmnic0', frame(A, FOREIGN, tag(10))), [
      `a ${frame(A, FOREIGN)}`,
      `b ${frame(A, FOREIGN)}`,
    ]);
  });

  it('drops its own broadcast that comes back on the other uplink, but for promiscuous ports without the check (L2-4)', () => {
    const ports = { b: { security: { promiscuous: 'accept' } } };
    const unchecked = vsphere({}, ports);
    assert.deepEqual(unchecked.send('a', frame(BROADCAST, A)), ['b', 'c', 'vmnic0']);
    assert.deepEqual(unchecked.send('vmnic1', frame(BROADCAST, A)), ['b'], 'the duplicate');
    const checked = vsphere({ reverse_path_check: true }, ports);
    assert.deepEqual(checked.send('vmnic1', frame(BROADCAST, A)), []);
    assert.equal(checked.reason, 'SWITCH_REVERSE_PATH');
    assert.deepEqual(checked.send('vmnic0', frame(BROADCAST, FOREIGN)), ['a', 'b', 'c']);
  });

  it('shows the duplicate as a flapping address to a learning switch behind the promiscuous port (L2-4)', () => {
    const moves = (reverse_path_check: boolean) => {
      const rig = vsphere({ reverse_path_check }, { b: { security: { promiscuous: 'accept' } } });
      const nested = new Rig({ model: 'learning', ports: { outside: {}, inside: {} } });
      const question = frame(BROADCAST, FOREIGN);
      assert.deepEqual(nested.send('inside', question), ['outside']);
      assert.ok(rig.send('b', question).includes('vmnic0'));
      // The physical switch floods it, and so back on the other uplink.
      for (const port of rig.send('vmnic1', question)) if (port === 'b') nested.send('outside', question);
      return (nested.switch as LearningSwitch).fdb.moves;
    };
    assert.equal(moves(false), 1, 'the guest within seems to be outside now');
    assert.equal(moves(true), 0);
  });
});

describe('teaming of a vSphere switch', () => {
  const uplinkOf = (rig: Rig, port: string, bytes: string) =>
    rig.send(port, bytes).filter((name) => name.startsWith('vmnic'));

  it('chooses by the port that a frame comes from', () => {
    const rig = vsphere({ teaming: { policy: 'originating-port' } });
    const uplinks = ['a', 'b', 'c'].map((port, i) => uplinkOf(rig, port, frame(FOREIGN, station(i + 1)))[0]);
    assert.deepEqual(uplinks, ['vmnic0', 'vmnic1', 'vmnic0']);
  });

  it('chooses by the last byte of the source address', () => {
    const rig = vsphere({ teaming: { policy: 'source-mac' } });
    assert.deepEqual(uplinkOf(rig, 'a', frame(FOREIGN, station(0x10))), ['vmnic0']);
    assert.deepEqual(uplinkOf(rig, 'a', frame(FOREIGN, station(0x11))), ['vmnic1']);
  });

  it('chooses by both IP addresses', () => {
    const rig = vsphere({ teaming: { policy: 'ip-hash' } });
    const ip = (source: string, destination: string) =>
      `${FOREIGN}${A}0800${'45'.padEnd(24, '0')}0a0000${source}0a0000${destination}${'00'.repeat(26)}`;
    assert.deepEqual(uplinkOf(rig, 'a', ip('01', '03')), ['vmnic0']);
    assert.deepEqual(uplinkOf(rig, 'a', ip('01', '02')), ['vmnic1']);
    assert.deepEqual(
      rig.send('vmnic1', frame(A, FOREIGN)),
      ['a'],
      'a bundle: frames may come by any of its links',
    );
  });

  it('fails over to a standby uplink, notifies the physical switch by RARP, and comes back', () => {
    const rig = vsphere({ teaming: { policy: 'explicit', active: ['vmnic0'], standby: ['vmnic1'] } });
    assert.deepEqual(uplinkOf(rig, 'a', frame(FOREIGN, A)), ['vmnic0']);
    const announced = rig.setLink('vmnic0', false);
    const rarp = (mac: string) =>
      `vmnic1 ${BROADCAST}${mac}80350001080006040003${mac}00000000${mac}00000000`.padEnd(7 + 120, '0');
    assert.deepEqual(announced, [A, B, C].map(rarp));
    assert.deepEqual(uplinkOf(rig, 'a', frame(FOREIGN, A)), ['vmnic1']);
    rig.setLink('vmnic0', true);
    assert.deepEqual(uplinkOf(rig, 'a', frame(FOREIGN, A)), ['vmnic0']);
  });

  it('stays with the standby uplink where failback is off', () => {
    const teaming = { policy: 'explicit', active: ['vmnic0'], standby: ['vmnic1'], failback: false };
    const rig = vsphere({ teaming });
    rig.setLink('vmnic0', false);
    rig.setLink('vmnic0', true);
    assert.deepEqual(uplinkOf(rig, 'a', frame(FOREIGN, A)), ['vmnic1']);
  });

  it('makes a guest that arrives known in its VLAN', () => {
    const rig = vsphere({ port_groups: { blue: { vlan: 10 } } }, { a: { port_group: 'blue' } });
    rig.setLink('a', false);
    const [announced, ...others] = rig.setLink('a', true);
    assert.deepEqual(others, []);
    assert.ok(announced!.startsWith(`vmnic0 ${BROADCAST}${A}${tag(10)}8035`));
  });

  it('drops what a guest sends over its bandwidth', () => {
    const rig = vsphere(
      { port_groups: { slow: { shaping: { average: 8, peak: 80_000, burst: 1 } } } },
      {
        a: { port_group: 'slow' },
      },
    );
    const passed = Array.from({ length: 30 }, () => rig.send('a', frame(B, A)).length).filter(Boolean).length;
    assert.equal(passed, 17, 'a kilobyte of frames of 60 bytes');
    assert.equal(rig.reason, 'SWITCH_SHAPED');
    rig.wait(0.06);
    assert.deepEqual(rig.send('a', frame(B, A)), ['b'], '8 kbit/s: a frame each 60 ms');
    assert.deepEqual(rig.send('a', frame(B, A)), []);
  });
});

describe('a distributed switch', () => {
  const learning = { model: 'distributed', security: { forged_transmits: 'accept' } };

  it('rejects forged sources and address changes by default', () => {
    const rig = vsphere({ model: 'distributed' });
    assert.deepEqual(rig.send('a', frame(B, FOREIGN)), []);
  });

  it('learns what is behind a port, and delivers there without copies for others', () => {
    const rig = vsphere({ ...learning, learning: true });
    rig.send('b', frame(BROADCAST, FOREIGN));
    assert.deepEqual(rig.send('a', frame(FOREIGN, A)), ['b']);
    assert.deepEqual(rig.table().at(-1), '02:00:00:00:00:99 0 b learned');
  });

  it('floods unknown destinations to ports that learn, unless told not to', () => {
    const rig = vsphere(
      { ...learning },
      { b: { learning: true }, c: { learning: { unicast_flooding: false } } },
    );
    assert.deepEqual(rig.send('a', frame(FOREIGN, A)), ['b', 'vmnic0']);
    assert.deepEqual(rig.send('vmnic0', frame(FOREIGN, station(0x88))), ['b']);
  });

  it('learns up to the limit of a port, then passes on or drops', () => {
    const ports = (at_limit: string) => ({ a: { learning: { limit: 2, at_limit } } });
    const allow = vsphere(learning, ports('allow'));
    const drop = vsphere(learning, ports('drop'));
    for (const rig of [allow, drop]) for (const n of [0x91, 0x92]) rig.send('a', frame(B, station(n)));
    assert.deepEqual(allow.send('a', frame(B, station(0x93))), ['b']);
    assert.equal(allow.table().filter((line) => line.endsWith('learned')).length, 2);
    assert.deepEqual(drop.send('a', frame(B, station(0x93))), []);
    assert.deepEqual(drop.send('a', frame(B, station(0x92))), ['b'], 'who is known passes');
  });

  it('keeps isolated and community ports of private VLANs apart as RFC 5517 has it', () => {
    const pvlan = (secondary: number, kind: string) => ({ pvlan: { primary: 100, secondary, kind } });
    const rig = new Rig({
      model: 'distributed',
      uplinks: ['vmnic0'],
      port_groups: {
        gateway: pvlan(100, 'promiscuous'),
        isolated: pvlan(101, 'isolated'),
        red: pvlan(102, 'community'),
        blue: pvlan(103, 'community'),
      },
      ports: Object.fromEntries(
        ['gateway', 'isolated', 'isolated', 'red', 'red', 'blue'].map((port_group, i) => [
          `${port_group}${i}`,
          { mac: colons(station(i + 1)), port_group },
        ]),
      ),
    });
    const reached = (port: string, n: number) =>
      rig.send(port, frame(BROADCAST, station(n))).map((line) => line.split(' ')[0]);
    assert.deepEqual(reached('gateway0', 1), ['isolated1', 'isolated2', 'red3', 'red4', 'blue5', 'vmnic0']);
    assert.deepEqual(reached('isolated1', 2), ['gateway0', 'vmnic0']);
    assert.deepEqual(reached('red3', 4), ['gateway0', 'red4', 'vmnic0']);
    assert.deepEqual(
      rig.sendWhole('vmnic0', frame(BROADCAST, FOREIGN, tag(103))).map((line) => line.split(' ')[0]),
      ['gateway0', 'blue5'],
    );
    const [out] = rig.sendWhole('isolated1', frame(FOREIGN, station(2)));
    assert.equal(out, `vmnic0 ${frame(FOREIGN, station(2), tag(101))}`, 'in the secondary VLAN on the wire');
  });

  it('mirrors ports', () => {
    const rig = vsphere({ model: 'distributed', mirrors: [{ from: ['a'], to: 'c', direction: 'ingress' }] });
    assert.deepEqual(rig.send('a', frame(B, A)), ['c', 'b']);
  });

  const mistakes: readonly [settings: Settings, complaint: RegExp][] = [
    [{ learning: true }, /^switch\.learning: unknown key/],
    [
      { teaming: { active: ['vmnic9'] } },
      /^switch\.teaming\.active\[0\]: no port "vmnic9" \(did you mean "vmnic0"\?\)/,
    ],
    [{ security: { promiscuous: true } }, /^switch\.security\.promiscuous: must be a text/],
    [
      { port_groups: { g: { vlan: 4096 } }, ports: { a: { port_group: 'g' } } },
      /^switch\.port_groups\.g\.vlan: .*from 0 to 4095/,
    ],
    [
      { ports: { a: { port_group: 'blu' } }, port_groups: { blue: {} } },
      /^switch\.ports\.a\.port_group: no port group "blu"; there are blue/,
    ],
    [
      {
        port_groups: { g: { shaping: { average: 10, peak: 5, burst: 1 } } },
        ports: { a: { port_group: 'g' } },
      },
      /peak is at least/,
    ],
  ];
  for (const [settings, complaint] of mistakes) {
    it(`of a standard switch, refuses ${JSON.stringify(settings)}`, () => {
      assert.throws(() => vsphere(settings), { name: 'SluiceError', message: complaint });
    });
  }
});

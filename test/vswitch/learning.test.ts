import assert from 'node:assert/strict';
import { BROADCAST, colons, frame, Rig, station, tag } from './rig.ts';

const [A, B, C] = [station(1), station(2), station(3)];

function learning(settings: object = {}): Rig {
  return new Rig({ model: 'learning', ports: { p1: {}, p2: {}, p3: {} }, ...settings });
}

describe('a learning switch', () => {
  it('floods to an unknown station, and sends to one port once it has heard it', () => {
    const rig = learning();
    assert.deepEqual(rig.send('p1', frame(B, A)), ['p3', 'p2']);
    assert.deepEqual(rig.send('p2', frame(A, B)), ['p1']);
    assert.deepEqual(rig.send('p1', frame(B, A)), ['p2']);
  });

  it('learns a station anew that moves, and counts it (L2-2)', () => {
    const rig = learning();
    rig.send('p1', frame(BROADCAST, A));
    for (let i = 0; i < 10; i++) rig.send(i % 2 === 0 ? 'p2' : 'p1', frame(BROADCAST, A));
    assert.deepEqual(rig.send('p3', frame(A, C)), ['p1']);
    const { fdb } = rig.switch as unknown as { fdb: { moves: number } };
    assert.equal(fdb.moves, 10);
  });

  it('keeps a sticky entry where it is, and lets a static one move (L2-2)', () => {
    const rig = learning({
      fdb: [
        { mac: colons(A), port: 'p1', sticky: true },
        { mac: colons(B), port: 'p1' },
      ],
    });
    rig.send('p2', frame(BROADCAST, A));
    rig.send('p2', frame(BROADCAST, B));
    assert.deepEqual(rig.send('p3', frame(A, C)), ['p1']);
    assert.deepEqual(rig.send('p3', frame(B, C)), ['p2']);
    assert.deepEqual(rig.table(), [
      '02:00:00:00:00:01 0 p1 sticky',
      '02:00:00:00:00:02 0 p2 static',
      '02:00:00:00:00:03 0 p3 learned',
    ]);
  });

  it('never learns a group, the zero address or an address of its own (L2-2)', () => {
    const own = '02:aa:00:00:00:01';
    const rig = learning({ mac: own, self: 'br0' });
    for (const source of ['01005e000001', BROADCAST, '000000000000']) {
      assert.deepEqual(rig.send('p1', frame(B, source)), []);
      assert.equal(rig.reason, 'SWITCH_SOURCE');
    }
    rig.send('p1', frame(BROADCAST, '02aa00000001'));
    assert.deepEqual(rig.table(), [`${own} 0 br0 local`]);
    assert.deepEqual(rig.send('p2', frame('02aa00000001', B)), ['br0']);
  });

  it('learns no more than its limit, leaves what it knows alone, and has room again when entries expire (L2-1)', () => {
    const fdb = [{ mac: colons(A), port: 'p1' }];
    const rig = learning({ fdb_max_learned: 100, ageing_time: 10, fdb });
    rig.send('p2', frame(BROADCAST, B));
    rig.flood('p1', 100_000);
    assert.equal(rig.switch.table().length, 101, 'and the static one');
    assert.deepEqual(rig.send('p3', frame(A, C)), ['p1'], 'static: no flood');
    assert.deepEqual(rig.send('p3', frame(B, C)), ['p2'], 'known: no flood');
    assert.deepEqual(rig.send('p2', frame(C, B)), ['p3', 'p1'], 'no room for C: flooded');
    rig.wait(11);
    rig.send('p3', frame(BROADCAST, C));
    assert.deepEqual(rig.send('p2', frame(C, B)), ['p3']);
  });

  it('does not let a double tag hop out of the native VLAN (L2-5)', () => {
    const vlans = { vlan_filtering: true };
    const rig = learning({
      ...vlans,
      ports: {
        p1: {},
        p2: {
          vlans: [
            { vid: 1, remove: true },
            { vid: 20, pvid: true, untagged: true },
          ],
        },
        p3: { vlans: [10, 20] },
      },
    });
    // Outer tag: the VLAN of untagged frames on the trunk. It is taken off, and the inner one is data from then on.
    const inner = frame(BROADCAST, A, tag(20));
    assert.deepEqual(rig.sendWhole('p1', frame(BROADCAST, A, tag(1) + tag(20))), [`p3 ${inner}`]);
    assert.deepEqual(rig.send('p1', frame(BROADCAST, A, tag(20))), [], 'a guest port carries its VLAN only');
    assert.equal(rig.reason, 'SWITCH_VLAN');
  });

  it('takes priority tags for the port’s VLAN, and drops VLAN 4095 and cut tags (L2-5)', () => {
    const rig = learning({ vlan_filtering: true, ports: { p1: {}, p2: { vlans: [1] } } });
    const tagged = frame(BROADCAST, A, tag(1, 5));
    assert.deepEqual(rig.sendWhole('p1', frame(BROADCAST, A, tag(0, 5))), [`p2 ${tagged}`]);
    assert.deepEqual(rig.send('p1', frame(BROADCAST, A, tag(4095))), []);
    assert.equal(rig.reason, 'SWITCH_VLAN');
    assert.deepEqual(rig.send('p1', `${BROADCAST}${A}81000001`), []);
    assert.equal(rig.reason, 'FRAME_TOO_SHORT');
  });

  it('stacks a provider’s tag on the customers’ (802.1ad)', () => {
    const rig = learning({
      vlan_filtering: true,
      vlan_protocol: '802.1ad',
      ports: {
        p1: {
          vlans: [
            { vid: 1, remove: true },
            { vid: 100, pvid: true, untagged: true },
          ],
        },
        p2: { vlans: [{ vid: 1, remove: true }, 100] },
      },
    });
    const customers = frame(BROADCAST, A, tag(7));
    const providers = frame(BROADCAST, A, tag(100, 0, '88a8') + tag(7));
    assert.deepEqual(rig.sendWhole('p1', customers), [`p2 ${providers}`]);
    assert.deepEqual(rig.sendWhole('p2', frame(BROADCAST, B, tag(100, 0, '88a8') + tag(7))), [
      `p1 ${frame(BROADCAST, B, tag(7))}`,
    ]);
  });

  it('copies what comes in and goes out of a mirrored port, without counting the copies', () => {
    const rig = learning({ mirrors: [{ from: ['p1'], to: 'p3', direction: 'both' }] });
    rig.send('p2', frame(BROADCAST, B));
    assert.deepEqual(rig.send('p1', frame(B, A)), ['p3', 'p2']);
    assert.deepEqual(rig.send('p2', frame(A, B)), ['p1', 'p3']);
  });

  it('says why nothing came of a frame', () => {
    const rig = learning({ ports: { p1: {}, p2: { state: 'listening' }, p3: { locked: true } } });
    const reasonOf = (port: string, bytes: string) => (rig.send(port, bytes), rig.reason);
    rig.send('p1', frame(BROADCAST, A));
    assert.equal(reasonOf('p1', frame(A, A)), 'SWITCH_SAME_PORT');
    assert.equal(reasonOf('p2', frame(A, B)), 'SWITCH_BLOCKED');
    assert.equal(reasonOf('p3', frame(A, C)), 'SWITCH_LOCKED');
    assert.equal(reasonOf('p1', frame('0180c2000001', A)), 'SWITCH_RESERVED');
  });

  const mistakes: readonly [settings: object, complaint: RegExp][] = [
    [{ agein_time: 3 }, /^switch\.agein_time: unknown key \(did you mean "ageing_time"\?\)/],
    [
      { ports: { p1: { isolatd: true } } },
      /^switch\.ports\.p1\.isolatd: unknown key \(did you mean "isolated"\?\)/,
    ],
    [{ ports: {} }, /^switch\.ports: a switch needs ports/],
    [{ ports: { p1: { vlans: [10] } } }, /^switch\.ports\.p1\.vlans: VLANs are not filtered/],
    [
      { vlan_filtering: true, ports: { p1: { vlans: ['20-10'] } } },
      /^switch\.ports\.p1\.vlans\[0\]: the range ends/,
    ],
    [{ vlan_filtering: true, ports: { p1: { vlans: [4095] } } }, /from 1 to 4094, not 4095/],
    [
      { fdb: [{ mac: colons(A), port: 'p9' }] },
      /^switch\.fdb\[0\]\.port: no port "p9" \(did you mean "p1"\?\)/,
    ],
    [{ fdb: [{ mac: '01:00:5e:00:00:01', port: 'p1' }] }, /^switch\.fdb\[0\]\.mac: groups/],
    [{ group_fwd_mask: 1 }, /^switch\.group_fwd_mask: groups 0, 1 and 2/],
    [{ model: 'lerning' }, /^switch\.model: must be one of .* \(did you mean "learning"\?\)/],
  ];
  for (const [settings, complaint] of mistakes) {
    it(`refuses ${JSON.stringify(settings)}`, () => {
      assert.throws(() => learning(settings), { name: 'SluiceError', message: complaint });
    });
  }
});

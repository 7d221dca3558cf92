import assert from 'node:assert/strict';
import { frameHex } from './hex.ts';
import { makeRig, type Rig } from './run.ts';

const HOST = {
  interfaces: { e0: { mac: '0a:b1:6c:93:c1:23', addresses: ['10.0.0.1/24'] } },
  sysctl: { 'net.ipv4.ip_forward': 0, 'net.ipv6.conf.all.forwarding': 0 },
};
const GROUP_4 = Int32Array.of(0xef010203 | 0, 0, 0, 0);
const GROUP_6 = Int32Array.of(0xff050000 | 0, 0, 0, 0x99);

/** What Linux 6.18 sent, with these addresses, when a program joined 239.1.2.3 and ff05::99, and when it ended. */
const LINUX = {
  join4: `01005e0000160ab16c93c123080046c000280000400001 02f9f80a000001e0000016940400002200e8f90000000104000000ef010203`,
  leave4: `01005e0000160ab16c93c123080046c00028000040000102f9f80a000001e0000016940400002200e9f90000000103000000ef010203`,
  join6: `3333000000160ab16c93c12386dd60000000002400 01fe8000000000000008b16cfffe93c123ff0200000000000000000000000000163a000502000001008f003a070000000104000000ff050000000000000000000000000099`,
  leave6: `3333000000160ab16c93c12386dd6000000000240001fe8000000000000008b16cfffe93c123ff0200000000000000000000000000163a000502000001008f003b070000000103000000ff050000000000000000000000000099`,
};
const linux = (name: keyof typeof LINUX) => `e0 ${LINUX[name].replaceAll(' ', '')}`;

function join(rig: Rig): void {
  const device = rig.host.devices.named('e0')!;
  rig.host.groups.join(device, 4, GROUP_4);
  rig.host.groups.join(device, 6, GROUP_6);
}

function pass(rig: Rig, seconds: number): string[] {
  rig.clock.advanceTo(rig.clock.now + seconds * 1e6);
  return rig.take();
}

describe('stack: multicast membership', () => {
  it('is told at once, and once more within a second, byte for byte as Linux tells it', () => {
    const rig = makeRig(HOST);
    join(rig);
    assert.deepEqual(rig.take(), [linux('join4'), linux('join6')]);
    assert.deepEqual(pass(rig, 2).sort(), [linux('join4'), linux('join6')].sort());
    assert.deepEqual(pass(rig, 20), []);
  });

  it('ends with a report of its end', () => {
    const rig = makeRig(HOST);
    const device = rig.host.devices.named('e0')!;
    join(rig);
    pass(rig, 20);
    rig.host.groups.leave(device, 4, GROUP_4);
    rig.host.groups.leave(device, 6, GROUP_6);
    assert.deepEqual(rig.take(), [linux('leave4'), linux('leave6')]);
  });

  it('of a second socket is nothing new', () => {
    const rig = makeRig(HOST);
    join(rig);
    rig.take();
    join(rig);
    assert.deepEqual(rig.take(), []);
  });

  const query4 = (type: string, code: string, group: string, more = '') =>
    frameHex(
      `01005e00000102000000000908004600002${more === '' ? '0' : '4'}0000400001020000 0a0000fe e0000001 94040000 ${type}${code}0000${group}${more}`,
    );

  it('is told again when the querier asks, within the time that it gives', () => {
    const rig = makeRig(HOST);
    join(rig);
    pass(rig, 20);
    rig.receive('e0', query4('11', '64', '00000000', '02000000'));
    const answers = pass(rig, 10.1);
    assert.equal(answers.length, 1);
    assert.match(answers[0]!, /2200[0-9a-f]{4}00000001 ?02000000ef010203$/, 'a record of what is so');
  });

  it('is told in the language of an older querier, and left unsaid when another member spoke', () => {
    const rig = makeRig(HOST);
    join(rig);
    pass(rig, 20);
    rig.receive('e0', query4('11', '64', '00000000'));
    const [answer, ...more] = pass(rig, 10.1);
    assert.match(answer!, /16[0-9a-f]{6}ef010203$/, 'a report of version 2');
    assert.equal(answer!.slice(3, 15), '01005e010203', 'to the group');
    assert.deepEqual(more, []);
    rig.receive('e0', query4('11', 'ff', '00000000'));
    rig.receive(
      'e0',
      frameHex(
        '01005e01020302000000000908004600002000004000010200000a0000feef0102039404000016000000ef010203',
      ),
    );
    assert.deepEqual(pass(rig, 30), []);
  });

  it('is not told to whom whose question is damaged', () => {
    const rig = makeRig(HOST);
    join(rig);
    pass(rig, 20);
    const query = query4('11', '64', '00000000', '02000000');
    query[query.length - 1] = 0xff;
    rig.receive('e0', query);
    assert.deepEqual(pass(rig, 30), []);
  });
});

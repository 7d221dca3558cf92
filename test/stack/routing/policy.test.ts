import assert from 'node:assert/strict';
import { SluiceError } from '../../../src/base/errors.ts';
import { runIp } from '../../../src/programs/ip/index.ts';
import type { Host } from '../../../src/stack/host.ts';
import { formatIp4, parseIp4 } from '../../../src/wire/address.ts';
import { PacketBuffer } from '../../../src/wire/packet-buffer.ts';
import { echo, ethernet, udp, type Ends } from '../make.ts';
import { makeRig, type Rig } from '../run.ts';

const A_MAC = '02:00:00:00:00:0a';
const LAN_MAC = '02:00:00:00:00:01';
const GATEWAY = {
  interfaces: {
    lan: { mac: LAN_MAC, addresses: ['10.0.0.1/24', 'fd00::1/64'] },
    one: { mac: '02:00:00:00:00:02', addresses: ['10.1.0.1/24', 'fd01::1/64'] },
    two: { mac: '02:00:00:00:00:03', addresses: ['10.2.0.1/24', 'fd02::1/64'] },
  },
  neighbours: [
    { dev: 'lan', ip: '10.0.0.2', mac: A_MAC },
    { dev: 'one', ip: '10.1.0.2', mac: A_MAC },
    { dev: 'two', ip: '10.2.0.2', mac: A_MAC },
  ],
  routes: ['default via 10.1.0.2', 'default via 10.2.0.2 table 100'],
};

/** Where a packet from the LAN leaves, or why it does not. */
function wayOf(rig: Rig, src: string, dst: string, port = 1, tos = 0): string {
  const ends: Ends = { from: src, to: dst };
  const reason = rig.receive('lan', frame(udp(ends, port, 53, [1], { tos })));
  return rig.take()[0]?.split(' ')[0] ?? `dropped ${reason}`;
}

function frame(packet: readonly number[]): Uint8Array {
  return ethernet(LAN_MAC, A_MAC, packet);
}

function ip(host: Host, command: string): string {
  const { out, err } = runIp(host, command.split(' '));
  return out + err;
}

/** The way of the host's own packet. */
function ownWay(host: Host, dst: string, src = '0.0.0.0', mark = 0): string {
  const pkt = new PacketBuffer();
  pkt.dst0 = parseIp4(dst)!;
  pkt.src0 = parseIp4(src)!;
  pkt.mark = mark;
  if (!host.route4.output(pkt, undefined)) return 'no way';
  return `${host.interfaceName(pkt.oif)} via ${formatIp4(pkt.via0)} from ${formatIp4(host.route4.source)}`;
}

describe('stack/routing: rules choose the table', () => {
  const cases: [string, () => Rig, [string, string, number, number, string][]][] = [
    [
      'by source',
      () => makeRig({ ...GATEWAY, ipRules: ['from 10.0.0.2 lookup 100'] }),
      [
        ['10.0.0.2', '8.8.8.8', 1, 0, 'two'],
        ['10.0.0.3', '8.8.8.8', 1, 0, 'one'],
      ],
    ],
    [
      'by everything but a source',
      () => makeRig({ ...GATEWAY, ipRules: ['not from 10.0.0.2 lookup 100'] }),
      [
        ['10.0.0.2', '8.8.8.8', 1, 0, 'one'],
        ['10.0.0.3', '8.8.8.8', 1, 0, 'two'],
      ],
    ],
    [
      'by the interface that it came in on, and destination',
      () => makeRig({ ...GATEWAY, ipRules: ['iif lan to 8.0.0.0/8 lookup 100', 'iif one blackhole'] }),
      [
        ['10.0.0.2', '8.8.8.8', 1, 0, 'two'],
        ['10.0.0.2', '9.9.9.9', 1, 0, 'one'],
      ],
    ],
    [
      'by type of service, protocol and port',
      () => makeRig({ ...GATEWAY, ipRules: ['tos 0x10 lookup 100', 'ipproto udp sport 7-9 lookup 100'] }),
      [
        ['10.0.0.2', '8.8.8.8', 1, 0x10, 'two'],
        ['10.0.0.2', '8.8.8.8', 8, 0, 'two'],
        ['10.0.0.2', '8.8.8.8', 10, 0, 'one'],
      ],
    ],
    [
      'past rules that are jumped over, and routes that are suppressed',
      () =>
        makeRig({
          ...GATEWAY,
          ipRules: [
            'pref 10 to 8.0.0.0/8 goto 30',
            'pref 20 blackhole',
            'pref 30 lookup 100 suppress_prefixlength 0',
          ],
        }),
      [['10.0.0.2', '8.8.8.8', 1, 0, 'one']],
    ],
    [
      'behind a throw, the next rule',
      () =>
        makeRig({
          ...GATEWAY,
          routes: [...GATEWAY.routes, 'throw 8.8.8.0/24 table 100'],
          ipRules: ['from all lookup 100'],
        }),
      [
        ['10.0.0.2', '8.8.8.8', 1, 0, 'one'],
        ['10.0.0.2', '8.8.4.4', 1, 0, 'two'],
      ],
    ],
  ];
  for (const [name, make, packets] of cases) {
    it(name, () => {
      const rig = make();
      for (const [src, dst, port, tos, way] of packets)
        assert.equal(wayOf(rig, src, dst, port, tos), way, `${src} ${dst}`);
    });
  }

  it('by the mark of the host’s own packets', () => {
    const { host } = makeRig({ ...GATEWAY, ipRules: ['fwmark 0x10/0xf0 lookup 100'] });
    assert.equal(ownWay(host, '8.8.8.8'), 'one via 10.1.0.2 from 10.1.0.1');
    assert.equal(ownWay(host, '8.8.8.8', '0.0.0.0', 0x13), 'two via 10.2.0.2 from 10.2.0.1');
    assert.equal(ownWay(host, '8.8.8.8', '0.0.0.0', 0x23), 'one via 10.1.0.2 from 10.1.0.1');
  });

  it('and refuse: silently, as unreachable, as prohibited', () => {
    for (const [action, frames] of [
      ['blackhole', 0],
      ['unreachable', 1],
      ['prohibit', 1],
    ] as const) {
      const rig = makeRig({ ...GATEWAY, ipRules: [`to 8.8.8.8 ${action}`] });
      rig.receive('lan', frame(echo({ from: '10.0.0.2', to: '8.8.8.8' }, false, 1, 1, [])));
      assert.equal(rig.take().length, frames, action);
    }
  });

  it('are mistakes in a gateway file where they cannot be read', () => {
    assert.throws(() => makeRig({ ipRules: ['from nowhere'] }), SluiceError);
    assert.throws(() => makeRig({ ipRules: ['uidrange 0-1'] }), /rules here have no "uidrange"/);
    assert.throws(() => makeRig({ routes: ['default via 10.9.9.9'] }), /a route needs "dev"/);
  });
});

describe('stack/routing: several next hops', () => {
  const BOTH = 'default nexthop via 10.1.0.2 weight 3 nexthop via 10.2.0.2';

  it('share the flows by their weights, and keep each flow on one', () => {
    const rig = makeRig({ ...GATEWAY, routes: [BOTH], sysctl: { 'net.ipv4.fib_multipath_hash_policy': 1 } });
    const counts: Record<string, number> = {};
    for (let port = 1; port <= 400; port++) {
      const way = wayOf(rig, '10.0.0.2', '8.8.8.8', port);
      assert.equal(wayOf(rig, '10.0.0.2', '8.8.8.8', port), way);
      counts[way] = (counts[way] ?? 0) + 1;
    }
    assert.ok(counts['one']! > 260 && counts['two']! > 60, JSON.stringify(counts));
  });

  it('are chosen by the addresses alone unless the policy says otherwise', () => {
    const rig = makeRig({ ...GATEWAY, routes: [BOTH] });
    const ways = new Set(
      Array.from({ length: 50 }, (_, port) => wayOf(rig, '10.0.0.2', '8.8.8.8', port + 1)),
    );
    assert.equal(ways.size, 1);
  });

  it('get nothing while their interface is down', () => {
    const rig = makeRig({ ...GATEWAY, routes: [BOTH], sysctl: { 'net.ipv4.fib_multipath_hash_policy': 1 } });
    ip(rig.host, 'link set one down');
    const ways = new Set(
      Array.from({ length: 50 }, (_, port) => wayOf(rig, '10.0.0.2', '8.8.8.8', port + 1)),
    );
    assert.deepEqual([...ways], ['two']);
  });
});

describe('stack/routing: changes count for the next packet', () => {
  it('of routes', () => {
    const rig = makeRig(GATEWAY);
    assert.equal(wayOf(rig, '10.0.0.2', '8.8.8.8'), 'one');
    const before = rig.host.wayGeneration;
    ip(rig.host, 'route add 8.8.8.0/24 via 10.2.0.2');
    assert.ok(rig.host.wayGeneration > before, 'the flow table is told');
    assert.equal(wayOf(rig, '10.0.0.2', '8.8.8.8'), 'two');
    ip(rig.host, 'route del 8.8.8.0/24');
    assert.equal(wayOf(rig, '10.0.0.2', '8.8.8.8'), 'one');
  });

  it('of addresses: the host answers for those it has', () => {
    const rig = makeRig(GATEWAY);
    const ask = () => {
      rig.receive('lan', frame(echo({ from: '10.0.0.2', to: '10.0.0.77' }, false, 1, 1, [])));
      // An echo reply, or a question for a neighbour of that address.
      return rig.take().map((line) => line.split(' ')[1]!.slice(24, 28));
    };
    assert.deepEqual(ask(), ['0800', '0806'], 'a redirect, and a question for the neighbour');
    ip(rig.host, 'addr add 10.0.0.77/24 dev lan');
    assert.deepEqual(ask(), ['0800'], 'an answer');
  });

  it('of rules', () => {
    const rig = makeRig(GATEWAY);
    ip(rig.host, 'rule add from 10.0.0.2 lookup 100');
    assert.equal(wayOf(rig, '10.0.0.2', '8.8.8.8'), 'two');
    ip(rig.host, 'rule del from 10.0.0.2');
    assert.equal(wayOf(rig, '10.0.0.2', '8.8.8.8'), 'one');
  });

  it('of lifetimes: an address is deprecated, then gone', () => {
    const { host, clock } = makeRig(GATEWAY);
    ip(host, 'addr add fd00::9/64 dev lan valid_lft 20 preferred_lft 10 nodad');
    const towards = Int32Array.of(0xfd000000 | 0, 0, 0, 0x99);
    const lan = host.devices.named('lan')!;
    const source = () => host.addresses.select6(lan, towards)![3];
    assert.match(
      ip(host, '-6 addr show dev lan'),
      /fd00::9\/64 scope global nodad \n +valid_lft 20sec preferred_lft 10sec/,
    );
    clock.advanceTo(clock.now + 11e6);
    assert.match(ip(host, '-6 addr show dev lan'), /fd00::9\/64 scope global nodad deprecated /);
    assert.equal(source(), 1, 'what is deprecated is not chosen');
    clock.advanceTo(clock.now + 10e6);
    assert.doesNotMatch(ip(host, '-6 addr show dev lan'), /fd00::9/);
  });
});

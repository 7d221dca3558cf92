/** `-m addrtype`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { AddressType } from '../../../src/netfilter/host-services.ts';
import { Hook } from '../../../src/netfilter/hook.ts';
import { udp } from '../../../src/conform/frames.ts';
import { arrived, lists, prints, refuses, World } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };
const v6 = { from: 'fd00:a::2', to: '2001:db8:9::7' };

describe('match addrtype', () => {
  prints([
    ['-m addrtype --src-type local,unicast', '-m addrtype --src-type UNICAST,LOCAL'],
    [
      '-m addrtype --src-type local ! --dst-type BROADCAST,MULTICAST --limit-iface-in',
      '-m addrtype --src-type LOCAL ! --dst-type BROADCAST,MULTICAST --limit-iface-in',
    ],
    [
      '-m addrtype --dst-type UNSPEC,UNICAST,LOCAL,BROADCAST,ANYCAST,MULTICAST,BLACKHOLE,UNREACHABLE,PROHIBIT,THROW,NAT,XRESOLVE',
    ],
    ['-m addrtype --dst-type UN', '-m addrtype --dst-type UNSPEC'],
  ]);
  refuses([
    ['-m addrtype --dst-type foo', 'addrtype: bad type "foo"'],
    ['-m addrtype --limit-iface-in', 'addrtype: you must specify --src-type or --dst-type'],
    [
      '-m addrtype --limit-iface-in --limit-iface-out --src-type LOCAL',
      'addrtype: option "--limit-iface-in" cannot be used together with "--limit-iface-out".',
    ],
    ['-m addrtype --limit-iface-out --src-type LOCAL', 'Invalid argument'],
    ['-m addrtype --src-type LOCAL,', 'addrtype: bad type ""'],
  ]);
  lists([
    ['-m addrtype --src-type local,unicast', 'ADDRTYPE match src-type UNICAST,LOCAL'],
    [
      '-m addrtype --src-type local ! --dst-type BROADCAST,MULTICAST --limit-iface-in',
      'ADDRTYPE match src-type LOCAL dst-type !BROADCAST,MULTICAST limit-in',
    ],
    [
      '-m addrtype --dst-type UNSPEC,UNICAST,LOCAL,BROADCAST,ANYCAST,MULTICAST,BLACKHOLE,UNREACHABLE,PROHIBIT,THROW,NAT,XRESOLVE',
      'ADDRTYPE match dst-type UNSPEC,UNICAST,LOCAL,BROADCAST,ANYCAST,MULTICAST,BLACKHOLE,UNREACHABLE,PROHIBIT,THROW,NAT,XRESOLVE',
    ],
    ['-m addrtype --dst-type UN', 'ADDRTYPE match dst-type UNSPEC'],
  ]);
  prints(
    [
      [
        '-m addrtype --dst-type UNICAST,MULTICAST,LOCAL,ANYCAST',
        '-m addrtype --dst-type UNICAST,LOCAL,ANYCAST,MULTICAST',
      ],
      ['-m addrtype --dst-type UNREACHABLE'],
    ],
    { family: 6 },
  );
  refuses(
    [
      ['-m addrtype --dst-type BROADCAST', 'Invalid argument'],
      ['-m addrtype --dst-type PROHIBIT', 'Invalid argument'],
    ],
    { family: 6 },
  );
  lists(
    [
      [
        '-m addrtype --dst-type UNICAST,MULTICAST,LOCAL,ANYCAST',
        'ADDRTYPE match dst-type UNICAST,LOCAL,ANYCAST,MULTICAST',
      ],
      ['-m addrtype --dst-type UNREACHABLE', 'ADDRTYPE match dst-type UNREACHABLE'],
    ],
    { family: 6 },
  );

  /** 10.0.0.2 and the group of the interface 1 are local; asks are written down. */
  function worldWithTypes(type: (family: number, address: number, iface: number) => number): World {
    const world = new World();
    world.host.addressType = ((
      family: number,
      w0: number,
      _1: number,
      _2: number,
      _3: number,
      iface: number,
    ) => type(family, w0, iface)) as never;
    return world;
  }
  const SOURCE = (10 << 24) | 2;
  it('asks the routing tables for the kind of an IPv4 address, seen from an interface where limited', () => {
    const world = worldWithTypes((_, address, iface) =>
      address === SOURCE && iface !== 2 ? AddressType.LOCAL : AddressType.UNICAST,
    );
    const pkt = arrived(udp(v4, 1, 2, []));
    const forward = { hook: Hook.FORWARD };
    assert.equal(world.rule('-m addrtype --src-type LOCAL --dst-type UNICAST').of(pkt), 'matches');
    assert.equal(world.rule('-m addrtype ! --src-type BROADCAST,LOCAL').of(pkt), 'no');
    assert.equal(world.rule('-m addrtype --src-type LOCAL --limit-iface-in', forward).of(pkt), 'matches');
    assert.equal(world.rule('-m addrtype --src-type LOCAL --limit-iface-out', forward).of(pkt), 'no');
  });
  it('wants every kind that an IPv6 address shows by itself, then one that routes know', () => {
    const world = worldWithTypes(() => AddressType.LOCAL);
    const pkt = arrived(udp(v6, 1, 2, []));
    const v6Where = { family: 6 } as const;
    assert.equal(world.rule('-m addrtype --src-type UNICAST', v6Where).of(pkt), 'matches');
    assert.equal(world.rule('-m addrtype --src-type UNICAST,MULTICAST', v6Where).of(pkt), 'no');
    assert.equal(world.rule('-m addrtype --src-type UNICAST,LOCAL', v6Where).of(pkt), 'matches');
    assert.equal(world.rule('-m addrtype --src-type ANYCAST', v6Where).of(pkt), 'no');
    const unspecified = arrived(udp({ from: '::', to: 'ff02::1' }, 1, 2, []));
    assert.equal(
      world.rule('-m addrtype --src-type UNSPEC --dst-type MULTICAST', v6Where).of(unspecified),
      'matches',
    );
    assert.equal(world.rule('-m addrtype --src-type UNICAST', v6Where).of(unspecified), 'no');
  });
});

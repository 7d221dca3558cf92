/** `-m icmp6`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { icmp, packet } from '../../../src/conform/frames.ts';
import { arrived, ask, lists, prints, refuses } from './support.ts';

const v6 = { from: 'fd00:a::2', to: '2001:db8:9::7' };

describe('match icmp6', () => {
  prints(
    [
      ['-p ipv6-icmp -m icmp6 --icmpv6-type 1/0'],
      ['-p icmpv6 -m icmpv6 --icmpv6-type 128', '-p ipv6-icmp -m icmp6 --icmpv6-type 128'],
      ['-p icmpv6 -m icmp6 ! --icmpv6-type 128', '-p ipv6-icmp -m icmp6 ! --icmpv6-type 128'],
      ['-p icmpv6 -m icmp6 --icmpv6-type 255', '-p ipv6-icmp -m icmp6 --icmpv6-type 255'],
      ['-p icmpv6 --icmpv6-type 99/4', '-p ipv6-icmp -m icmp6 --icmpv6-type 99/4'],
    ],
    { family: 6 },
  );
  refuses(
    [
      [
        '-p icmpv6 -m icmp6 --icmpv6-type ttl',
        "Ambiguous ICMPv6 type `ttl': `ttl-exceeded' or `ttl-zero-during-transit'?",
      ],
      ['-p icmpv6 -m icmp6 --icmpv6-type any', "Unknown ICMPv6 type `any'"],
    ],
    { family: 6 },
  );
  lists(
    [
      ['-p ipv6-icmp -m icmp6 --icmpv6-type 1/0', 'ipv6-icmptype 1 code 0', 'ipv6-icmp no-route'],
      ['-p icmpv6 -m icmpv6 --icmpv6-type 128', 'ipv6-icmptype 128', 'ipv6-icmp echo-request'],
      ['-p icmpv6 -m icmp6 ! --icmpv6-type 128', 'ipv6-icmp !type 128', 'ipv6-icmp !echo-request'],
      ['-p icmpv6 -m icmp6 --icmpv6-type 255', 'ipv6-icmptype 255'],
      ['-p icmpv6 --icmpv6-type 99/4', 'ipv6-icmptype 99 code 4'],
    ],
    { family: 6 },
  );

  it('matches type and code; 255 is a type like any other', () => {
    const unreachable = arrived(icmp(v6, 1, 4, [0, 0, 0, 0]));
    assert.equal(ask('-p icmpv6 -m icmp6 --icmpv6-type 1/4', unreachable), 'matches');
    assert.equal(ask('-p icmpv6 -m icmp6 --icmpv6-type no-route', unreachable), 'no');
    assert.equal(ask('-p icmpv6 -m icmp6 --icmpv6-type 255', unreachable), 'no');
  });
  it('drops what is shorter than a header', () => {
    assert.equal(ask('-p icmpv6 -m icmp6 --icmpv6-type 1', arrived(packet(v6, 58, [1, 0, 0, 0]))), 'drops');
  });
});

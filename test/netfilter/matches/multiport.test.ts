/** `-m multiport`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { fragments, packet, udp } from '../../../src/conform/frames.ts';
import { arrived, ask, lists, prints, readRule, refuses } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };

describe('match multiport', () => {
  prints([
    ['-p tcp -m multiport --ports 1,2,3'],
    ['-p tcp -m multiport --sports 1:5,7'],
    ['-p tcp -m multiport ! --dports ssh,http,7777', '-p tcp -m multiport ! --dports 22,80,7777'],
    ['-p udp -m multiport --destination-ports 53', '-p udp -m multiport --dports 53'],
    ['-p tcp -m multiport --destination-port 5', '-p tcp -m multiport --dports 5'],
    ['-p tcp -m multiport --port 5', '-p tcp -m multiport --ports 5'],
  ]);
  refuses([
    ['-p icmp -m multiport --ports 53', 'multiport only works with TCP, UDP, UDPLITE, SCTP and DCCP'],
    ['-m multiport --ports 53', "multiport needs `-p tcp', `-p udp', `-p udplite', `-p sctp' or `-p dccp'"],
    ['! -p tcp -m multiport --ports 53', 'multiport only works with TCP, UDP, UDPLITE, SCTP and DCCP'],
    ['-p tcp -m multiport', 'multiport expection an option'],
    ['-p tcp -m multiport --ports 1:2,3:4,5:6,7:8,9:10,11:12,13:14,15:16', 'too many ports specified'],
    ['-p tcp -m multiport --ports 9:2', 'invalid portrange specified'],
    ['-p sctp -m multiport --ports http', "invalid port/service `http' specified"],
    ['-p udplite -m multiport --sports domain', "invalid port/service `domain' specified"],
  ]);
  lists([
    ['-p tcp -m multiport --ports 1,2,3', 'multiport ports 1,2,3', 'multiport ports tcpmux,2,3'],
    ['-p tcp -m multiport --sports 1:5,7', 'multiport sports 1:5,7', 'multiport sports tcpmux:5,echo'],
    [
      '-p tcp -m multiport ! --dports ssh,http,7777',
      'multiport dports  !22,80,7777',
      'multiport dports  !ssh,http,7777',
    ],
    ['-p udp -m multiport --destination-ports 53', 'multiport dports 53', 'multiport dports domain'],
    ['-p tcp -m multiport --destination-port 5', 'multiport dports 5'],
    ['-p tcp -m multiport --port 5', 'multiport ports 5'],
    // Each protocol's own names, which TCP's are not.
    [
      '-p tcp -m multiport --ports 1:7,20:22,514',
      'multiport ports 1:7,20:22,514',
      'multiport ports tcpmux:echo,ftp-data:ssh,shell',
    ],
    [
      '-p udp -m multiport --ports 1:7,20:22,514',
      'multiport ports 1:7,20:22,514',
      'multiport ports 1:echo,20:22,syslog',
    ],
    ['-p sctp -m multiport --ports 7,80,5672', 'multiport ports 7,80,5672', 'multiport ports 7,80,amqp'],
    ['-p dccp -m multiport --ports 7,80,5672', 'multiport ports 7,80,5672'],
    ['-p udplite -m multiport --ports 7,80,5672', 'multiport ports 7,80,5672'],
  ]);
  prints([['-p tcp -m multiport --ports 5']], { family: 6 });
  lists([['-p tcp -m multiport --ports 5', 'multiport ports 5']], { family: 6 });

  const pkt = arrived(udp(v4, 1000, 53, []));
  it('finds the port in lists and ranges of either side', () => {
    assert.equal(ask('-p udp -m multiport --dports 22,50:60,80', pkt), 'matches');
    assert.equal(ask('-p udp -m multiport --sports 22,50:60,80', pkt), 'no');
    assert.equal(ask('-p udp -m multiport --ports 999:1001', pkt), 'matches');
    assert.equal(ask('-p udp -m multiport ! --ports 53', pkt), 'no');
    assert.equal(ask('-p udp -m multiport ! --sports 53', pkt), 'matches');
  });
  it('reads the ports of a header cut short, and drops where they are missing', () => {
    const short = (length: number) => arrived(packet(v4, 6, [0, 80, 0, 53, 1, 2, 3, 4].slice(0, length)));
    assert.equal(ask('-p tcp -m multiport --dports 53', short(8)), 'matches');
    assert.equal(ask('-p tcp -m multiport --sports 53', short(4)), 'no');
    assert.equal(ask('-p tcp -m multiport --dports 53', short(3)), 'drops');
  });
  it('does not match later fragments, inverted or not', () => {
    const [, later] = fragments(udp(v4, 1000, 53, new Uint8Array(64)), 32);
    assert.equal(ask('-p udp -m multiport ! --dports 1', arrived(later!)), 'no');
  });
  it('tells the classifier the ports of one side, complemented where inverted', () => {
    const facts = (text: string) => {
      const { extension, info } = readRule(text).matches[0]!;
      return extension.facts!(info);
    };
    assert.deepEqual(facts('-p udp -m multiport --dports 7,10:20'), [
      {
        field: 'dport',
        ranges: [
          [7, 7],
          [10, 20],
        ],
      },
    ]);
    assert.deepEqual(facts('-p udp -m multiport ! --sports 10:20,0,15:30,65535'), [
      {
        field: 'sport',
        ranges: [
          [1, 9],
          [31, 65534],
        ],
      },
    ]);
    assert.deepEqual(facts('-p udp -m multiport --ports 7'), []);
  });
});

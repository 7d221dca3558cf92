/** `-m conntrack`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { CtInfo, CtStatus } from '../../../src/netfilter/conntrack/ct-info.ts';
import type { PacketBuffer } from '../../../src/wire/packet-buffer.ts';
import { udp } from '../../../src/conform/frames.ts';
import { arrived, lists, prints, refuses, World } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };

describe('match conntrack', () => {
  prints([
    ['-m conntrack --ctstate INVALID,NEW,RELATED,ESTABLISHED,UNTRACKED,SNAT,DNAT'],
    ['-m conntrack ! --ctstate S', '-m conntrack ! --ctstate SNAT'],
    ['-m conntrack --ctproto tcp', '-m conntrack --ctproto 6'],
    ['-m conntrack ! --ctproto all', '-m conntrack ! --ctproto 0'],
    ['-m conntrack ! --ctproto 17'],
    ['-m conntrack --ctorigsrc 1.2.3.4/24'],
    ['-m conntrack ! --ctorigdst 1.2.3.4/255.0.255.0', '-m conntrack ! --ctorigdst 1.2.3.4'],
    ['-m conntrack --ctreplsrc 1.2.3.4/24 ! --ctrepldst 10.0.0.0/8'],
    ['-m conntrack --ctorigsrc 0.0.0.0/0'],
    ['-m conntrack --ctorigsrcport 80:90 ! --ctorigdstport 22 --ctreplsrcport 1:65535 --ctrepldstport 0:9'],
    ['-m conntrack --ctorigsrcport 90:80'],
    ['-m conntrack --ctorigsrcport 80:', '-m conntrack --ctorigsrcport 80:65535'],
    ['-m conntrack --ctorigsrcport 65536', '-m conntrack --ctorigsrcport 0'],
    ['-m conntrack --ctstatus NONE'],
    ['-m conntrack --ctstatus EXPECTED,SEEN_REPLY,ASSURED,CONFIRMED'],
    ['-m conntrack ! --ctstatus assured', '-m conntrack ! --ctstatus ASSURED'],
    ['-m conntrack --ctstatus NONE,ASSURED', '-m conntrack --ctstatus ASSURED'],
    ['-m conntrack ! --ctexpire 5:10'],
    ['-m conntrack --ctexpire :', '-m conntrack --ctexpire 0:4294967295'],
    ['-m conntrack --ctdir reply', '-m conntrack --ctdir REPLY'],
    [
      '-m conntrack --ctstate NEW --ctproto tcp --ctorigsrc 1.1.1.1 --ctorigdst 2.2.2.2 --ctreplsrc 3.3.3.3 --ctrepldst 4.4.4.4 --ctstatus ASSURED --ctexpire 1:2 --ctdir REPLY --ctorigsrcport 1 --ctorigdstport 2 --ctreplsrcport 3 --ctrepldstport 4',
      '-m conntrack --ctstate NEW --ctproto 6 --ctorigsrc 1.1.1.1 --ctorigdst 2.2.2.2 --ctreplsrc 3.3.3.3 --ctrepldst 4.4.4.4 --ctorigsrcport 1 --ctorigdstport 2 --ctreplsrcport 3 --ctrepldstport 4 --ctstatus ASSURED --ctexpire 1:2 --ctdir REPLY',
    ],
  ]);
  refuses([
    ['-m conntrack --ctstate NEW,foo,EST', 'Bad ctstate "foo,EST"'],
    ["-m conntrack --ctstate ''", 'Bad ctstate ""'],
    ['-m conntrack --ctproto foo', 'unknown protocol "foo" specified'],
    ['-m conntrack --ctorigsrcport foo', 'Port "foo" does not resolve to anything.'],
    ['-m conntrack --ctstatus foo', 'Bad ctstatus "foo"'],
    [
      '-m conntrack --ctexpire 4294967296',
      'conntrack: bad value for option "--ctexpire" near "4294967296", or out of range (0-4294967295).',
    ],
    ['-m conntrack --ctdir foo', 'conntrack: Bad value for "--ctdir" option: "foo"'],
    ['-m conntrack ! --ctdir REPLY', 'conntrack: option "--ctdir" cannot be inverted.'],
    ['-m conntrack', 'conntrack: At least one option is required'],
  ]);
  lists([
    [
      '-m conntrack --ctstate INVALID,NEW,RELATED,ESTABLISHED,UNTRACKED,SNAT,DNAT',
      'ctstate INVALID,NEW,RELATED,ESTABLISHED,UNTRACKED,SNAT,DNAT',
    ],
    ['-m conntrack ! --ctstate S', '! ctstate SNAT'],
    ['-m conntrack --ctproto tcp', 'ctproto 6'],
    ['-m conntrack ! --ctproto all', '! ctproto 0'],
    ['-m conntrack ! --ctproto 17', '! ctproto 17'],
    ['-m conntrack --ctorigsrc 1.2.3.4/24', 'ctorigsrc 1.2.3.4/24'],
    ['-m conntrack ! --ctorigdst 1.2.3.4/255.0.255.0', '! ctorigdst 1.2.3.4'],
    [
      '-m conntrack --ctreplsrc 1.2.3.4/24 ! --ctrepldst 10.0.0.0/8',
      'ctreplsrc 1.2.3.4/24 ! ctrepldst 10.0.0.0/8',
    ],
    ['-m conntrack --ctorigsrc 0.0.0.0/0', 'ctorigsrc 0.0.0.0/0', 'ctorigsrc anywhere'],
    [
      '-m conntrack --ctorigsrcport 80:90 ! --ctorigdstport 22 --ctreplsrcport 1:65535 --ctrepldstport 0:9',
      'ctorigsrcport 80:90 ! ctorigdstport 22 ctreplsrcport 1:65535 ctrepldstport 0:9',
    ],
    ['-m conntrack --ctorigsrcport 90:80', 'ctorigsrcport 90:80'],
    ['-m conntrack --ctorigsrcport 80:', 'ctorigsrcport 80:65535'],
    ['-m conntrack --ctorigsrcport 65536', 'ctorigsrcport 0'],
    ['-m conntrack --ctstatus NONE', 'ctstatus NONE'],
    [
      '-m conntrack --ctstatus EXPECTED,SEEN_REPLY,ASSURED,CONFIRMED',
      'ctstatus EXPECTED,SEEN_REPLY,ASSURED,CONFIRMED',
    ],
    ['-m conntrack ! --ctstatus assured', '! ctstatus ASSURED'],
    ['-m conntrack --ctstatus NONE,ASSURED', 'ctstatus ASSURED'],
    ['-m conntrack ! --ctexpire 5:10', '! ctexpire 5:10'],
    ['-m conntrack --ctexpire :', 'ctexpire 0:4294967295'],
    ['-m conntrack --ctdir reply', 'ctdir REPLY'],
    [
      '-m conntrack --ctstate NEW --ctproto tcp --ctorigsrc 1.1.1.1 --ctorigdst 2.2.2.2 --ctreplsrc 3.3.3.3 --ctrepldst 4.4.4.4 --ctstatus ASSURED --ctexpire 1:2 --ctdir REPLY --ctorigsrcport 1 --ctorigdstport 2 --ctreplsrcport 3 --ctrepldstport 4',
      'ctstate NEW ctproto 6 ctorigsrc 1.1.1.1 ctorigdst 2.2.2.2 ctreplsrc 3.3.3.3 ctrepldst 4.4.4.4 ctorigsrcport 1 ctorigdstport 2 ctreplsrcport 3 ctrepldstport 4 ctstatus ASSURED ctexpire 1:2 ctdir REPLY',
    ],
  ]);
  prints(
    [
      ['-m conntrack --ctorigsrc fe80::1/64 ! --ctrepldst ::/0'],
      ['-m conntrack --ctproto icmpv6', '-m conntrack --ctproto 58'],
    ],
    { family: 6 },
  );
  lists(
    [
      [
        '-m conntrack --ctorigsrc fe80::1/64 ! --ctrepldst ::/0',
        'ctorigsrc fe80::1/64 ! ctrepldst ::/0',
        'ctorigsrc fe80::1/64 ! ctrepldst anywhere',
      ],
      ['-m conntrack --ctproto icmpv6', 'ctproto 58'],
    ],
    { family: 6 },
  );

  const pkt = (fields: Partial<PacketBuffer> = {}) =>
    arrived(udp(v4, 1, 2, []), { ct: 2, ctInfo: CtInfo.ESTABLISHED, ...fields });
  function connected(): World {
    const world = new World();
    const { status, original, reply, left } = world.conntrack;
    status[2] = CtStatus.CONFIRMED | CtStatus.SEEN_REPLY | CtStatus.SRC_NAT;
    Object.assign(original[2]!, {
      proto: 17,
      src0: (10 << 24) | 2,
      dst0: (198 << 24) | 7,
      srcId: 1000,
      dstId: 53,
    });
    Object.assign(reply[2]!, {
      proto: 17,
      src0: (198 << 24) | 7,
      dst0: (203 << 24) | 1,
      srcId: 53,
      dstId: 2000,
    });
    left[2] = 29_999_000;
    return world;
  }
  const answer = (options: string, fields: Partial<PacketBuffer> = {}) =>
    connected().rule(`-m conntrack ${options}`).of(pkt(fields));
  it('sees translations beside the state', () => {
    assert.equal(answer('--ctstate SNAT'), 'matches');
    assert.equal(answer('--ctstate DNAT,NEW'), 'no');
    assert.equal(answer('! --ctstate SNAT'), 'no');
    assert.equal(answer('--ctstate ESTABLISHED --ctdir ORIGINAL'), 'matches');
    assert.equal(answer('--ctdir REPLY'), 'no');
    assert.equal(answer('--ctdir REPLY', { ctInfo: CtInfo.ESTABLISHED_REPLY }), 'matches');
  });
  it('compares protocol, addresses and ports of both tuples', () => {
    assert.equal(answer('--ctproto udp --ctorigsrc 10.0.0.0/8 --ctorigdst 198.0.0.7'), 'matches');
    assert.equal(answer('--ctreplsrc 198.0.0.7 --ctrepldst 203.9.9.1/255.0.0.0'), 'matches');
    assert.equal(answer('--ctrepldst 203.9.9.1/255.0.0.255'), 'no', 'a mask that is no prefix is none');
    assert.equal(answer('! --ctrepldst 203.0.0.1'), 'no');
    assert.equal(
      answer('--ctorigsrcport 1000 --ctorigdstport 50:60 --ctreplsrcport 53 ! --ctrepldstport 1:1999'),
      'matches',
    );
    assert.equal(answer('--ctorigsrcport 2000'), 'no');
    assert.equal(answer('--ctorigsrcport 2000:999'), 'no');
  });
  it('compares the status; NONE never holds', () => {
    assert.equal(answer('--ctstatus SEEN_REPLY,ASSURED'), 'matches');
    assert.equal(answer('! --ctstatus ASSURED'), 'matches');
    assert.equal(answer('--ctstatus NONE'), 'no');
  });
  it("counts the time left in whole seconds of the kernel's ticks, and none before an entry is confirmed", () => {
    assert.equal(answer('--ctexpire 29'), 'matches');
    assert.equal(answer('--ctexpire 30:99'), 'no');
    const world = connected();
    world.conntrack.status[2] = 0;
    assert.equal(world.rule('-m conntrack --ctexpire 0').of(pkt()), 'matches');
  });
  it('judges packets without a connection by the state alone', () => {
    const invalid = { ct: 0, ctInfo: 0 };
    assert.equal(answer('--ctstate INVALID --ctproto 6 --ctdir REPLY', invalid), 'matches');
    assert.equal(answer('--ctproto 6', invalid), 'no');
    assert.equal(answer('! --ctproto 6', invalid), 'no');
  });
  it('takes a template for a new connection of nothing', () => {
    const template = { ct: -1, ctInfo: CtInfo.NEW };
    assert.equal(
      answer('--ctstate NEW --ctproto 0 --ctstatus CONFIRMED --ctexpire 0 --ctorigsrcport 0', template),
      'matches',
    );
  });
});

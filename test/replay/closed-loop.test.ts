/**
 * The closed loop: one capture that never saw our translation, replayed with it. The judge is the same replay without
 * translation: packet by packet the same verdict and the same connection state, so no answer is lost.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { ethernet, icmp, packet, udp, u16 } from '../../src/conform/frames.ts';
import type { PacketOutcome } from '../../src/replay/outcome.ts';
import { Captures, pcap, replay, ROOT, type Told } from './support.ts';

const CAPTURES = readdirSync(`${ROOT}/pcaps`).filter(
  // Those of nat-* and host hold a gateway's own frames; loopback is no traffic that a gateway would see.
  (name) => /\.pcap(ng)?(\.gz)?$/.test(name) && !/^(nat-|host|loopback)/.test(name),
);

const FILTER = `*filter
:FORWARD DROP [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i eth0 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`;
const nat = (...rules: string[]): string => `*nat\n${rules.join('\n')}\nCOMMIT\n${FILTER}`;

const TRANSLATIONS: Readonly<Record<string, { v4: string; v6: string }>> = {
  MASQUERADE: {
    v4: nat('-A POSTROUTING -o eth1 -j MASQUERADE'),
    v6: nat('-A POSTROUTING -o eth1 -j MASQUERADE'),
  },
  'SNAT to other ports': {
    v4: nat(
      '-A POSTROUTING -o eth1 -p tcp -j SNAT --to-source 203.0.113.5:2000-3000',
      '-A POSTROUTING -o eth1 -p udp -j SNAT --to-source 203.0.113.5:2000-3000',
      '-A POSTROUTING -o eth1 -j SNAT --to-source 203.0.113.5',
    ),
    v6: nat(
      '-A POSTROUTING -o eth1 -p tcp -j SNAT --to-source [2001:db8:77::5]:2000-3000',
      '-A POSTROUTING -o eth1 -p udp -j SNAT --to-source [2001:db8:77::5]:2000-3000',
      '-A POSTROUTING -o eth1 -j SNAT --to-source 2001:db8:77::5',
    ),
  },
  NETMAP: {
    v4: nat('-A POSTROUTING -o eth1 -j NETMAP --to 172.20.5.0/24'),
    v6: nat('-A POSTROUTING -o eth1 -j NETMAP --to 2001:db8:9::/64'),
  },
  'DNAT to another server': {
    v4: nat('-A PREROUTING -i eth0 -j DNAT --to-destination 203.0.113.80'),
    v6: nat('-A PREROUTING -i eth0 -d fd53::2 -j DNAT --to-destination 2001:db8::80'),
  },
  'DNAT and MASQUERADE': {
    v4: nat(
      '-A PREROUTING -i eth0 -j DNAT --to-destination 203.0.113.80',
      '-A POSTROUTING -o eth1 -j MASQUERADE',
    ),
    v6: nat(
      '-A PREROUTING -i eth0 -d fd53::2 -j DNAT --to-destination 2001:db8::80',
      '-A POSTROUTING -o eth1 -j MASQUERADE',
    ),
  },
};

const SIDES = { insideInterface: 'eth0', outsideInterface: 'eth1' };

const fates = ({ packets }: Told): string[] =>
  packets.map(
    ({ n, verdict, reasonCode, conntrack, out }) =>
      `${n} ${verdict} ${reasonCode} ${conntrack?.state} ${conntrack?.direction} ${out.length} out`,
  );

describe('replay: closed loop', () => {
  for (const [name, { v4, v6 }] of Object.entries(TRANSLATIONS)) {
    it(`${name}: on every capture each packet fares as it does without translation`, () => {
      let translated = 0;
      for (const file of CAPTURES) {
        const capture = pcap(file);
        const plain = replay({ rules: FILTER, rules6: FILTER, capture, ...SIDES });
        const told = replay({ rules: v4, rules6: v6, capture, ...SIDES });
        assert.deepEqual(fates(told), fates(plain), file);
        translated += told.packets.filter(({ translation }) => translation !== null).length;
      }
      assert.ok(translated > 300, `${translated} packets translated`);
    });
  }

  it('without it the answers are lost: they match no connection', () => {
    const told = replay({
      rules: TRANSLATIONS['MASQUERADE']!.v4,
      capture: pcap('http.pcap'),
      closedLoop: false,
      ...SIDES,
    });
    const answers = told.packets.filter((one) => one.in === 'eth1' && one.conntrack !== null);
    assert.ok(answers.length > 10);
    assert.ok(answers.every(({ verdict }) => verdict === 'DROP'));
  });

  it('re-addressed packets say so, and show the translation from the translated address back', () => {
    const { packets } = replay({
      rules: TRANSLATIONS['MASQUERADE']!.v4,
      capture: pcap('http.pcap'),
      ...SIDES,
    });
    const [question, answer] = packets.filter(({ conntrack }) => conntrack !== null);
    assert.equal(question!.translation!.before.src, '10.254.0.2');
    assert.equal(question!.translation!.after.src, '198.51.100.1');
    assert.deepEqual(answer!.notes, ['re-addressed to the translation']);
    assert.equal(answer!.translation!.before.dst, '198.51.100.1');
    assert.equal(answer!.translation!.after.dst, '10.254.0.2');
  });

  it('DNAT as the outside sees it: a capture taken outside, whose clients come to a port forward', () => {
    const { packets } = replay({
      rules: nat('-A PREROUTING -i eth1 -p tcp -j DNAT --to-destination 192.168.7.7:8000').replace(
        '-i eth0 -m',
        '-m',
      ),
      capture: pcap('http.pcap'),
      inside: ['10.253.0.0/24', '192.168.7.0/24'],
      ...SIDES,
    });
    const tracked = packets.filter(({ conntrack }) => conntrack !== null);
    assert.equal(tracked.length, 40);
    assert.ok(tracked.every(({ verdict }) => verdict === 'ACCEPT'));
    const answers = tracked.filter((one) => one.in === 'eth0');
    assert.ok(answers.length > 10);
    for (const { translation } of answers) {
      assert.deepEqual([translation!.before.src, translation!.before.sport], ['192.168.7.7', 8000]);
      assert.deepEqual([translation!.after.src, translation!.after.sport], ['10.253.0.2', 80]);
    }
  });

  it('REDIRECT: what is redirected reaches the gateway, and the captured answers leave as if the gateway gave them', () => {
    const { packets } = replay({
      rules: '*nat\n-A PREROUTING -i eth0 -p udp -m udp --dport 53 -j REDIRECT --to-ports 5353\nCOMMIT\n',
      capture: pcap('dns.pcap'),
      ...SIDES,
    });
    const toDns = (one: PacketOutcome) => one.translation?.after.dport === 5353;
    const questions = packets.filter(toDns);
    assert.ok(questions.length > 5);
    for (const question of questions) {
      assert.equal(question.translation!.after.dst, '192.0.2.1');
      assert.deepEqual([question.reasonCode, question.out.length], ['DELIVERED', 0]);
    }
    const answers = packets.filter((one) => one.in === '');
    assert.equal(answers.length, questions.length);
    for (const { translation, reasonCode, conntrack, out } of answers) {
      assert.deepEqual([reasonCode, conntrack!.state, out.length], ['SENT', 'ESTABLISHED', 1]);
      assert.deepEqual([translation!.after.src, translation!.after.sport], ['10.253.0.2', 53]);
    }
  });

  describe('ICMP errors inside the loop', () => {
    const captures = new Captures();
    after(() => captures.remove());
    const MAC = ['02:00:00:00:00:aa', '02:00:00:00:00:bb'] as const;
    const question = (ttl: number) =>
      udp({ from: '10.0.0.2', to: '203.0.113.9' }, 40000, 33434, [1, 2, 3, 4], { ttl });
    const fromOutside = (bytes: number[]) => ethernet(MAC[0], MAC[1], bytes);

    it('a router on the way answers what we sent: both packets are re-addressed, and it is RELATED', () => {
      const sent = question(5);
      // What the router quotes is what it saw in the capture: untranslated, its time to live used up.
      const quoted = [...packet({ from: '10.0.0.2', to: '203.0.113.9' }, 17, sent.slice(20), { ttl: 1 })];
      const capture = captures.of([
        ethernet(MAC[1], MAC[0], sent),
        fromOutside(icmp({ from: '198.18.0.1', to: '10.0.0.2' }, 11, 0, [0, 0, 0, 0, ...quoted])),
      ]);
      const { packets } = replay({
        rules: nat('-A POSTROUTING -o eth1 -p udp -j SNAT --to-source 203.0.113.5:7000'),
        capture,
        ...SIDES,
      });
      const error = packets[1]!;
      assert.equal(error.conntrack!.state, 'RELATED');
      assert.equal(error.verdict, 'ACCEPT');
      const given = Buffer.from(error.frame);
      assert.deepEqual([...given.subarray(14 + 16, 14 + 20)], [203, 0, 113, 5], 'outer destination');
      assert.deepEqual([...given.subarray(42 + 12, 42 + 16)], [203, 0, 113, 5], 'source of what is quoted');
      assert.deepEqual([...given.subarray(42 + 20, 42 + 22)], u16(7000), 'its port');
      const out = Buffer.from(error.out[0]!.frame);
      assert.deepEqual([...out.subarray(42 + 12, 42 + 16)], [10, 0, 0, 2], 'translated back');
      assert.deepEqual([...out.subarray(42 + 20, 42 + 22)], u16(40000));
    });
  });
});

/** One capture of both directions: sides, names, and what is done to frames that are not as they were on a wire. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { lookForInside } from '../../src/replay/side-finder.ts';
import { ethernet, fragments, tcp, udp } from '../../src/conform/frames.ts';
import { Captures, natGateway, pcap, replay } from './support.ts';

const RULES = '*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n';
const MAC = ['02:00:00:00:0a:01', '02:00:00:00:0a:02'] as const;
const out = (packet: number[]): Uint8Array => ethernet(MAC[1], MAC[0], packet);
const back = (packet: number[]): Uint8Array => ethernet(MAC[0], MAC[1], packet);

const captures = new Captures();
after(() => captures.remove());

describe('replay: the sides of a capture', () => {
  for (const [name, inside] of Object.entries({
    'http.pcap': ['10.254.0.2/32'],
    'http-ipv6.pcap': ['fd54::2/128'],
    'dns.pcap': ['10.254.0.2/32', 'fd54::2/128'],
    'ftp-port.pcap': ['10.254.0.2/32'],
    'sip-rtp.pcap': ['10.254.0.2/32'],
    'tftp.pcap': ['10.254.0.2/32'],
    'traceroute-udp.pcap': ['10.254.0.2/32'],
    'path-mtu.pcap': ['10.254.0.2/32', 'fd54::2/128'],
    'fragments-ipv6.pcap': ['fd54::2/128'],
    'any-cooked-v2.pcap': ['10.254.0.2/32', 'fd54::2/128'],
    'raw-ip.pcap': ['10.251.0.1/32'],
    'http-download.pcap.gz': ['10.254.0.2/32'],
  })) {
    it(`${name}: who opens the conversations is inside: ${inside.join(', ')}`, () => {
      assert.deepEqual(lookForInside(pcap(name)), inside);
    });
  }

  it('a private address that talks to a public one is inside, whoever began', () => {
    const capture = captures.of([
      out(tcp({ from: '8.8.4.4', to: '192.168.1.9' }, { sport: 4000, dport: 22, seq: 1, flags: 'S' })),
      back(
        tcp({ from: '192.168.1.9', to: '8.8.4.4' }, { sport: 22, dport: 4000, seq: 9, ack: 2, flags: 'SA' }),
      ),
    ]);
    assert.deepEqual(lookForInside(capture), ['192.168.1.9/32']);
  });

  it('who is answered with SYN/ACK began, where the capture starts with the answer', () => {
    const capture = captures.of([
      back(
        tcp({ from: '10.0.0.9', to: '10.0.0.2' }, { sport: 80, dport: 4000, seq: 9, ack: 2, flags: 'SA' }),
      ),
      out(tcp({ from: '10.0.0.2', to: '10.0.0.9' }, { sport: 4000, dport: 80, seq: 2, ack: 10, flags: 'A' })),
    ]);
    assert.deepEqual(lookForInside(capture), ['10.0.0.2/32']);
  });

  it('--inside overrules what would be found, and a note says what was found otherwise', () => {
    const found = replay({ rules: RULES, capture: pcap('http.pcap') });
    assert.match(
      found.summary.notes[0]!.text,
      /eth0 inside with 10\.254\.0\.2, .* \(found by looking; --inside/,
    );
    const told = replay({ rules: RULES, capture: pcap('http.pcap'), inside: ['10.253.0.0/24'] });
    assert.doesNotMatch(told.summary.notes[0]!.text, /found by looking/);
    const sideOf = (packets: typeof told.packets, n: number) => packets.find((one) => one.n === n)!.in;
    const first = found.packets.find(({ conntrack }) => conntrack !== null)!.n;
    assert.equal(sideOf(found.packets, first), 'eth0');
    assert.equal(sideOf(told.packets, first), 'eth1');
  });

  it('interfaces are called what the rules call them; the options overrule', () => {
    const rules =
      '*nat\n-A POSTROUTING -o ppp0 -j MASQUERADE\nCOMMIT\n*filter\n-A FORWARD -i br-lan -j ACCEPT\nCOMMIT\n';
    const names = (told: { packets: readonly { in: string }[] }) =>
      [...new Set(told.packets.map((one) => one.in))].sort();
    const capture = pcap('http.pcap');
    assert.deepEqual(names(replay({ rules, capture })), ['br-lan', 'ppp0']);
    assert.deepEqual(names(replay({ rules, capture, outsideInterface: 'wan' })), ['br-lan', 'wan']);
  });

  it('both ends on one side: a note, since a gateway would not have seen it', () => {
    const { packets } = replay({ rules: RULES, capture: pcap('http.pcap'), inside: ['10.0.0.0/8'] });
    const ip = packets.filter(({ conntrack }) => conntrack !== null);
    assert.ok(ip.every(({ notes }) => notes.join().includes('both ends on one side')));
  });
});

describe('replay: frames that are not as they were on a wire', () => {
  it('cut by the snap length: judged by their headers, all ESTABLISHED and none dropped', () => {
    const { packets } = replay({ rules: RULES, capture: pcap('http-snaplen-96.pcap') });
    const cut = packets.filter(({ notes }) => notes.join().includes('cut by the snap length'));
    assert.ok(cut.length > 5);
    assert.ok(packets.every(({ verdict }) => verdict === 'ACCEPT'));
    const whole = replay({ rules: RULES, capture: pcap('http-snaplen-96.pcap') });
    assert.deepEqual(
      whole.packets.map(({ conntrack }) => conntrack?.state),
      packets.map(({ conntrack }) => conntrack?.state),
    );
    // As long as they were: rules count the bytes that the wire had.
    const bytes = packets.reduce((sum, { frame }) => sum + frame.length - 14, 0);
    assert.match(
      replay({ rules: RULES, capture: pcap('http-snaplen-96.pcap') }).summary.tables.v4,
      new RegExp(`:FORWARD ACCEPT \\[40:${bytes}\\]`),
    );
  });

  const wrong = (): Uint8Array => {
    const frame = out(
      tcp({ from: '10.0.0.2', to: '203.0.113.9' }, { sport: 4000, dport: 80, seq: 1, flags: 'S' }),
    );
    frame[14 + 20 + 16]! ^= 0x55;
    return frame;
  };

  it('a wrong checksum is filled in, with a note; `verify` leaves it, and tracking calls it INVALID', () => {
    const repaired = replay({ rules: RULES, capture: captures.of([wrong()]) }).packets[0]!;
    assert.deepEqual(repaired.notes, ['transport checksum filled in (left to the network card)']);
    assert.deepEqual([repaired.conntrack!.state, repaired.verdict], ['NEW', 'ACCEPT']);
    const verified = replay({ rules: RULES, capture: captures.of([wrong()]), checksums: 'verify' })
      .packets[0]!;
    assert.deepEqual([verified.notes, verified.conntrack!.state, verified.verdict], [[], 'INVALID', 'DROP']);
  });

  it('VLAN tags are taken off, with a note: the packet inside is what counts', () => {
    const plain = out(udp({ from: '10.0.0.2', to: '203.0.113.9' }, 4000, 53, [1, 2, 3]));
    const tagged = Uint8Array.of(
      ...plain.subarray(0, 12),
      0x88,
      0xa8,
      0,
      7,
      0x81,
      0,
      0x20,
      42,
      ...plain.subarray(12),
    );
    const [first, second] = replay({
      rules: RULES,
      capture: captures.of([plain, tagged]),
      inside: ['10.0.0.2'],
    }).packets;
    assert.deepEqual(second!.notes, ['VLAN tags taken off']);
    assert.deepEqual(second!.frame, first!.frame);
    assert.deepEqual([second!.verdict, second!.conntrack!.state], ['ACCEPT', 'NEW']);
  });

  it('segments that a network card had yet to cut pass whatever the MTU, IPv4 and IPv6; datagrams do not', () => {
    const payload = new Uint8Array(4000);
    const big = (from: string, to: string) =>
      tcp({ from, to }, { sport: 4000, dport: 80, seq: 1, flags: 'A', payload }, { dontFragment: true });
    const capture = captures.of([
      out(big('10.254.0.2', '203.0.113.9')),
      out(big('fd54::2', '2001:db8::9')),
      out(udp({ from: '10.254.0.2', to: '203.0.113.9' }, 4000, 53, payload, { dontFragment: true })),
    ]);
    const gateway = {
      interfaces: {
        eth0: { addresses: ['10.254.0.1/24', 'fd54::1/64'], mtu: 1500 },
        eth1: { addresses: ['10.253.0.1/24', 'fd53::1/64'], mtu: 1500 },
      },
      routes: [{ to: 'default', dev: 'eth1' }],
    };
    const [v4, v6, datagram] = replay({ rules: RULES, rules6: RULES, gateway, capture }).packets;
    for (const segment of [v4, v6]) {
      assert.deepEqual(segment!.notes, ['several segments in one (offloading): passed whole']);
      assert.deepEqual([segment!.reasonCode, segment!.out.length], ['FORWARDED', 1]);
      assert.equal(segment!.out[0]!.frame.length, segment!.frame.length);
    }
    assert.equal(datagram!.verdict, 'DROP');
    // A way that is too narrow even for the segments: they are refused, as Linux refuses them.
    gateway.interfaces.eth1.mtu = 1400;
    const narrow = replay({ rules: RULES, rules6: RULES, gateway, capture }).packets;
    assert.deepEqual([narrow[0]!.reasonCode, narrow[1]!.reasonCode], ['TOO_BIG', 'TOO_BIG']);
  });

  it('what is not IP is told of, and not run', () => {
    const { packets } = replay({ rules: RULES, capture: pcap('http.pcap') });
    const arp = packets.filter(({ reasonCode }) => reasonCode === 'NOT_IP');
    assert.equal(arp.length, 2);
    for (const { frame, verdict, rule, conntrack, out: sent } of arp) {
      assert.equal(Buffer.from(frame).readUInt16BE(12), 0x0806);
      assert.deepEqual([verdict, rule, conntrack, sent], ['ACCEPT', null, null, []]);
    }
  });

  it('a gateway file with neighbours of its own needs none for the rest: nothing waits for an ARP answer', () => {
    const { packets } = replay({ ...natGateway(), capture: pcap('http.pcap'), inside: ['10.254.0.0/24'] });
    assert.ok(packets.every(({ verdict }) => verdict === 'ACCEPT'));
    // Its outer interface takes 1492 bytes: full segments of the capture would have come as two.
    const tooLong = packets.filter(({ notes }) =>
      notes.includes('longer than the interface takes: passed as several segments'),
    );
    assert.ok(tooLong.length > 0 && tooLong.every((one) => one.in === 'eth1'));
  });

  it("what the captured gateway sent itself is told of and not run: this one's own answers are out already", () => {
    const { packets } = replay({ ...natGateway(), capture: pcap('nat-lan.pcap'), inside: ['10.254.0.0/24'] });
    const own = packets.filter(({ notes }) => notes.some((note) => note.startsWith('sent by the gateway')));
    assert.ok(own.length > 3);
    for (const { in: iface, reasonCode, out: sent } of own)
      assert.deepEqual([iface, reasonCode, sent], ['', 'SENT', []]);
    assert.ok(packets.some(({ reasonCode, out: sent }) => reasonCode === 'DELIVERED' && sent.length === 1));
  });

  it('bytes of the capture file are not changed', () => {
    const before = readFileSync(pcap('http.pcap'));
    replay({ rules: RULES, capture: pcap('http.pcap') });
    assert.deepEqual(readFileSync(pcap('http.pcap')), before);
  });

  it('fragments: the first ones wait, the last one is out with all of them', () => {
    const whole = udp({ from: '10.0.0.2', to: '203.0.113.9' }, 4000, 53, new Uint8Array(3000));
    const capture = captures.of(fragments(whole, 1480).map(out));
    const { packets } = replay({ rules: RULES, capture, inside: ['10.0.0.2'] });
    assert.deepEqual(
      packets.map(({ verdict, reasonCode, out: sent }) => [verdict, reasonCode, sent.length]),
      [
        ['STOLEN', 'FRAGMENT_QUEUED', 0],
        ['STOLEN', 'FRAGMENT_QUEUED', 0],
        ['ACCEPT', 'FORWARDED', 3],
      ],
    );
    assert.deepEqual(
      packets.map(({ conntrack, translation }) => [conntrack?.state, translation]),
      [
        [undefined, null],
        [undefined, null],
        ['NEW', null],
      ],
    );
  });

  it('neighbours that the gateway file names keep their addresses, others are assumed', () => {
    const { packets } = replay({
      capture: pcap('dns.pcap'),
      rules: '',
      gateway: {
        interfaces: {
          eth0: { addresses: ['10.254.0.1/24'] },
          eth1: { addresses: ['198.51.100.1/24'] },
        },
        neighbours: [{ dev: 'eth1', ip: '198.51.100.254', mac: '02:00:00:00:77:77' }],
        routes: [{ to: 'default', via: '198.51.100.254' }],
      },
    });
    const to = (iface: string) =>
      new Set(
        packets.flatMap(({ out }) =>
          out
            .filter((sent) => sent.iface === iface)
            .map(({ frame }) => Buffer.from(frame.subarray(0, 6)).toString('hex')),
        ),
      );
    assert.deepEqual([...to('eth1')], ['020000007777']);
    assert.match([...to('eth0')].join(), /^02ff0afe/);
  });
});

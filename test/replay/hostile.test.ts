/**
 * Whatever a capture holds, a replay tells of every frame and throws nothing: random bytes, and real frames with bytes
 * changed, cut or lengthened, in all three ways in, with rules that look at everything.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { LinkType, MemorySink, PcapWriter } from '../../src/capture/index.ts';
import { readPcap } from '../../src/conform/pcap.ts';
import { Captures, natGateway, pcap, replay, type Question } from './support.ts';

const RULES = `*raw
-A PREROUTING -m ttl --ttl-lt 3
-A PREROUTING -p tcp -m tcp --tcp-option 5
COMMIT
*mangle
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
-A POSTROUTING -m length --length 100:200 -j TOS --set-tos 0x10/0xff
COMMIT
*nat
-A PREROUTING -p tcp -m tcp --dport 0:1023 -j DNAT --to-destination 10.254.0.2
-A POSTROUTING -o eth1 -j MASQUERADE
COMMIT
*filter
-A INPUT -j LOG --log-tcp-options --log-ip-options
-A INPUT -m conntrack --ctstate INVALID -j REJECT
-A FORWARD -j LOG --log-tcp-options --log-ip-options
-A FORWARD -m u32 --u32 "0>>22&0x3C@12>>26&0x3C@0=0x47455420" -j DROP
-A FORWARD -m string --algo bm --string "GET" -j REJECT
-A OUTPUT -m conntrack --ctstate INVALID -j DROP
COMMIT
`;
const RULES6 = RULES.replace('-m ttl --ttl-lt 3', '-m hl --hl-lt 3')
  .replace('10.254.0.2', 'fd54::2')
  .replace(/-A FORWARD -m u32.*\n/, '');

const SAMPLES = [
  'http.pcap',
  'fragments.pcap',
  'fragments-ipv6.pcap',
  'ping-ipv6.pcap',
  'traceroute-udp.pcap',
  'dns.pcap',
]
  .flatMap((name) => readPcap(pcap(name)))
  .map(({ frame }) => frame);

/** Without the link header: what raw captures hold. */
const randomFrame = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .record({
      type: fc.constantFrom([8, 0], [0x86, 0xdd], [8, 6], [0x81, 0]),
      rest: fc.uint8Array({ maxLength: 120 }),
    })
    .map(({ type, rest }) => Uint8Array.of(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1, 1, ...type, ...rest)),
  fc
    .record({
      frame: fc.constantFrom(...SAMPLES),
      edits: fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 6 }),
      length: fc.option(fc.nat(200)),
    })
    .map(({ frame, edits, length }) => {
      const changed = Uint8Array.from(frame);
      for (const [at, value] of edits) if (at < changed.length) changed[at] = value;
      return length === null ? changed : changed.subarray(0, length);
    }),
);
const randomFrames = fc.array(randomFrame, { minLength: 1, maxLength: 30 });

const LINK_TYPES = [
  LinkType.Ethernet,
  LinkType.Raw,
  LinkType.LinuxCooked,
  LinkType.LinuxCooked2,
  LinkType.Null,
];

describe('replay: hostile input', () => {
  const captures = new Captures();
  after(() => captures.remove());

  function capture(frames: readonly Uint8Array[], linkType: number): string {
    const sink = new MemorySink();
    const writer = new PcapWriter(sink, { linkType });
    frames.forEach((frame, i) => {
      // Some were cut by the snap length, if one believes the record.
      writer.write(1.7e15 + i * 1000, frame, 0, frame.length, frame.length + (i % 5 === 4 ? 100 : 0));
    });
    writer.close();
    return captures.file(sink.bytes());
  }

  const ways: Readonly<Record<string, (path: string) => Question>> = {
    exact: (path) => ({ gateway: natGateway().gateway, in: { eth0: path } }),
    'two-sided': (path) => ({ capture: path }),
    'on-host': (path) => ({ capture: path, host: ['10.254.0.2', 'fd54::2'] }),
  };
  for (const [way, question] of Object.entries(ways)) {
    it(`${way}: every frame is told of once, and nothing is thrown`, function () {
      this.timeout(60_000);
      fc.assert(
        fc.property(randomFrames, fc.constantFrom(...LINK_TYPES), (frames, linkType) => {
          const { packets, summary } = replay(
            { rules: RULES, rules6: RULES6, ...question(capture(frames, linkType)) },
            { trace: true },
          );
          assert.equal(packets.length, frames.length);
          assert.equal(
            summary.reasons.reduce((sum, { frames: count }) => sum + count, 0),
            frames.length,
          );
        }),
        { numRuns: 60 },
      );
    });
  }

  it('the same seed gives the same replay, byte for byte', () => {
    const question = { rules: RULES, rules6: RULES6, capture: pcap('any-cooked-v2.pcap') };
    assert.deepEqual(replay({ ...question, seed: 7 }), replay({ ...question, seed: 7 }));
  });

  it('any cut of a capture is replayed up to the cut', () => {
    const whole = readFileSync(pcap('dns.pcap'));
    for (let length = 24; length < whole.length; length += 97) {
      const path = captures.file(whole.subarray(0, length));
      const { packets, summary } = replay({
        rules: RULES,
        rules6: RULES6,
        capture: path,
        inside: ['10.254.0.2'],
      });
      assert.equal(packets.length, summary.frames);
      assert.ok(summary.truncated.length <= 1);
    }
  });
});

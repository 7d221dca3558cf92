/** TFTP and the other helpers that look at single packets: what they expect, and packets shorter than they should be. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { helperRules } from '../../src/alg/index.ts';
import { tcp, text, udp } from '../../src/conform/frames.ts';
import { invite, sdp } from '../kernel/sip-words.ts';
import { PacketBuffer } from '../../src/wire/packet-buffer.ts';
import { Talk, World } from './support.ts';

const TFTP = '-p udp -m udp --dport 69 -j CT --helper tftp';
const REQUEST = text('\x00\x01file\x00octet\x00');

describe('TFTP, strict', () => {
  it('expects one answer from the server asked, to the port that asked', () => {
    const world = new World({ helper: TFTP });
    const there = { from: world.inside, to: world.outside };
    const back = { from: world.outside, to: world.inside };
    world.fromInside(udp(there, 5000, 69, REQUEST));
    assert.deepEqual(world.expectations, ['udp 198.51.100.7:* → 10.0.0.2:5000']);
    world.fromOutside(udp({ ...back, from: '192.0.2.9' }, 6000, 5000, text('\x00\x03\x00\x01')));
    assert.equal(world.expectations.length, 1, "A-19: a third host's answer fulfils nothing");
    world.fromOutside(udp(back, 6000, 5000, text('\x00\x03\x00\x01')));
    assert.deepEqual(world.expectations, [], 'A-19: one answer and no more');
  });

  it('a packet that passes the helper twice, on its way from this host to itself, counts once', () => {
    const world = new World({ helper: TFTP });
    for (let i = 0; i < 3; i++) {
      world.fromInside(udp({ from: world.inside, to: world.outside }, 5000, 69, REQUEST));
    }
    const [flow] = world.flows.all;
    assert.equal(flow!.packets, 3);
    const pkt = new PacketBuffer();
    pkt.cause = 3;
    assert.equal(world.flows.packet(1, 'tftp', pkt), flow);
    assert.equal(flow!.packets, 3);
  });

  it('translated, the answer finds back to who asked', () => {
    const world = new World({ helper: TFTP, nat: true });
    world.fromInside(udp({ from: world.inside, to: world.outside }, 5000, 69, REQUEST));
    const [seen] = world.fromOutside(
      udp({ from: world.outside, to: world.shown }, 6000, 5000, text('\x00\x03')),
    );
    assert.deepEqual([seen!.iface, seen!.pkt.dport], ['eth0', 5000]);
  });

  it('A-19: a flood of requests leaves one expectation a connection', () => {
    const world = new World({ helper: TFTP });
    for (let i = 0; i < 500; i++) {
      world.fromInside(udp({ from: world.inside, to: world.outside }, 5000, 69, REQUEST));
    }
    assert.equal(world.expectations.length, 1);
  });

  for (const [what, words] of [
    ['with nothing but zeros', '\x00\x01\x00\x00\x00\x00'],
    ['whose name has no end', '\x00\x01file'],
    ['without a name', '\x00\x01\x00octet\x00'],
    ['whose mode has no end', '\x00\x01file\x00octet'],
    ['of two bytes', '\x00\x01'],
    ['of one byte', '\x00'],
  ] as const) {
    it(`A-19, A-21: a request ${what} is none`, () => {
      const world = new World({ helper: TFTP });
      world.fromInside(udp({ from: world.inside, to: world.outside }, 5000, 69, text(words)));
      assert.deepEqual(world.expectations, []);
    });
  }

  it('A-2: what comes back on the connection is no request', () => {
    const world = new World({ helper: TFTP });
    world.fromInside(udp({ from: world.inside, to: world.outside }, 5000, 69, text('\x00\x05')));
    world.fromOutside(udp({ from: world.outside, to: world.inside }, 69, 5000, REQUEST));
    assert.deepEqual(world.expectations, []);
  });
});

describe('every helper', () => {
  const ports = [...helperRules(4).matchAll(/PREROUTING -p (tcp|udp) .*--dport (\d+) .*--helper (\S+)/g)].map(
    ([, proto, port, name]) => ({ proto, port: Number(port), name }),
  );

  it('A-2: what a browser sends to its port opens nothing for another host, whatever a segment of it begins with', () => {
    const tricks = [
      'PORT 10,0,0,9,31,144\r\n',
      'EPRT |1|10.0.0.9|8080|\r\n',
      `PRIVMSG bob :\x01DCC SEND file ${0x0a000009} 8080 1\x01\r\n`,
      invite(
        { from: '10.0.0.9', to: '198.51.100.7', body: sdp('10.0.0.9', ['m=audio 8080 RTP/AVP 0']) },
        'TCP',
      ),
      'SETUP rtsp://198.51.100.7/ RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP;unicast;client_port=8080-8081\r\n\r\n',
      '1022\0',
      '\x00\x00\x00\x0b\x00\x00\x00\x00',
      '\x03\x00\x00\x10\x08\x02\x00\x01\x05',
      '\x00\x9c\x00\x01\x1a\x2b\x3c\x4d\x00\x07\x00\x00',
    ];
    for (const { proto, port } of ports) {
      if (proto !== 'tcp') continue;
      const world = new World({ rules: `${helperRules(4)}*filter\nCOMMIT\n` });
      const talk = new Talk(world, { serverPort: port });
      talk.says('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n');
      for (const trick of tricks) talk.says(trick).answers('200 OK\r\n');
      assert.deepEqual(world.expectations, [], `port ${port}`);
    }
  });

  for (const mode of ['strict', 'linux'] as const) {
    it(`A-21: survives packets of any length and content (${mode})`, () => {
      const packet = fc.record({
        at: fc.nat(ports.length - 1),
        isReply: fc.boolean(),
        payload: fc.uint8Array({ maxLength: 60 }),
      });
      fc.assert(
        fc.property(fc.array(packet, { maxLength: 30 }), fc.boolean(), (packets, nat) => {
          const world = new World({
            settings: { mode },
            nat,
            rules: `${helperRules(4)}*filter\nCOMMIT\n${nat ? '*nat\n-A POSTROUTING -o eth1 -j SNAT --to-source 203.0.113.1\nCOMMIT\n' : ''}`,
          });
          const seqs = [1000, 9000];
          for (const { at, isReply, payload } of packets) {
            const { proto, port } = ports[at]!;
            const ends = isReply
              ? { from: world.outside, to: world.shown }
              : { from: world.inside, to: world.outside };
            const [sport, dport] = isReply ? [port, 4000 + at] : [4000 + at, port];
            const [mine, other] = isReply ? [1, 0] : [0, 1];
            const whole =
              proto === 'udp'
                ? udp(ends, sport, dport, payload)
                : tcp(ends, { sport, dport, seq: seqs[mine]!, ack: seqs[other]!, flags: 'PA', payload });
            seqs[mine]! += payload.length;
            if (isReply) world.fromOutside(whole);
            else world.fromInside(whole);
          }
        }),
        { numRuns: 100 },
      );
    });
  }
});

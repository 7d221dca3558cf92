/**
 * TCP numbers of a connection whose payload changes in length on its way: the change is made by hand, as a helper would
 * make it, in the middle of captured FTP sessions. Window tracking is at its strictest: what it finds wrong is dropped.
 */
import assert from 'node:assert/strict';
import type { CtHelper } from '../../src/netfilter/conntrack/helpers.ts';
import { directionOf } from '../../src/netfilter/conntrack/ct-info.ts';
import { SequenceAdjustment } from '../../src/netfilter/nat/seq-adjust.ts';
import { Verdict } from '../../src/netfilter/verdict.ts';
import { MergedInput } from '../../src/replay/merged-input.ts';
import type { PacketOutcome } from '../../src/replay/outcome.ts';
import { planReplay } from '../../src/replay/plan.ts';
import { Recorder } from '../../src/replay/recorder.ts';
import { setUp } from '../../src/replay/setup.ts';
import { writeU16 } from '../../src/wire/bytes.ts';
import * as build from '../../src/wire/build.ts';
import { dissectEthernet, redissectTransport } from '../../src/wire/dissect.ts';
import { fold, transportSum } from '../../src/wire/checksum.ts';
import * as ipv4 from '../../src/wire/ipv4.ts';
import { IPPROTO_TCP } from '../../src/wire/ip-protocol.ts';
import { PacketBuffer } from '../../src/wire/packet-buffer.ts';
import * as tcp from '../../src/wire/tcp.ts';
import * as tcpOptions from '../../src/wire/tcp-options.ts';
import { optionsOf, pcap } from './support.ts';

const RULES = `*raw
-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp
COMMIT
*nat
-A POSTROUTING -o eth1 -j MASQUERADE
COMMIT
*filter
-A FORWARD -m conntrack --ctstate INVALID -j DROP
COMMIT
`;

/** Replaces the payload; memory of its own, since a captured frame has no room to grow. */
function setPayload(pkt: PacketBuffer, payload: Uint8Array): void {
  const data = pkt.l4 + tcp.headerLength(pkt.bytes, pkt.l4);
  const bytes = new Uint8Array(data - pkt.start + payload.length);
  bytes.set(pkt.bytes.subarray(pkt.start, data));
  bytes.set(payload, data - pkt.start);
  const { start } = pkt;
  pkt.bytes = bytes;
  pkt.l3 -= start;
  pkt.l4 -= start;
  pkt.l2 -= start;
  pkt.start = 0;
  pkt.end = pkt.l3End = bytes.length;
  writeU16(bytes, pkt.l3 + 2, bytes.length - pkt.l3);
  ipv4.fillChecksum(bytes, pkt.l3);
  redissectTransport(pkt);
  tcp.setChecksum(bytes, pkt.l4, 0);
  tcp.setChecksum(bytes, pkt.l4, ~fold(transportSum(pkt)) & 0xffff);
}

const payloadOf = (pkt: PacketBuffer): Uint8Array =>
  pkt.bytes.slice(pkt.l4 + tcp.headerLength(pkt.bytes, pkt.l4), pkt.l3End);

function parsed(frame: Uint8Array): PacketBuffer {
  const pkt = new PacketBuffer(frame);
  dissectEthernet(pkt);
  return pkt;
}

const isControl = (pkt: PacketBuffer): boolean =>
  pkt.proto === IPPROTO_TCP && (pkt.sport === 21 || pkt.dport === 21);

interface Change {
  readonly direction: 0 | 1;
  /** Payloads that begin so are changed. */
  readonly prefix: string;
  readonly to: (text: string) => string;
}

/** A replay of an FTP session with a helper that makes these changes. */
function replayWith(
  capture: string,
  changes: readonly Change[],
): { outcomes: PacketOutcome[]; changed: number } {
  const outcomes: PacketOutcome[] = [];
  const recorder = new Recorder({ packet: (outcome) => outcomes.push(outcome) });
  const options = optionsOf({ rules: RULES, capture, insideInterface: 'eth0', outsideInterface: 'eth1' });
  const input = new MergedInput(options.inputs);
  const { gateway, driver, clock } = setUp(options, planReplay(options), recorder, input.firstTimeUs);
  let changed = 0;
  const helper: CtHelper = {
    name: 'ftp',
    family: 4,
    proto: IPPROTO_TCP,
    port: 21,
    policies: [{ name: '', maxExpected: 1, timeoutUs: 1 }],
    help(pkt, entry, ctInfo) {
      const direction = directionOf(ctInfo);
      const text = Buffer.from(payloadOf(pkt)).toString('latin1');
      const change = changes.find((one) => one.direction === direction && text.startsWith(one.prefix));
      if (change === undefined) return Verdict.ACCEPT;
      const wanted = Buffer.from(change.to(text), 'latin1');
      const seq = tcp.seq(pkt.bytes, pkt.l4);
      setPayload(pkt, wanted);
      gateway.sequences.resize(entry, direction, seq, wanted.length - text.length);
      changed++;
      return Verdict.ACCEPT;
    },
  };
  gateway.conntrack.helpers.register(helper);
  const pkt = new PacketBuffer();
  for (let n = 1; input.next(); n++) {
    clock.advanceTo(input.timeUs);
    driver.prepare(input.record, input.index, pkt);
    if (pkt.family === 0) continue;
    pkt.cause = n;
    recorder.begin(pkt);
    driver.run(pkt);
    recorder.finish(pkt, n, driver.ifaceName, () => driver.notes());
    gateway.netfilter.release(pkt);
  }
  input.close();
  return { outcomes, changed };
}

describe('replay: TCP numbers after a payload changed in length', () => {
  for (const { name, changes } of [
    {
      name: 'grown by the client',
      changes: [{ direction: 0, prefix: 'USER', to: (text) => `LONGER ${text}` }],
    },
    { name: 'shrunk by the client', changes: [{ direction: 0, prefix: 'USER', to: () => 'U\r\n' }] },
    {
      name: 'grown by the server',
      changes: [{ direction: 1, prefix: '331', to: (text) => `331 oh ${text}` }],
    },
    {
      name: 'changed several times, both ways',
      changes: [
        { direction: 0, prefix: 'USER', to: (text) => `${text.trimEnd()} and more\r\n` },
        { direction: 1, prefix: '227', to: () => '227 no\r\n' },
        { direction: 0, prefix: 'TYPE', to: () => 'T\r\n' },
        { direction: 0, prefix: 'PASV', to: (text) => `${text.trimEnd()} please\r\n` },
      ],
    },
  ] satisfies { name: string; changes: Change[] }[]) {
    it(`${name}: the rest stays ESTABLISHED, each end sees its own numbers, all checksums hold`, () => {
      const plain = replayWith(pcap('ftp-pasv.pcap'), []);
      const { outcomes, changed } = replayWith(pcap('ftp-pasv.pcap'), changes);
      assert.ok(changed >= 1);
      const offsets = { eth0: 0, eth1: 0 };
      outcomes.forEach((outcome, i) => {
        assert.equal(outcome.verdict, 'ACCEPT', `frame ${outcome.n}: ${outcome.reason}`);
        assert.equal(outcome.conntrack?.state, plain.outcomes[i]!.conntrack?.state);
        const given = parsed(outcome.frame);
        if (!isControl(given)) return;
        const out = parsed(outcome.out[0]!.frame);
        assert.equal(fold(transportSum(out)), 0xffff, `frame ${outcome.n}: TCP checksum`);
        const untouched = parsed(plain.outcomes[i]!.out[0]!.frame);
        const iface = outcome.out[0]!.iface as 'eth0' | 'eth1';
        // Its sequence numbers are shifted by what its own payloads grew before.
        const shift = (tcp.seq(out.bytes, out.l4) - tcp.seq(untouched.bytes, untouched.l4)) | 0;
        assert.equal(shift, offsets[iface], `frame ${outcome.n}: seq`);
        offsets[iface] += payloadOf(out).length - payloadOf(untouched).length;
        // It acknowledges to the other end exactly what that sent.
        assert.equal(
          tcp.ack(out.bytes, out.l4),
          tcp.ack(untouched.bytes, untouched.l4),
          `frame ${outcome.n}: ack`,
        );
      });
      assert.notDeepEqual(offsets, { eth0: 0, eth1: 0 });
    });
  }

  it('the far end acknowledges what it got: what the gateway is given is shifted', () => {
    const grown: Change = { direction: 0, prefix: 'USER', to: (text) => `LONGER ${text}` };
    const plain = replayWith(pcap('ftp-pasv.pcap'), []);
    const { outcomes } = replayWith(pcap('ftp-pasv.pcap'), [grown]);
    const shifts = outcomes.map((outcome, i) => {
      const given = parsed(outcome.frame);
      const before = parsed(plain.outcomes[i]!.frame);
      return isControl(given) && outcome.in === 'eth1'
        ? (tcp.ack(given.bytes, given.l4) - tcp.ack(before.bytes, before.l4)) | 0
        : 0;
    });
    assert.deepEqual([...new Set(shifts)].sort(), [0, 7]);
  });
});

describe('SequenceAdjustment', () => {
  const segment = (seq: number, ack: number, ...sack: [number, number][]) => {
    const options = sack.length === 0 ? [] : [tcpOptions.nop, tcpOptions.nop, tcpOptions.sackOption(...sack)];
    const pkt = parsed(
      build.frame(
        build.ethernet(),
        build.ipv4({ src: '10.0.0.1', dst: '10.0.0.2' }),
        build.tcp({ srcPort: 1, dstPort: 2, seq, ack, flags: tcp.ACK, options }),
        'data',
      ),
    );
    return pkt;
  };
  const numbers = (pkt: PacketBuffer) => [tcp.seq(pkt.bytes, pkt.l4) >>> 0, tcp.ack(pkt.bytes, pkt.l4) >>> 0];
  const make = () => new SequenceAdjustment({ status: new Int32Array(10) });

  it('shifts what stands behind the changed segment, and not the segment itself', () => {
    const sequences = make();
    sequences.resize(3, 0, 5000, 8);
    for (const [seq, expected] of [
      [4000, 4000],
      [5000, 5000],
      [5001, 5009],
      [6000, 6008],
    ] as const) {
      const pkt = segment(seq, 77);
      assert.equal(sequences.adjust(pkt, 3, 0), true);
      assert.deepEqual(numbers(pkt), [expected, 77]);
      assert.equal(fold(transportSum(pkt)), 0xffff);
    }
  });

  it('acknowledgements and SACK blocks of the other direction are shifted back, with the checksum', () => {
    const sequences = make();
    sequences.resize(3, 0, 5000, 8);
    const pkt = segment(77, 6008, [7008, 7108], [7208, 7308]);
    sequences.adjust(pkt, 3, 1);
    assert.deepEqual(numbers(pkt), [77, 6000]);
    const at = tcpOptions.find(pkt.bytes, pkt.l4, pkt.l3End, tcpOptions.SACK);
    assert.deepEqual(
      [0, 1].map((i) => [tcpOptions.sackLeft(pkt.bytes, at, i), tcpOptions.sackRight(pkt.bytes, at, i)]),
      [
        [7000, 7100],
        [7200, 7300],
      ],
    );
    assert.equal(fold(transportSum(pkt)), 0xffff);
  });

  it('a retransmission that is changed again does not count twice', () => {
    const sequences = make();
    sequences.resize(1, 0, 5000, 8);
    sequences.resize(1, 0, 5000, 8);
    assert.equal(sequences.offset(1, 0, 5001), 8);
    sequences.resize(1, 0, 6000, -3);
    assert.deepEqual(
      [5001, 6000, 6001].map((seq) => sequences.offset(1, 0, seq)),
      [8, 8, 5],
    );
  });

  it('numbers wrap around', () => {
    const sequences = make();
    sequences.resize(1, 0, 0xfffffff0 | 0, 100);
    const pkt = segment(0xfffffff8, 1);
    sequences.adjust(pkt, 1, 0);
    assert.deepEqual(numbers(pkt), [92, 1]);
    const back = segment(1, 92);
    sequences.adjust(back, 1, 1);
    assert.deepEqual(numbers(back), [1, 0xfffffff8]);
  });

  it('shiftAcknowledgement is the inverse of what adjust does to acknowledgements', () => {
    const sequences = make();
    sequences.resize(2, 0, 5000, 12);
    const pkt = segment(9, 5600, [5700, 5800]);
    sequences.shiftAcknowledgement(pkt, 2, 1);
    assert.deepEqual(numbers(pkt), [9, 5612]);
    sequences.adjust(pkt, 2, 1);
    assert.deepEqual(numbers(pkt), [9, 5600]);
    assert.equal(fold(transportSum(pkt)), 0xffff);
  });

  it('an entry used again by a new connection begins without shifts', () => {
    const status = new Int32Array(10);
    const sequences = new SequenceAdjustment({ status });
    sequences.resize(1, 0, 5000, 8);
    status[1] = 0;
    assert.equal(sequences.offset(1, 0, 6000), 0);
    sequences.resize(1, 1, 100, 4);
    assert.equal(sequences.offset(1, 0, 6000), 0);
  });
});

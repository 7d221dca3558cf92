/** RTCP's reports: loss, jitter and the way there and back as the receiver tells, and as tshark reckons them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { FileSink, PcapWriter } from '../../src/capture/index.ts';
import { ethernet, u16, u32, udp } from '../../src/conform/frames.ts';
import { MediaQuality } from '../../src/alg/media/media-quality.ts';
import { readReports } from '../../src/alg/media/reports.ts';
import { hasProgram, requireOrSkip } from '../support/require.ts';
import { World } from './support.ts';

const START_US = 1_700_000_000_000_000;
const [CALLER, CALLEE] = [0x11111111, 0x22222222];

interface Block {
  readonly ssrc: number;
  readonly fraction?: number;
  readonly lost?: number;
  readonly jitter?: number;
  readonly last?: number;
  readonly delay?: number;
}

function block({ ssrc, fraction = 0, lost = 0, jitter = 0, last = 0, delay = 0 }: Block): number[] {
  const loss = ((fraction << 24) | (lost & 0xffffff)) >>> 0;
  return [...u32(ssrc), ...u32(loss), ...u32(1000), ...u32(jitter), ...u32(last), ...u32(delay)];
}

/** The middle of the time stamp is `stamp`. */
function senderReport(ssrc: number, stamp: number, blocks: readonly Block[] = []): number[] {
  const body = [...u32(ssrc), ...u16(0xe000), ...u32(stamp), ...u16(0), ...u32(160), ...u32(1), ...u32(160)];
  const all = [...body, ...blocks.flatMap(block)];
  return [0x80 | blocks.length, 200, ...u16(all.length / 4), ...all];
}

function receiverReport(ssrc: number, ...blocks: readonly Block[]): number[] {
  const all = [...u32(ssrc), ...blocks.flatMap(block)];
  return [0x80 | blocks.length, 201, ...u16(all.length / 4), ...all];
}

function heard(...packets: readonly (readonly [ms: number, bytes: readonly number[]])[]): MediaQuality {
  const stream = new MediaQuality('a', 'b', CALLER, 0, 'PCMU/8000');
  for (const [ms, bytes] of packets) {
    const nowUs = START_US + ms * 1000;
    const isRead = readReports(Uint8Array.from(bytes), 0, bytes.length, {
      sent: (ssrc, stamp) => ssrc === CALLER && stream.sentReport(stamp, nowUs),
      received: (report) => report.ssrc === CALLER && stream.takeReport(report, nowUs),
    });
    assert.ok(isRead);
  }
  return stream;
}

describe('RTCP reports', () => {
  it('loss since the last report and since the beginning, jitter in the stream’s clock', () => {
    const { reported } = heard(
      [0, receiverReport(CALLEE, { ssrc: CALLER, fraction: 64, lost: 5, jitter: 80 })],
      [9, receiverReport(CALLEE, { ssrc: CALLER, fraction: 128, lost: -2, jitter: 160 })],
    );
    assert.deepEqual(reported, { count: 2, fractionLost: 0.5, lost: -2, jitterMs: 20, roundTripMs: null });
  });

  it('the way there and back: since the report that is answered, less what the receiver waited', () => {
    const answer = receiverReport(CALLEE, { ssrc: CALLER, last: 0xabcd1234, delay: 65536 });
    assert.equal(heard([0, senderReport(CALLER, 0xabcd1234)], [1150, answer]).reported!.roundTripMs, 150);
    // Nobody knows that report; or the receiver claims to have waited longer than it is ago.
    assert.equal(heard([0, senderReport(CALLER, 1)], [1150, answer]).reported!.roundTripMs, null);
    assert.equal(heard([0, senderReport(CALLER, 0xabcd1234)], [900, answer]).reported!.roundTripMs, null);
  });

  it('reports of both ends in one datagram, and what is no RTCP', () => {
    const both = [
      ...senderReport(CALLER, 7, [{ ssrc: CALLEE }]),
      ...receiverReport(CALLEE, { ssrc: CALLER, lost: 3 }),
    ];
    assert.equal(heard([0, both]).reported!.lost, 3);
    for (const bytes of [both.slice(0, -1), [], [0x80, 200, 0xff, 0xff]]) {
      const nothing = { sent: () => assert.fail(), received: () => assert.fail() };
      assert.equal(readReports(Uint8Array.from(bytes), 0, bytes.length, nothing), false);
    }
  });

  it('A-13: blocks beyond their packet are none, whatever the counts say', () => {
    const quiet = { sent: () => undefined, received: () => undefined };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        readReports(bytes, 0, bytes.length, quiet);
      }),
    );
    const lying = receiverReport(CALLEE);
    lying[0] = 0x9f;
    readReports(Uint8Array.from(lying), 0, lying.length, {
      sent: () => assert.fail(),
      received: () => assert.fail(),
    });
  });

  it('a call lists what its receivers report, on a connection of their own', () => {
    const world = new World({ helper: '-p udp -m udp --dport 5060 -j CT --helper sip' });
    const there = { from: world.inside, to: world.outside };
    const back = { from: world.outside, to: world.inside };
    const sdp = (ip: string, port: number): string =>
      `v=0\r\no=- 1 1 IN IP4 ${ip}\r\ns=-\r\nc=IN IP4 ${ip}\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\n`;
    const head = `Via: SIP/2.0/UDP 10.0.0.2:5060;branch=z1\r\nFrom: <sip:a@10.0.0.2>;tag=1\r\nTo: <sip:b@198.51.100.7>\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\nContact: <sip:a@10.0.0.2:5060>\r\nContent-Type: application/sdp\r\n`;
    const message = (line: string, body: string): number[] => [
      ...Buffer.from(`${line}\r\n${head}Content-Length: ${body.length}\r\n\r\n${body}`),
    ];
    world.fromInside(
      udp(there, 5060, 5060, message('INVITE sip:b@198.51.100.7 SIP/2.0', sdp('10.0.0.2', 5004))),
    );
    world.fromOutside(udp(back, 5060, 5060, message('SIP/2.0 200 OK', sdp('198.51.100.7', 6004))));
    const rtp = [0x80, 0, ...u16(1), ...u32(160), ...u32(CALLER), ...new Array<number>(160).fill(0xff)];
    world.fromInside(udp(there, 5004, 6004, rtp));
    world.fromInside(udp(there, 5005, 6005, senderReport(CALLER, 99)));
    world.wait(0.1);
    world.fromOutside(
      udp(back, 6005, 5005, receiverReport(CALLEE, { ssrc: CALLER, lost: 1, last: 99, delay: 0 })),
    );
    const [call] = world.flows.calls.all;
    const [stream] = call!.quality;
    assert.equal(stream!.reported!.lost, 1);
    assert.ok(Math.abs(stream!.reported!.roundTripMs! - 101) < 1);
  });

  it('agrees with tshark on the way there and back, loss and jitter', function () {
    requireOrSkip(this, 'needs tshark', hasProgram('tshark'));
    const folder = mkdtempSync(join(tmpdir(), 'sluice-rtcp-'));
    try {
      const path = join(folder, 'rtcp.pcap');
      const writer = new PcapWriter(FileSink.create(path), {});
      const packets: [number, number[]][] = [
        [0, senderReport(CALLER, 0x00051000)],
        [
          1234,
          receiverReport(CALLEE, {
            ssrc: CALLER,
            fraction: 64,
            lost: 12,
            jitter: 40,
            last: 0x00051000,
            delay: 0x10000,
          }),
        ],
      ];
      packets.forEach(([ms, bytes], i) => {
        const [from, to, sport, dport] =
          i === 0 ? ['10.0.0.2', '198.51.100.7', 5005, 6005] : ['198.51.100.7', '10.0.0.2', 6005, 5005];
        const frame = ethernet(
          '02:00:00:00:00:01',
          '02:00:00:00:00:02',
          udp({ from: String(from), to: String(to) }, Number(sport), Number(dport), bytes),
        );
        writer.write(START_US + ms * 1000, frame, 0, frame.length, frame.length);
      });
      writer.close();
      const fields = ['rtcp.roundtrip-delay', 'rtcp.ssrc.fraction', 'rtcp.ssrc.cum_nr', 'rtcp.ssrc.jitter'];
      const { stdout } = spawnSync(
        'tshark',
        [
          '-r',
          path,
          '-d',
          'udp.port==5005,rtcp',
          '-o',
          'rtcp.show_roundtrip_calculation:TRUE',
          '-T',
          'fields',
          ...fields.flatMap((field) => ['-e', field]),
        ],
        { encoding: 'utf8' },
      );
      const [delay, fraction, lost, jitter] = stdout.trimEnd().split('\n').at(-1)!.split('\t').map(Number);
      const { reported } = heard(...packets);
      assert.equal(Math.round(reported!.roundTripMs!), delay);
      assert.deepEqual(
        [reported!.fractionLost * 256, reported!.lost, reported!.jitterMs * 8],
        [fraction, lost, jitter],
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

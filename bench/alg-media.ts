/**
 * `alg-media`: voices of telephone calls through the pinholes that SIP's helper opened for them, beside the same packets where
 * nobody reads the signalling: the helper is set on another port. Where it reads, the rules let nothing else through.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileSink, PcapWriter } from '../src/capture/index.ts';
import { data, ethernet, frame, ipv4, udp } from '../src/wire/build.ts';
import { writeU16, writeU32 } from '../src/wire/bytes.ts';
import { median, more, type Bench } from './figure.ts';
import { replayRate } from './replay-nat.ts';
import { INSIDE, OUTSIDE } from './traffic.ts';

const CALLS = 100;
const PACKETS_EACH_WAY = 2000;
/** Many, in turns: the two differ by less than runs of one do. */
const RUNS = 15;
const START_US = 1_700_000_000_000_000;
const STEP_US = 5;
const SIP = 5060;
const RTP_HEADER = 12;
/** 20 ms of G.711. */
const VOICE_BYTES = 160;

const rules = (helpedPort: number, policy: string): string => `*raw
-A PREROUTING -p udp -m udp --dport ${helpedPort} -j CT --helper sip
COMMIT
*filter
:FORWARD ${policy} [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -p udp -m udp --dport ${SIP} -j ACCEPT
COMMIT
`;
const HELPED = rules(SIP, 'DROP');
const ALONE = rules(SIP + 1, 'ACCEPT');

export const algMedia: Bench = {
  name: 'alg-media',
  about: `media of ${CALLS} calls through pinholes`,
  run() {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
    try {
      const inside = join(folder, 'inside.pcap');
      const outside = join(folder, 'outside.pcap');
      writeCalls(inside, outside);
      const helped: number[] = [];
      const alone: number[] = [];
      for (let run = 0; run < RUNS; run++) {
        helped.push(replayRate(HELPED, inside, outside));
        alone.push(replayRate(ALONE, inside, outside));
      }
      const peer = 'Sluice without a helper';
      return [more('alg-media', median(helped) / 1e6, 'Mpps', peer, median(alone) / 1e6)];
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

interface Party {
  readonly address: string;
  readonly media: number;
}

/** All calls are set up, and then speak in turns. */
function writeCalls(insidePath: string, outsidePath: string): void {
  const inside = new PcapWriter(FileSink.create(insidePath), {});
  const outside = new PcapWriter(FileSink.create(outsidePath), {});
  let time = START_US;
  const write = (isCaller: boolean, bytes: Uint8Array): void => {
    (isCaller ? inside : outside).write(time, bytes, 0, bytes.length, bytes.length);
    time += STEP_US;
  };
  const calls = Array.from({ length: CALLS }, (_, n) => ({
    caller: { address: `10.254.1.${2 + n}`, media: 6000 },
    callee: { address: `198.18.0.${1 + n}`, media: 7000 },
  }));
  for (const { caller, callee } of calls) {
    write(true, datagram(true, caller, callee, SIP, SIP, message('INVITE', caller, callee, caller)));
    write(
      false,
      datagram(false, callee, caller, SIP, SIP, message('SIP/2.0 200 OK', caller, callee, callee)),
    );
    write(true, datagram(true, caller, callee, SIP, SIP, message('ACK', caller, callee, null)));
  }
  const voices = calls.flatMap(({ caller, callee }) => [
    { isCaller: true, bytes: voice(true, caller, callee) },
    { isCaller: false, bytes: voice(false, callee, caller) },
  ]);
  for (let n = 0; n < PACKETS_EACH_WAY; n++) {
    for (const { isCaller, bytes } of voices) {
      const rtp = bytes.length - VOICE_BYTES - RTP_HEADER;
      writeU16(bytes, rtp + 2, n);
      writeU32(bytes, rtp + 4, n * VOICE_BYTES);
      write(isCaller, bytes);
    }
  }
  inside.close();
  outside.close();
}

function voice(isCaller: boolean, from: Party, to: Party): Uint8Array {
  const payload = new Uint8Array(RTP_HEADER + VOICE_BYTES);
  payload[0] = 0x80;
  // The packets differ in what the checksum covers; without one they need no other.
  return datagram(isCaller, from, to, from.media, to.media, payload, 0);
}

function message(start: string, caller: Party, callee: Party, described: Party | null): Uint8Array {
  const body =
    described === null
      ? ''
      : `v=0\r\no=- 1 1 IN IP4 ${described.address}\r\ns=-\r\nc=IN IP4 ${described.address}\r\nt=0 0\r\n` +
        `m=audio ${described.media} RTP/AVP 0\r\n`;
  const method = start.startsWith('SIP') ? 'INVITE' : start;
  const first = start.startsWith('SIP') ? start : `${start} sip:bob@${callee.address} SIP/2.0`;
  const headers = [
    `Via: SIP/2.0/UDP ${caller.address}:${SIP};branch=z9hG4bK${method}${caller.address}`,
    'Max-Forwards: 70',
    `From: <sip:alice@${caller.address}>;tag=a`,
    `To: <sip:bob@${callee.address}>${start === 'INVITE' ? '' : ';tag=b'}`,
    `Call-ID: call@${caller.address}`,
    `CSeq: 1 ${method}`,
    `Contact: <sip:${start.startsWith('SIP') ? `bob@${callee.address}` : `alice@${caller.address}`}>`,
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${body.length}`,
  ];
  return new TextEncoder().encode(`${[first, ...headers].join('\r\n')}\r\n\r\n${body}`);
}

function datagram(
  isCaller: boolean,
  from: Party,
  to: Party,
  srcPort: number,
  dstPort: number,
  payload: Uint8Array,
  checksum?: number,
): Uint8Array {
  const side = isCaller ? INSIDE : OUTSIDE;
  return frame(
    ethernet({ src: side.peer, dst: side.mac }),
    ipv4({ src: from.address, dst: to.address }),
    udp({ srcPort, dstPort, ...(checksum === undefined ? {} : { checksum }) }),
    data(payload),
  );
}

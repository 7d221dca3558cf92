/**
 * `alg-messages-sip`: telephone calls set up and ended, with headers as telephones send them and descriptions of several
 * codecs: INVITE, 100, 180, 200, ACK, BYE, 200, every packet a message, through the strict helper; over UDP routed and
 * translated, over TCP routed; beside the kernel with its helper and beside Sluice without. No media: `alg-media` has them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileSink, PcapWriter } from '../src/capture/index.ts';
import { data, ethernet, frame, ipv4, tcp, udp } from '../src/wire/build.ts';
import { median, more, type Bench, type Figure } from './figure.ts';
import { kernelMissing, kernelRate } from './kernel.ts';
import { replayRate } from './replay-nat.ts';
import { INSIDE, OUTSIDE } from './traffic.ts';

type Transport = 'udp' | 'tcp';

/** What calls go through. */
interface Way {
  readonly transport: Transport;
  readonly isTranslated: boolean;
}

const PHONES = 250;
const CALLS_EACH = 60;
/** An odd number, and so many that the first two, during which V8 compiles, do not weigh on the median. */
const RUNS = 9;
const START_US = 1_700_000_000_000_000;
const STEP_US = 5;
const SIP = 5060;
const [SYN, SYN_ACK, PSH_ACK] = [0x02, 0x12, 0x18];
const GATEWAY_ADDRESS = OUTSIDE.address.replace(/\/.*/, '');

const ALONE = `*filter
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`;
const helperOf = (transport: Transport): string => `*raw
-A PREROUTING -p ${transport} -m ${transport} --dport ${SIP} -j CT --helper sip
COMMIT
`;
const TRANSLATION = `*nat
-A POSTROUTING -o ${OUTSIDE.iface} -j SNAT --to-source ${GATEWAY_ADDRESS}
COMMIT
`;

export const algMessagesSip: Bench = {
  name: 'alg-messages-sip',
  figures: ['alg-messages-sip', 'alg-messages-sip-nat', 'alg-messages-sip-tcp'].flatMap((name) => [
    name,
    `${name}-cost`,
  ]),
  about: 'calls of SIP, every packet a message',
  run() {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
    try {
      return [
        ...figures(folder, 'alg-messages-sip', { transport: 'udp', isTranslated: false }),
        ...figures(folder, 'alg-messages-sip-nat', { transport: 'udp', isTranslated: true }),
        ...figures(folder, 'alg-messages-sip-tcp', { transport: 'tcp', isTranslated: false }),
      ];
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

function figures(folder: string, name: string, way: Way): Figure[] {
  const alone = way.isTranslated ? `${TRANSLATION}${ALONE}` : ALONE;
  const rules = `${helperOf(way.transport)}${alone}`;
  const inside = join(folder, `${name}-inside.pcap`);
  const outside = join(folder, `${name}-outside.pcap`);
  writeCalls(inside, outside, way);
  const missing = kernelMissing();
  const helped: number[] = [];
  const unhelped: number[] = [];
  const kernel: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    helped.push(replayRate(rules, inside, outside));
    unhelped.push(replayRate(alone, inside, outside));
    if (missing === null && run < 3) kernel.push(kernelRate(folder, rules, inside, outside));
  }
  const ours = median(helped) / 1e6;
  return [
    more(
      name,
      ours,
      'M messages/s',
      'Linux kernel and its helper, tcpreplay over veth',
      missing === null ? median(kernel) / 1e6 : null,
      missing ?? undefined,
    ),
    more(`${name}-cost`, ours, 'M messages/s', 'Sluice without a helper', median(unhelped) / 1e6),
  ];
}

/** All phones take turns, message by message; each calls a party of its own. */
function writeCalls(insidePath: string, outsidePath: string, way: Way): void {
  const inside = new PcapWriter(FileSink.create(insidePath), {});
  const outside = new PcapWriter(FileSink.create(outsidePath), {});
  const lines = Array.from({ length: PHONES }, (_, n) => new Line(n, way));
  let time = START_US;
  const turn = (isCaller: boolean, packetOf: (line: Line) => Uint8Array): void => {
    for (const line of lines) {
      const bytes = packetOf(line);
      (isCaller ? inside : outside).write(time, bytes, 0, bytes.length, bytes.length);
      time += STEP_US;
    }
  };
  if (way.transport === 'tcp') {
    turn(true, (line) => line.packet(true, '', SYN));
    turn(false, (line) => line.packet(false, '', SYN_ACK));
  }
  for (let call = 0; call < CALLS_EACH; call++) {
    for (const said of CALL) turn(said.isCaller, (line) => line.message(said, call));
  }
  inside.close();
  outside.close();
}

interface Said {
  readonly isCaller: boolean;
  /** A method, or the line of a response. */
  readonly start: string;
  readonly cseq: string;
  readonly isDescribed: boolean;
}

const CALL: readonly Said[] = [
  { isCaller: true, start: 'INVITE', cseq: '1 INVITE', isDescribed: true },
  { isCaller: false, start: 'SIP/2.0 100 Trying', cseq: '1 INVITE', isDescribed: false },
  { isCaller: false, start: 'SIP/2.0 180 Ringing', cseq: '1 INVITE', isDescribed: false },
  { isCaller: false, start: 'SIP/2.0 200 OK', cseq: '1 INVITE', isDescribed: true },
  { isCaller: true, start: 'ACK', cseq: '1 ACK', isDescribed: false },
  { isCaller: true, start: 'BYE', cseq: '2 BYE', isDescribed: false },
  { isCaller: false, start: 'SIP/2.0 200 OK', cseq: '2 BYE', isDescribed: false },
];

/** Of a phone to the party that it calls; over TCP, both ends count. */
class Line {
  private readonly n: number;
  private readonly way: Way;
  private readonly seqs: [caller: number, callee: number] = [1000, 5000];

  constructor(n: number, way: Way) {
    this.n = n;
    this.way = way;
  }

  message(said: Said, call: number): Uint8Array {
    const { caller, callee } = this.ends(said.isCaller);
    const { transport } = this.way;
    return this.packet(said.isCaller, message(said, transport, caller, callee, 10_000 + 2 * this.n, call));
  }

  packet(isCaller: boolean, words: string, flags = PSH_ACK): Uint8Array {
    const { caller, callee } = this.ends(isCaller);
    const [side, src, dst] = isCaller ? [INSIDE, caller, callee] : [OUTSIDE, callee, caller];
    return frame(
      ethernet({ src: side.peer, dst: side.mac }),
      ipv4({ src, dst }),
      this.way.transport === 'udp'
        ? udp({ srcPort: SIP, dstPort: SIP })
        : this.segment(isCaller, flags, words.length),
      data(new TextEncoder().encode(words)),
    );
  }

  private segment(isCaller: boolean, flags: number, length: number): ReturnType<typeof tcp> {
    const [own, peer] = isCaller ? ([0, 1] as const) : ([1, 0] as const);
    const seq = this.seqs[own];
    this.seqs[own] += length + ((flags & SYN) === 0 ? 0 : 1);
    const ack = flags === SYN ? 0 : this.seqs[peer];
    return tcp({ srcPort: SIP, dstPort: SIP, seq, ack, flags, window: 65_535 });
  }

  /** What comes from outside under translation knows the caller by the gateway's address only. */
  private ends(isCaller: boolean): { readonly caller: string; readonly callee: string } {
    const isHidden = this.way.isTranslated && !isCaller;
    return {
      caller: isHidden ? GATEWAY_ADDRESS : `10.254.1.${1 + this.n}`,
      callee: `198.18.0.${1 + this.n}`,
    };
  }
}

function message(
  { isCaller, start, cseq, isDescribed }: Said,
  transport: Transport,
  caller: string,
  callee: string,
  port: number,
  call: number,
): string {
  const isRequest = !start.startsWith('SIP/');
  const body = isDescribed ? description(isCaller ? caller : callee, port) : '';
  const headers = [
    isRequest ? `${start} sip:bob@${callee}:${SIP} SIP/2.0` : start,
    `Via: SIP/2.0/${transport.toUpperCase()} ${caller}:${SIP};rport;branch=z9hG4bK${call}${cseq.replace(' ', '')}776asdhds`,
    ...(isRequest ? ['Max-Forwards: 70'] : []),
    `From: "Alice" <sip:alice@${caller}>;tag=1928301774${call}`,
    `To: "Bob" <sip:bob@${callee}>${start === 'INVITE' ? '' : `;tag=a6c85cf${call}`}`,
    `Call-ID: a84b4c76e66710${call}@${callee}`,
    `CSeq: ${cseq}`,
    ...(isRequest || cseq.endsWith('INVITE')
      ? [`Contact: <sip:${isCaller ? `alice@${caller}` : `bob@${callee}`}:${SIP}>`]
      : []),
    'User-Agent: Desk telephone 4.5.2.3',
    'Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY',
    'Supported: replaces, 100rel, timer',
    ...(isDescribed ? ['Content-Type: application/sdp'] : []),
    `Content-Length: ${body.length}`,
  ];
  return `${headers.join('\r\n')}\r\n\r\n${body}`;
}

function description(address: string, port: number): string {
  return [
    'v=0',
    `o=- 20518 0 IN IP4 ${address}`,
    's=-',
    `c=IN IP4 ${address}`,
    't=0 0',
    `m=audio ${port} RTP/AVP 9 8 0 18 101`,
    'a=rtpmap:9 G722/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:18 G729/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-15',
    'a=sendrecv',
    '',
  ].join('\r\n');
}

/**
 * `alg-messages`: FTP control connections on which nothing is said but PORT, LIST and their replies, every segment a
 * message, through the state machine of the strict helper; beside the kernel with its helper, and beside Sluice without.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileSink, PcapWriter } from '../src/capture/index.ts';
import { data, ethernet, frame, ipv4, tcp } from '../src/wire/build.ts';
import { median, more, type Bench } from './figure.ts';
import { kernelMissing, kernelRate } from './kernel.ts';
import { replayRate } from './replay-nat.ts';
import { INSIDE, OUTSIDE } from './traffic.ts';

const CONNECTIONS = 250;
const ROUNDS = 200;
const RUNS = 5;
const START_US = 1_700_000_000_000_000;
const STEP_US = 5;
const FTP = 21;
const [SYN, SYN_ACK, PSH_ACK] = [0x02, 0x12, 0x18];

const HELPED = `*raw
-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp
COMMIT
*filter
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`;
const ALONE = HELPED.replace(/^\*raw[^]*?COMMIT\n/, '');

export const algMessages: Bench = {
  name: 'alg-messages',
  figures: ['alg-messages', 'alg-messages-cost'],
  about: 'FTP control connections, every segment a message',
  run() {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
    try {
      const inside = join(folder, 'inside.pcap');
      const outside = join(folder, 'outside.pcap');
      writeControlTraffic(inside, outside);
      const missing = kernelMissing();
      const helped: number[] = [];
      const alone: number[] = [];
      const kernel: number[] = [];
      for (let run = 0; run < RUNS; run++) {
        helped.push(replayRate(HELPED, inside, outside));
        alone.push(replayRate(ALONE, inside, outside));
        if (missing === null && run < 3) kernel.push(kernelRate(folder, HELPED, inside, outside));
      }
      const ours = median(helped) / 1e6;
      return [
        more(
          'alg-messages',
          ours,
          'M messages/s',
          'Linux kernel and its helper, tcpreplay over veth',
          missing === null ? median(kernel) / 1e6 : null,
          missing ?? undefined,
        ),
        more('alg-messages-cost', ours, 'M messages/s', 'Sluice without a helper', median(alone) / 1e6),
      ];
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

/** All connections take turns, message by message. */
function writeControlTraffic(insidePath: string, outsidePath: string): void {
  const inside = new PcapWriter(FileSink.create(insidePath), {});
  const outside = new PcapWriter(FileSink.create(outsidePath), {});
  const talks = Array.from({ length: CONNECTIONS }, (_, n) => new Talk(n));
  let time = START_US;
  for (let step = 0; step < 3 + ROUNDS * ROUND.length; step++) {
    for (const talk of talks) {
      const { isClient, bytes } = talk.next(step);
      const writer = isClient ? inside : outside;
      writer.write(time, bytes, 0, bytes.length, bytes.length);
      time += STEP_US;
    }
  }
  inside.close();
  outside.close();
}

interface Said {
  readonly isClient: boolean;
  readonly words: (own: string, round: number) => string;
}

const ROUND: readonly Said[] = [
  {
    isClient: true,
    words: (own, round) => `PORT ${own.replaceAll('.', ',')},${20 + round},7\r\n`,
  },
  { isClient: false, words: () => '200 PORT command successful.\r\n' },
  { isClient: true, words: () => 'LIST\r\n' },
  { isClient: false, words: () => '150 Here comes the directory listing.\r\n' },
  { isClient: false, words: () => '226 Directory send OK.\r\n' },
];

/** One control connection; both ends count. */
class Talk {
  private readonly client: string;
  private readonly server: string;
  private readonly seqs: [client: number, server: number] = [1000, 5000];

  constructor(n: number) {
    this.client = `10.254.${1 + (n >> 8)}.${2 + (n % 250)}`;
    this.server = `198.18.${n >> 8}.${1 + (n % 250)}`;
  }

  next(step: number): { readonly isClient: boolean; readonly bytes: Uint8Array } {
    if (step === 0) return this.segment(true, SYN, '');
    if (step === 1) return this.segment(false, SYN_ACK, '');
    if (step === 2) return this.segment(false, PSH_ACK, '220 ready\r\n');
    const at = step - 3;
    const { isClient, words } = ROUND[at % ROUND.length]!;
    return this.segment(isClient, PSH_ACK, words(this.client, Math.floor(at / ROUND.length)));
  }

  private segment(isClient: boolean, flags: number, words: string) {
    const [side, peer] = isClient ? ([INSIDE, 1] as const) : ([OUTSIDE, 0] as const);
    const seq = this.seqs[isClient ? 0 : 1];
    const payload = new TextEncoder().encode(words);
    const bytes = frame(
      ethernet({ src: side.peer, dst: side.mac }),
      ipv4(isClient ? { src: this.client, dst: this.server } : { src: this.server, dst: this.client }),
      tcp({
        srcPort: isClient ? 30_000 : FTP,
        dstPort: isClient ? FTP : 30_000,
        seq,
        ack: flags === SYN ? 0 : this.seqs[peer],
        flags,
        window: 65_535,
      }),
      data(payload),
    );
    this.seqs[isClient ? 0 : 1] += payload.length + ((flags & SYN) === 0 ? 0 : 1);
    return { isClient, bytes };
  }
}

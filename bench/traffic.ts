/**
 * Synthetic traffic for the benchmarks: TCP conversations between clients inside and servers outside, as two captures (what
 * arrives on the inside and on the outside of a NAT gateway), interleaved as on a busy link. Every conversation has a
 * client port of its own, so that masquerading keeps it and the outside capture can be written beforehand.
 */
import { FileSink, PcapWriter } from '../src/capture/index.ts';
import { data, ethernet, frame, ipv4, tcp } from '../src/wire/build.ts';
import { writeU16, writeU32 } from '../src/wire/bytes.ts';
import { checksum, pseudo4 } from '../src/wire/checksum.ts';
import * as ipv4Header from '../src/wire/ipv4.ts';
import { mssOption } from '../src/wire/tcp-options.ts';

export const INSIDE = {
  iface: 'eth0',
  mac: '02:00:00:00:00:01',
  peer: '02:00:00:00:01:01',
  address: '10.254.0.1/16',
};
export const OUTSIDE = {
  iface: 'eth1',
  mac: '02:00:00:00:00:02',
  peer: '02:00:00:00:02:02',
  address: '10.253.0.1/24',
};

export const INSIDE_HOP = '10.254.255.254';
export const OUTSIDE_HOP = '10.253.0.2';

const OUTSIDE_WORD = (10 << 24) | (253 << 16) | 1;
const FIRST_PORT = 2000;
const START_US = 1_700_000_000_000_000;
/** Between two packets: about a gigabit of small ones. */
const STEP_US = 2;
const DATA_BYTES = 64;
const OPEN = 1000;
const MSS = 1460;

/** Packets a conversation has in this model: handshake, data both ways, close. */
export const PACKETS_PER_FLOW = 20;

interface Segment {
  readonly fromClient: boolean;
  readonly flags: number;
  readonly bytes: number;
}

const SYN = 0x02;
const ACK = 0x10;
const PSH_ACK = 0x18;
const FIN_ACK = 0x11;

/** SYN, SYN+ACK, ACK, seven exchanges of data and acknowledgement, FIN both ways, last ACK. */
const SCRIPT: readonly Segment[] = [
  { fromClient: true, flags: SYN, bytes: 0 },
  { fromClient: false, flags: SYN | ACK, bytes: 0 },
  { fromClient: true, flags: ACK, bytes: 0 },
  ...Array.from({ length: 7 }, (): Segment[] => [
    { fromClient: true, flags: PSH_ACK, bytes: DATA_BYTES },
    { fromClient: false, flags: PSH_ACK, bytes: DATA_BYTES },
  ]).flat(),
  { fromClient: true, flags: FIN_ACK, bytes: 0 },
  { fromClient: false, flags: FIN_ACK, bytes: 0 },
  { fromClient: true, flags: ACK, bytes: 0 },
];

/**
 * Writes both captures. `translated`: the servers answer the gateway's address, as they do behind masquerading; else they
 * answer the client's own. OPEN conversations are open at a time, and take turns packet by packet.
 * @returns packets written in all
 */
export function writeTraffic(
  insidePath: string,
  outsidePath: string,
  flows: number,
  translated: boolean,
): number {
  const inside = new PcapWriter(FileSink.create(insidePath), {});
  const outside = new PcapWriter(FileSink.create(outsidePath), {});
  const maker = new SegmentMaker(translated);
  let time = START_US;
  let packets = 0;
  for (let first = 0; first < flows; first += OPEN) {
    const open = Math.min(OPEN, flows - first);
    for (let step = 0; step < SCRIPT.length; step++) {
      for (let flow = first; flow < first + open; flow++) {
        const bytes = maker.make(flow, step);
        const writer = SCRIPT[step]!.fromClient ? inside : outside;
        writer.write(time, bytes, 0, bytes.length, bytes.length);
        time += STEP_US;
        packets++;
      }
    }
  }
  inside.close();
  outside.close();
  return packets;
}

/** Segments by filling in templates: building a million frames from layers would take longer than replaying them. */
class SegmentMaker {
  private readonly templates = SCRIPT.map(template);
  /** Sequence numbers of client and server before each step. */
  private readonly sequence = sequences();

  private readonly translated: boolean;

  constructor(translated: boolean) {
    this.translated = translated;
  }

  make(flow: number, step: number): Uint8Array {
    const bytes = this.templates[step]!;
    const { fromClient } = SCRIPT[step]!;
    const own = (10 << 24) | (254 << 16) | (2 + (flow % 60000));
    const client = fromClient || !this.translated ? own : OUTSIDE_WORD;
    const server = (198 << 24) | (18 << 16) | (flow & 0xffff);
    const port = FIRST_PORT + (flow % 63000);
    writeU32(bytes, 26, fromClient ? client : server);
    writeU32(bytes, 30, fromClient ? server : client);
    ipv4Header.fillChecksum(bytes, 14);
    writeU16(bytes, fromClient ? 34 : 36, port);
    writeU16(bytes, fromClient ? 36 : 34, 80);
    const [clientSeq, serverSeq] = this.sequence[step]!;
    writeU32(bytes, 38, 1000 + (fromClient ? clientSeq : serverSeq));
    writeU32(bytes, 42, step === 0 ? 0 : 1000 + (fromClient ? serverSeq : clientSeq));
    writeU16(bytes, 50, 0);
    writeU16(
      bytes,
      50,
      checksum(
        bytes,
        34,
        bytes.length,
        pseudo4(fromClient ? client : server, fromClient ? server : client, 6, bytes.length - 34),
      ),
    );
    return bytes;
  }
}

function template({ fromClient, flags, bytes }: Segment): Uint8Array {
  const side = fromClient ? INSIDE : OUTSIDE;
  return frame(
    ethernet({ dst: side.mac, src: side.peer }),
    ipv4({ src: '10.0.0.1', dst: '10.0.0.2', ttl: 64 }),
    tcp({ flags, window: 65535, options: flags & SYN ? [mssOption(MSS)] : [] }),
    data(new Uint8Array(bytes).fill(0x61)),
  );
}

function sequences(): (readonly [client: number, server: number])[] {
  let client = 0;
  let server = 0;
  return SCRIPT.map(({ fromClient, flags, bytes }) => {
    const now = [client, server] as const;
    const length = bytes + (flags & (SYN | 0x01) ? 1 : 0);
    if (fromClient) client += length;
    else server += length;
    return now;
  });
}

/** The gateway between the two, as a gateway file's object. */
export const GATEWAY = {
  interfaces: {
    [INSIDE.iface]: { mac: INSIDE.mac, addresses: [INSIDE.address] },
    [OUTSIDE.iface]: { mac: OUTSIDE.mac, addresses: [OUTSIDE.address] },
  },
  neighbours: 'assume',
  // As for the kernel (kernel.ts): everybody inside behind one next hop.
  routes: [
    { to: '10.254.0.0/17', via: INSIDE_HOP, dev: INSIDE.iface },
    { to: '10.254.128.0/17', via: INSIDE_HOP, dev: INSIDE.iface },
    { to: 'default', via: OUTSIDE_HOP, dev: OUTSIDE.iface },
  ],
  sysctl: { 'net.netfilter.nf_conntrack_max': 262144 },
};

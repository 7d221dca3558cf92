/**
 * `switch-learning`: frames through a learning switch of 8 ports that knows 10,000 addresses, beside a Linux bridge that gets
 * the same frames over veth from tcpreplay; and how many addresses the table holds after a flood of a million.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '../src/base/clock.ts';
import { SeededRng } from '../src/base/rng.ts';
import { FileSink } from '../src/capture/files.ts';
import { PcapWriter } from '../src/capture/pcap-writer.ts';
import { makeSwitch, parseSwitchConfig, type VirtualSwitch } from '../src/vswitch/index.ts';
import { PacketBuffer } from '../src/wire/packet-buffer.ts';
import { less, median, more, type Bench } from './figure.ts';
import { programsMissing } from './kernel.ts';

const PORTS = 8;
const STATIONS = 10_000;
const FRAMES = 2_000_000;
const KERNEL_FRAMES = 200_000;
const FLOOD = 1_000_000;
const RUNS = 5;
const FRAME_BYTES = 60;
/** Addresses that the table may hold after the flood: its limit. */
const TABLE_LIMIT = 1 << 18;
const FIRST_VALUE = 12;

interface Traffic {
  readonly frames: readonly Uint8Array[];
  readonly ports: Int8Array;
}

/** From every station to another, in an order that no cache foresees. Station n is behind port n modulo 8. */
function makeTraffic(): Traffic {
  const rng = new SeededRng(1);
  const ports = new Int8Array(STATIONS);
  const frames = Array.from({ length: STATIONS }, (_, i) => {
    const from = (i * 7919) % STATIONS;
    let to = rng.below(STATIONS);
    if (to % PORTS === from % PORTS) to = (to + 1) % STATIONS;
    ports[i] = from % PORTS;
    const frame = new Uint8Array(FRAME_BYTES).fill(0x5a, FIRST_VALUE);
    frame.set([2, 0, 0, 0, to >>> 8, to], 0);
    frame.set([2, 0, 0, 0, from >>> 8, from], 6);
    frame.set([0x88, 0xb5], FIRST_VALUE);
    return frame;
  });
  return { frames, ports };
}

function makeBridge(): { bridge: VirtualSwitch; left: () => number } {
  let count = 0;
  const ports = Array.from({ length: PORTS }, (_, i) => `p${i}`);
  const bridge = makeSwitch(parseSwitchConfig({ model: 'learning', ports }, 'switch', 'br0'), {
    clock: new VirtualClock(1e15),
    rng: new SeededRng(1),
    sink: { frame: () => count++ },
  });
  return { bridge, left: () => count };
}

function pass(bridge: VirtualSwitch, { frames, ports }: Traffic, count: number): void {
  const pkt = new PacketBuffer();
  for (let n = 0, i = 0; n < count; n++) {
    const frame = frames[i]!;
    pkt.reset(frame, 0, FRAME_BYTES);
    bridge.receive(ports[i]!, pkt);
    if (++i === STATIONS) i = 0;
  }
}

/** Million frames a second, all addresses known. */
function sluiceRate(traffic: Traffic): number {
  const { bridge, left } = makeBridge();
  pass(bridge, traffic, STATIONS);
  const before = left();
  const start = process.hrtime.bigint();
  pass(bridge, traffic, FRAMES);
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  if (left() - before !== FRAMES) throw new Error('frames were flooded or lost');
  return FRAMES / seconds / 1e6;
}

/** How many addresses stand in the table after a million random ones. */
function tableAfterFlood(): number {
  const { bridge } = makeBridge();
  const frame = new Uint8Array(FRAME_BYTES).fill(0xff, 0, 6);
  const pkt = new PacketBuffer();
  const rng = new SeededRng(2);
  for (let n = 0; n < FLOOD; n++) {
    const random = rng.u32();
    frame.set([2, 1, random >>> 24, random >>> 16, random >>> 8, random], 6);
    pkt.reset(frame, 0, FRAME_BYTES);
    bridge.receive(0, pkt);
  }
  return bridge.table().length;
}

/** The same with the kernel's bridge: a capture for each port, one of them timed. */
function kernelRate(folder: string, { frames, ports }: Traffic): number {
  const id = `slb${process.pid}`;
  for (let port = 0; port < PORTS; port++) {
    const writer = new PcapWriter(FileSink.create(join(folder, `p${port}.pcap`)));
    frames.forEach((frame, i) => {
      if (ports[i] === port) writer.write(1e15 + i, frame, 0, FRAME_BYTES, FRAME_BYTES);
    });
    writer.close();
  }
  const script = `
set -e
trap 'ip netns del ${id}b 2>/dev/null; ip netns del ${id}p 2>/dev/null; true' EXIT
ip netns add ${id}b; ip netns add ${id}p
for n in b p; do ip netns exec ${id}$n sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1; done
ip -n ${id}b link add br0 type bridge mcast_snooping 0
ip -n ${id}b link set br0 up
for i in $(seq 0 ${PORTS - 1}); do
  ip -n ${id}p link add x$i type veth peer name p$i netns ${id}b
  ip -n ${id}b link set p$i master br0; ip -n ${id}b link set p$i up; ip -n ${id}p link set x$i up
done
for i in $(seq 0 ${PORTS - 1}); do
  until bridge -n ${id}b link show dev p$i | grep -q 'state forwarding'; do sleep 0.01; done
done
for i in $(seq 0 ${PORTS - 1}); do
  ip netns exec ${id}p tcpreplay --topspeed --preload-pcap -i x$i ${folder}/p$i.pcap >/dev/null 2>&1
done
ip netns exec ${id}p tcpreplay --topspeed --preload-pcap --loop ${Math.ceil((KERNEL_FRAMES * PORTS) / STATIONS)} -i x0 ${folder}/p0.pcap 2>&1
`;
  const output = execFileSync('bash', ['-c', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const rate = /Rated:.*?,\s*([\d.]+)\s*pps/.exec(output)?.[1];
  if (rate === undefined) throw new Error(`tcpreplay said no rate:\n${output}`);
  return Number(rate) / 1e6;
}

export const switchLearning: Bench = {
  name: 'switch-learning',
  figures: ['switch-learning', 'switch-learning-flood'],
  about: 'a learning switch of 8 ports with 10,000 addresses',
  run() {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
    try {
      const traffic = makeTraffic();
      const missing = programsMissing(['ip', 'bridge', 'tcpreplay']);
      const sluice: number[] = [];
      const kernel: number[] = [];
      for (let run = 0; run < RUNS; run++) {
        sluice.push(sluiceRate(traffic));
        if (missing === null && run < 3) kernel.push(kernelRate(folder, traffic));
      }
      return [
        more(
          'switch-learning',
          median(sluice),
          'Mframes/s',
          'Linux bridge over veth',
          missing === null ? median(kernel) : null,
          missing ?? undefined,
        ),
        less('switch-learning-flood', tableAfterFlood(), 'addresses', 'limit of the table', TABLE_LIMIT),
      ];
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

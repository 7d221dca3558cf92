/** What memory.ts measures, each in a process of its own: prints the peak resident memory in bytes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SeededRng } from '../src/base/rng.ts';
import { VirtualClock } from '../src/base/clock.ts';
import { Hook } from '../src/netfilter/hook.ts';
import { parseHostConfig } from '../src/stack/config.ts';
import { Gateway } from '../src/stack/gateway.ts';
import { runReplay } from '../src/replay/replay.ts';
import { ethernet, frame, ipv4, tcp } from '../src/wire/build.ts';
import { writeU16, writeU32 } from '../src/wire/bytes.ts';
import { dissectEthernet } from '../src/wire/dissect.ts';
import { ChecksumState, PacketBuffer } from '../src/wire/packet-buffer.ts';
import { NAT_GATEWAY } from './gateway-rules.ts';
import { GATEWAY, INSIDE, OUTSIDE, PACKETS_PER_FLOW, writeTraffic } from './traffic.ts';

const [job, argument] = process.argv.slice(2);

switch (job) {
  case 'connections':
    trackConnections(Number(argument));
    break;
  case 'capture':
    replayLarge(Number(argument));
    break;
  default:
    throw new Error(`no job ${job}`);
}
process.stdout.write(`${process.resourceUsage().maxRSS * 1024}\n`);

/** Confirms that many connections, each by its first SYN and the answer to it. */
function trackConnections(count: number): void {
  const gateway = new Gateway(parseHostConfig({ sysctl: { 'net.netfilter.nf_conntrack_max': count } }), {
    clock: new VirtualClock(1_700_000_000_000_000),
    rng: new SeededRng(1),
    log: { wanted: false, line() {} },
    sink: { frame() {} },
  });
  const { conntrack } = gateway;
  conntrack.require(4);
  const syn = frame(ethernet({}), ipv4({ src: '10.0.0.1', dst: '10.0.0.2' }), tcp({ flags: 0x02 }));
  const pkt = new PacketBuffer();
  for (let i = 0; i < count; i++) {
    writeU32(syn, 26, (10 << 24) | (i >>> 6));
    writeU16(syn, 34, 1024 + (i & 63));
    pkt.reset(syn, 0, syn.length);
    dissectEthernet(pkt);
    pkt.checksumState = ChecksumState.GOOD;
    conntrack.in(pkt, Hook.PREROUTING);
    conntrack.confirm(pkt, Hook.POSTROUTING);
    conntrack.release(pkt);
  }
  if (conntrack.count !== count) throw new Error(`${conntrack.count} connections instead of ${count}`);
}

/**
 * A capture of any size, without a disk for it: this same program writes packets into two pipes, again and again the
 * same 50,000 conversations, while another replays them.
 */
function replayLarge(packets: number): void {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  try {
    const inside = join(folder, 'inside.pcap');
    const outside = join(folder, 'outside.pcap');
    writeTraffic(inside, outside, Math.min(50_000, Math.ceil(packets / PACKETS_PER_FLOW)), true);
    const rounds = Math.max(1, Math.round(packets / (50_000 * PACKETS_PER_FLOW)));
    const repeated = [inside, outside].map((path) => repeat(path, rounds));
    runReplay({
      rules: { text: NAT_GATEWAY, file: 'bench.rules' },
      gateway: { value: GATEWAY, file: 'bench' },
      inputs: repeated.map((path, i) => ({ iface: i === 0 ? INSIDE.iface : OUTSIDE.iface, path })),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A named pipe out of which the capture comes `rounds` times, its file header once. */
function repeat(path: string, rounds: number): string {
  const pipe = `${path}.pipe`;
  spawnSync('mkfifo', [pipe]);
  const feeder = `(head -c 24 ${path}; i=0; while [ $i -lt ${rounds} ]; do tail -c +25 ${path}; i=$((i+1)); done) > ${pipe} &`;
  spawnSync('sh', ['-c', feeder], { stdio: 'ignore' });
  return pipe;
}

/**
 * Runs a scenario through the stack, and makes frames comparable: what the kernel draws at random (IP identification and
 * flow label of a gateway's own messages, identification of IPv6 fragments) is set to zero.
 */
import { SeededRng } from '../../src/base/rng.ts';
import { VirtualClock } from '../../src/base/clock.ts';
import { Hook } from '../../src/netfilter/hook.ts';
import { Verdict } from '../../src/netfilter/verdict.ts';
import { Host, type HostEnv, type PacketFilter } from '../../src/stack/host.ts';
import { PacketBuffer } from '../../src/wire/packet-buffer.ts';
import { isOnKernelsSchedule } from '../../src/conform/kernel/noise.ts';
import { GATEWAY, type Scenario } from './scenarios/index.ts';

/** For each step the frames that it caused, `iface hex`. */
export type Answer = readonly (readonly string[])[];

const START = 1_700_000_000_000_000;
const MICROSECONDS = 1_000_000;
const HEX = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');

export function gatewayOf(scenario: Scenario): Record<string, unknown> {
  return { ...GATEWAY, ...scenario.gateway };
}

/** As connection tracking does it: everything that arrives is put together before anything else sees it. */
function defragmenter(host: Host): PacketFilter {
  return {
    run(hook, pkt) {
      if (hook !== Hook.PREROUTING) return Verdict.ACCEPT;
      const isFragment = pkt.fragOffset !== 0 || pkt.moreFragments !== 0;
      if (pkt.family === 4 && !isFragment) return Verdict.ACCEPT;
      return host.defragment(pkt, hook, 0);
    },
    confirm: () => Verdict.ACCEPT,
    leaves() {},
    interfaceLost() {},
  };
}

export interface Rig {
  readonly host: Host;
  readonly clock: VirtualClock;
  /** Frames that have left since the last call, as `iface hex`. */
  take(): string[];
  /** Hands a frame in; returns its drop reason. */
  receive(iface: string, frame: Uint8Array): number;
}

export function makeRig(gateway: unknown, env: Partial<HostEnv> = {}): Rig {
  const clock = new VirtualClock(START);
  let out: string[] = [];
  const sink = {
    frame: (device: { name: string }, bytes: Uint8Array, start: number, end: number) =>
      void out.push(`${device.name} ${HEX(bytes.slice(start, end))}`),
  };
  const host = Host.fromObject(gateway, { clock, rng: new SeededRng(1), sink, ...env });
  const pkt = new PacketBuffer();
  return {
    host,
    clock,
    take() {
      const taken = out;
      out = [];
      return taken;
    },
    receive(iface, frame) {
      const bytes = new Uint8Array(64 + frame.length);
      bytes.set(frame, 64);
      pkt.reset(bytes, 64, bytes.length);
      host.receive(host.devices.named(iface)!, pkt);
      return pkt.dropReason;
    },
  };
}

/** Limits that only get in the way of comparing are lifted, as the kernel harness does it. */
export const UNLIMITED = {
  'net.ipv4.icmp_ratelimit': 0,
  'net.ipv4.icmp_msgs_per_sec': 1_000_000,
  'net.ipv4.icmp_msgs_burst': 1_000_000,
  'net.ipv6.icmp.ratelimit': 0,
};

export function runScenario(scenario: Scenario): Answer {
  const gateway = gatewayOf(scenario);
  const rig = makeRig({ ...gateway, sysctl: { ...UNLIMITED, ...(gateway['sysctl'] as object | undefined) } });
  if (scenario.tracked === true) rig.host.filter = defragmenter(rig.host);
  return scenario.steps.map((step) => {
    if ('wait' in step) rig.clock.advanceTo(rig.clock.now + step.wait * MICROSECONDS);
    else rig.receive(step.iface, step.frame);
    return comparable(rig.take());
  });
}

/** Without what the kernel sends by itself, and with random fields set to zero. */
export function comparable(frames: readonly string[]): string[] {
  return frames
    .filter((frame) => !isOnKernelsSchedule(frame.slice(frame.indexOf(' ') + 1)))
    .map((frame) => {
      const [iface, hex] = frame.split(' ') as [string, string];
      return `${iface} ${HEX(withoutChance(Buffer.from(hex, 'hex')))}`;
    });
}

const OWN_V4 = /^0afe0001|^0afd0001|^7f000001/;
const OWN_V6 = /^fd5[34]0000000000000000000000000001|^fe80|^fd5[34]0{28}/;

function withoutChance(frame: Buffer): Buffer {
  const type = frame.readUInt16BE(12);
  if (type === 0x0800 && frame[23] === 1 && OWN_V4.test(frame.subarray(26, 30).toString('hex'))) {
    frame.writeUInt16BE(0, 18);
    frame.writeUInt16BE(0, 24);
  } else if (type === 0x86dd) {
    if (OWN_V6.test(frame.subarray(22, 38).toString('hex'))) {
      frame.writeUInt16BE(0, 16);
      frame[15] = frame[15]! & 0xf0;
    }
    if (frame[20] === 44) frame.writeUInt32BE(0, 58);
  }
  return frame;
}

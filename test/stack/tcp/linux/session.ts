/**
 * A namespace of the kernel with a TAP device, and a host of ours at the other end of it, on the machine's clock. Between
 * the two is a link of ours, so that losses are ours to choose. Needs root.
 */
import { spawn, execFileSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { SeededRng } from '../../../../src/base/rng.ts';
import { HostClock, nodeNet, type NodeNet } from '../../../../src/node/index.ts';
import { Host } from '../../../../src/stack/host.ts';
import { intoDevice, Link, NO_IMPAIRMENT, parseNetem, Plugs } from '../../../../src/stack/link/index.ts';

export const OUR_ADDRESS = { 4: '10.77.0.1', 6: 'fd77::1' } as const;
export const KERNEL_ADDRESS = { 4: '10.77.0.2', 6: 'fd77::2' } as const;
export const PEER_PORT = 5001;
const NAMESPACE = `sluice-tcp-${process.pid}`;
const LENGTH_BYTES = 4;
/** Frames that wait on their way; the pipe to the device may stall for a moment. */
const LIMIT = 100_000;

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));

function inNamespace(...command: readonly string[]): void {
  execFileSync('ip', ['netns', 'exec', NAMESPACE, ...command]);
}

export class KernelSession {
  readonly net: NodeNet;
  readonly host: Host;
  private readonly clock = new HostClock();
  private readonly link: Link;
  private readonly children: ChildProcess[];
  private readonly running = new Set<ChildProcess>();
  private received: Buffer = Buffer.alloc(0);

  /** @param congestion - the kernel's congestion control, where its default would not do */
  static async open(congestion = ''): Promise<KernelSession> {
    KernelSession.removeNamespace();
    execFileSync('ip', ['netns', 'add', NAMESPACE]);
    const tap = spawn('python3', [
      script('tap.py'),
      NAMESPACE,
      'tap0',
      `${KERNEL_ADDRESS[4]}/24`,
      `${KERNEL_ADDRESS[6]}/64`,
    ]);
    await once(tap.stderr, 'data');
    if (congestion !== '') {
      for (const route of ['10.77.0.0/24 dev tap0', 'fd77::/64 dev tap0 metric 256'])
        inNamespace('ip', 'route', 'replace', ...route.split(' '), 'congctl', congestion);
    }
    const peer = spawn('ip', ['netns', 'exec', NAMESPACE, 'python3', script('peer.py'), String(PEER_PORT)]);
    await once(peer.stdout, 'data');
    return new KernelSession(tap, peer);
  }

  private constructor(tap: ChildProcess, peer: ChildProcess) {
    this.children = [tap, peer];
    const plugs = new Plugs();
    this.host = Host.fromObject(
      {
        interfaces: {
          eth0: { mac: '02:00:00:00:00:01', addresses: [`${OUR_ADDRESS[4]}/24`, `${OUR_ADDRESS[6]}/64`] },
        },
      },
      { clock: this.clock, rng: new SeededRng(process.pid), sink: plugs },
    );
    const device = this.host.devices.named('eth0')!;
    this.link = new Link(this.clock, new SeededRng(5), intoDevice(this.host, device), (bytes, start, end) => {
      const frame = Buffer.allocUnsafe(LENGTH_BYTES + end - start);
      frame.writeUInt32LE(end - start);
      frame.set(bytes.subarray(start, end), LENGTH_BYTES);
      tap.stdin!.write(frame);
    });
    this.impair('');
    plugs.plug(device, (bytes, start, end) => this.link.sendFromA(bytes, start, end));
    tap.stdout!.on('data', (chunk: Buffer) => this.takeFrames(chunk));
    this.net = nodeNet(this.host);
  }

  private takeFrames(chunk: Buffer): void {
    const bytes = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    let at = 0;
    while (at + LENGTH_BYTES <= bytes.length) {
      const end = at + LENGTH_BYTES + bytes.readUInt32LE(at);
      if (end > bytes.length) break;
      this.link.sendFromB(bytes, at + LENGTH_BYTES, end);
      at = end;
    }
    this.received = bytes.subarray(at);
  }

  /** What happens to frames in both directions from now on, in netem's words. */
  impair(netem: string): void {
    this.link.setNetem({ ...(netem === '' ? NO_IMPAIRMENT : parseNetem(netem)), limit: LIMIT });
  }

  /** Runs a program in the namespace and returns what it prints. */
  async run(...command: readonly string[]): Promise<string> {
    const child = spawn('ip', ['netns', 'exec', NAMESPACE, ...command]);
    this.running.add(child);
    child.once('close', () => this.running.delete(child));
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [status] = (await once(child, 'close')) as [number];
    if (status !== 0) throw new Error(`${command.join(' ')}: ${output}`);
    return output;
  }

  /** Where a file beside this one is. */
  script(name: string): string {
    return script(name);
  }

  async close(): Promise<void> {
    this.clock.stop();
    for (const child of [...this.running, ...this.children]) {
      const ended = once(child, 'close');
      child.kill();
      await ended;
    }
    KernelSession.removeNamespace();
  }

  private static removeNamespace(): void {
    try {
      execFileSync('ip', ['netns', 'del', NAMESPACE], { stdio: 'ignore' });
    } catch {
      // There was none.
    }
  }
}

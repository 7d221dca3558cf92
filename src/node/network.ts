/**
 * A network for a script: hosts with one interface each, and links between two of them. What is larger than that is a lab's
 * affair.
 *
 *     const network = new Network({ seed: 7 });
 *     const [client, server] = [network.host('10.0.0.1/24'), network.host('10.0.0.2/24')];
 *     network.link(client, server, 'delay 40ms loss 10%');
 */
import type { Clock } from '../base/clock.ts';
import { SeededRng } from '../base/rng.ts';
import type { Device } from '../stack/device.ts';
import { Host } from '../stack/host.ts';
import { connectDevices, parseNetem, Plugs, type Link } from '../stack/link/index.ts';
import { EventLoopClock, HostClock } from './clock.ts';
import { nodeDgram, type NodeDgram } from './dgram.ts';
import type { Hosts } from './names.ts';
import { nodeNet, type NodeNet } from './net.ts';

/** Where virtual time begins unless said otherwise: 2026-01-01 00:00 UTC, in microseconds. */
const START_US = Date.UTC(2026, 0, 1) * 1000;

export interface NetworkOptions {
  /** The same seed gives the same network, to the byte. */
  readonly seed?: number;
  /** Virtual time unless another clock is given. */
  readonly clock?: Clock;
  readonly hosts?: Hosts;
}

export interface NetworkHost {
  readonly host: Host;
  readonly device: Device;
  readonly plugs: Plugs;
  readonly net: NodeNet;
  readonly dgram: NodeDgram;
}

export class Network {
  readonly clock: Clock;
  private readonly seed: number;
  private readonly hosts: Hosts;
  private count = 0;

  constructor(options: NetworkOptions = {}) {
    this.clock = options.clock ?? new EventLoopClock(START_US);
    this.seed = options.seed ?? 1;
    this.hosts = options.hosts ?? {};
  }

  /** A host with these addresses on `eth0`. */
  host(...addresses: readonly string[]): NetworkHost {
    const plugs = new Plugs();
    const number = ++this.count;
    const mac = `02:00:00:00:${hex(number >> 8)}:${hex(number)}`;
    const host = Host.fromObject(
      {
        interfaces: { eth0: { mac, addresses: [...addresses] } },
        sysctl: { 'net.ipv4.ip_forward': 0, 'net.ipv6.conf.all.forwarding': 0 },
      },
      { clock: this.clock, rng: this.rng(number), sink: plugs },
    );
    const device = host.devices.named('eth0')!;
    return {
      host,
      device,
      plugs,
      net: nodeNet(host, { hosts: this.hosts }),
      dgram: nodeDgram(host, this.hosts),
    };
  }

  /** A link with the properties that tc-netem's words say, both ways alike unless `back` says otherwise. */
  link(a: NetworkHost, b: NetworkHost, netem = '', back = netem): Link {
    return connectDevices(this.clock, this.rng(++this.count), a, b, parseNetem(netem), parseNetem(back));
  }

  /**
   * Time stands still from now on. A network with something that repeats for ever (keepalives, probes of a window that
   * nobody opens) keeps the process busy until then.
   */
  stop(): void {
    if (this.clock instanceof EventLoopClock || this.clock instanceof HostClock) this.clock.stop();
  }

  private rng(number: number): SeededRng {
    return new SeededRng(this.seed * 0x10000 + number);
  }
}

function hex(value: number): string {
  return (value & 0xff).toString(16).padStart(2, '0');
}

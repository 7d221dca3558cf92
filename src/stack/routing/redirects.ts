/**
 * Better next hops that redirects named (RFC 1122 3.2.2.2, RFC 4861 8.3; Linux: route exceptions): by destination, for the
 * host's own packets, until they are not heard of for gc_timeout.
 */
import type { Clock } from '../../base/clock.ts';
import type { Sysctls } from '../../base/sysctl.ts';
import type { Device } from '../device.ts';

const US_PER_SECOND = 1_000_000;
/** Entries; the oldest gives way, so that a flood of forged redirects is no memory leak. */
const MOST = 2048;

export interface Redirected {
  readonly destination: Int32Array;
  readonly gateway: Int32Array;
  readonly device: Device;
  readonly until: number;
}

export class Redirects {
  private readonly clock: Clock;
  private readonly sysctls: Sysctls;
  private readonly known = new Map<string, Redirected>();

  constructor(clock: Clock, sysctls: Sysctls) {
    this.clock = clock;
    this.sysctls = sysctls;
  }

  get isEmpty(): boolean {
    return this.known.size === 0;
  }

  /** The next hop towards an address, if it is by that device that packets go there. */
  find(w0: number, w1: number, w2: number, w3: number, device: Device): Redirected | undefined {
    const key = keyOf(w0, w1, w2, w3);
    const entry = this.known.get(key);
    if (entry === undefined || entry.device !== device) return undefined;
    if (entry.until > this.clock.now) return entry;
    this.known.delete(key);
    return undefined;
  }

  learn(destination: Int32Array, gateway: Int32Array, device: Device): void {
    const [w0, w1, w2, w3] = destination;
    const key = keyOf(w0!, w1!, w2!, w3!);
    this.known.delete(key);
    if (this.known.size >= MOST) this.known.delete(this.known.keys().next().value!);
    const until = this.clock.now + this.sysctls.get('net.ipv4.route.gc_timeout') * US_PER_SECOND;
    this.known.set(key, { destination, gateway, device, until });
  }

  forget(): void {
    this.known.clear();
  }

  all(): IterableIterator<Redirected> {
    return this.known.values();
  }
}

function keyOf(w0: number, w1: number, w2: number, w3: number): string {
  return `${w0},${w1},${w2},${w3}`;
}

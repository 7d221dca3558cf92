/**
 * Guests ping the world: an echo request makes this machine's `ping` ask the same of the same address, since raw sockets are
 * for root. When it was answered, the request comes in once more, and the world's stack answers as the one that was asked.
 * What gets no answer there gets none here.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Device } from '../../stack/device.ts';
import type { Host } from '../../stack/host.ts';
import { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { DestinationPolicy } from './destinations.ts';
import type { Outside } from './outside.ts';
import { Quotas, type GuestOf } from './quotas.ts';

/** Processes at a time; requests beyond go unanswered. */
const MAX_PINGS = 16;
const MAX_PINGS_PER_GUEST = 4;
const WAIT_SECONDS = 3;
const ECHO_HEADER = 8;

export class PingRelay {
  private readonly host: Host;
  private readonly device: Device;
  private readonly outside: Outside;
  private readonly policy: DestinationPolicy;
  private readonly guestOf: GuestOf;
  private readonly quotas = new Quotas(MAX_PINGS_PER_GUEST);
  private readonly running = new Set<ChildProcess>();
  /** The request that was answered out there, while it comes in again. */
  private answered: PacketBuffer | null = null;

  constructor(host: Host, device: Device, outside: Outside, policy: DestinationPolicy, guestOf: GuestOf) {
    this.guestOf = guestOf;
    this.host = host;
    this.device = device;
    this.outside = outside;
    this.policy = policy;
    host.claimEcho = (pkt) => this.claim(pkt);
  }

  close(): void {
    for (const process of this.running) process.kill();
  }

  private claim(pkt: PacketBuffer): boolean {
    if (pkt === this.answered || this.policy.isForMachine(pkt)) return false;
    const target = this.policy.targetOf(pkt);
    if (target === null || this.running.size >= MAX_PINGS) return true;
    const guest = this.guestOf(pkt);
    if (this.quotas.take(guest)) this.ask(target.address, pkt, guest);
    return true;
  }

  private ask(address: string, pkt: PacketBuffer, guest: string): void {
    const request = new PacketBuffer(pkt.bytes.slice(pkt.start, pkt.end));
    const size = String(Math.max(0, pkt.l3End - pkt.l4 - ECHO_HEADER));
    const process = spawn('ping', ['-n', '-q', '-c', '1', '-W', String(WAIT_SECONDS), '-s', size, address], {
      stdio: 'ignore',
    });
    this.running.add(process);
    // Without the program, nobody can be pinged.
    const end = () => {
      if (this.running.delete(process)) this.quotas.give(guest);
    };
    process.once('error', end);
    process.once('exit', (status) => {
      end();
      if (status === 0) this.outside.enter(() => this.again(request));
    });
  }

  private again(request: PacketBuffer): void {
    this.answered = request;
    this.host.receive(this.device, request);
    this.answered = null;
  }
}

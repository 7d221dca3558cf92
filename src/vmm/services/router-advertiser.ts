/**
 * Router advertisements to guests (RFC 4861 section 6.2): on being asked, at most every three seconds, and by itself now and
 * then; once more, with a lifetime of zero, when the network ends.
 */
import type { Timer } from '../../base/clock.ts';
import type { Device } from '../../stack/device.ts';
import type { Host } from '../../stack/host.ts';
import * as nd from '../../wire/nd.ts';
import { emit, type RouterAdvertisement } from '../../wire/router-advertisement.ts';

export interface AdvertisedNetwork {
  /** The network, 4 words, and how many bits of it are the network's. */
  readonly prefix: Int32Array;
  readonly length: number;
  /** Guests may send to each other directly. */
  readonly onLink: boolean;
  readonly nameServer: Int32Array;
  readonly mtu: number;
  readonly domain: string;
}

const HOP_LIMIT = 64;
const LIFETIME_SECONDS = 1800;
const VALID_SECONDS = 86_400;
const PREFERRED_SECONDS = 14_400;
const US_PER_SECOND = 1_000_000;
/** MinRtrAdvInterval and MaxRtrAdvInterval, by default. */
const LEAST_INTERVAL_US = 200 * US_PER_SECOND;
const MOST_INTERVAL_US = 600 * US_PER_SECOND;
/** MIN_DELAY_BETWEEN_RAS. */
const MIN_DELAY_US = 3 * US_PER_SECOND;
/** Addresses of their own making need 64 bits (RFC 4862 5.5.3 d). */
const AUTONOMOUS_LENGTH = 64;

export class RouterAdvertiser {
  private readonly host: Host;
  private readonly device: Device;
  private readonly network: AdvertisedNetwork;
  private timer: Timer;
  private sentAt = -Infinity;

  constructor(host: Host, device: Device, network: AdvertisedNetwork) {
    this.host = host;
    this.device = device;
    this.network = network;
    host.nd.onRouterSolicitation = (on) => {
      if (on === device) this.asked();
    };
    this.timer = this.after(0);
  }

  /** Guests should look for another router. */
  close(): void {
    this.timer.cancel();
    this.send(0);
  }

  private asked(): void {
    const { now } = this.host.clock;
    if (now - this.sentAt >= MIN_DELAY_US) {
      this.advertise();
    } else {
      this.timer.cancel();
      this.timer = this.after(this.sentAt + MIN_DELAY_US - now);
    }
  }

  private after(us: number): Timer {
    const { clock } = this.host;
    return clock.at(clock.now + us, () => this.advertise());
  }

  private advertise(): void {
    this.timer.cancel();
    this.sentAt = this.host.clock.now;
    this.send(LIFETIME_SECONDS);
    this.timer = this.after(LEAST_INTERVAL_US + this.host.rng.below(MOST_INTERVAL_US - LEAST_INTERVAL_US));
  }

  private send(lifetimeSeconds: number): void {
    const { prefix, length, onLink, nameServer, mtu, domain } = this.network;
    const isAutonomous = length === AUTONOMOUS_LENGTH;
    const message: RouterAdvertisement = {
      hopLimit: HOP_LIMIT,
      flags: nd.RA_MANAGED | nd.RA_OTHER,
      lifetimeSeconds,
      mac: this.device.mac,
      mtu,
      prefixes: [
        {
          words: prefix,
          length,
          flags: (onLink ? nd.PREFIX_ON_LINK : 0) | (isAutonomous ? nd.PREFIX_AUTONOMOUS : 0),
          validSeconds: VALID_SECONDS,
          preferredSeconds: PREFERRED_SECONDS,
        },
      ],
      nameServers: [nameServer],
      domain,
    };
    this.host.nd.advertise(this.device, emit(message));
  }
}

/** What a guest network is told: its guests, addresses, names and limits; and what holds where it is told nothing. */
import type { HelperSettings } from '../alg/index.ts';
import type { LogSink } from '../netfilter/log.ts';
import type { Reservation } from '../services/dhcp4-leases.ts';
import type { AuditLog } from './audit.ts';
import type { Nic } from './nics/nic.ts';
import type { BootOptions } from './services/boot-service.ts';
import type { NameRules } from './services/name-policy.ts';

export interface GuestConfig {
  /** Names the switch port, and the guest. */
  readonly name: string;
  readonly nic: Nic;
  /** The only hardware address that it may have; else the first that it shows is its own. */
  readonly mac?: string | undefined;
  /** Bits a second that it may send; what is above is dropped. */
  readonly rate?: number | undefined;
  /** TCP connections to the world at a time; else as all. */
  readonly connections?: number | undefined;
  /** True: it may have any addresses and say what it likes, as a router of its own would. */
  readonly trusted?: boolean;
}

export interface NetworkOptions {
  /** The gateway's addresses towards the guests, with prefix: `192.168.122.1/24`, `fd00:122::1/64`. */
  readonly addresses: readonly string[];
  /** Bytes of the largest datagram on the guests' network. */
  readonly mtu?: number | undefined;
  readonly guests: readonly GuestConfig[];
  /** Guests are known as NAME and NAME.DOMAIN. */
  readonly domain?: string | undefined;
  readonly leaseSeconds?: number | undefined;
  /** Addresses (and names) that certain hardware addresses always get. */
  readonly reservations?: readonly Reservation[];
  /** TCP connections that one guest has at a time. */
  readonly connectionsPerGuest?: number | undefined;
  /** Guests reach each other through the gateway alone, so that its rules hold between them. */
  readonly isolate?: boolean;
  /** Sysctls of the gateway. */
  readonly sysctl?: Readonly<Record<string, number>>;
  /** Names that guests may ask for. */
  readonly names?: NameRules;
  /** `helpers` of a gateway file: FTP and others, put on connections by rules (`-j CT --helper ftp`). */
  readonly helpers?: HelperSettings;
  /** What guests boot from the network (PXE). */
  readonly boot?: BootOptions | undefined;
  /** Guests are told the time when they ask (NTP). */
  readonly ntp?: boolean;
  readonly audit?: AuditLog;
  readonly log?: LogSink;
  /** A guest's card was connected, or is no more. */
  readonly onLink?: (guest: string, isUp: boolean) => void;
  readonly seed?: number;
}

/** No wire is there that needs less; passt offers the same. */
export const DEFAULT_MTU = 65520;
export const ALL_NAMES: NameRules = { allow: [], deny: [], only: false };
export const DEFAULT_CONNECTIONS = 1024;
export const DEFAULT_DOMAIN = 'guests.internal';
export const DEFAULT_LEASE_SECONDS = 3600;

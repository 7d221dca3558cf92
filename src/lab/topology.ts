/**
 * What a lab file describes, flat: hosts and switches, and the links between their ports. Hypervisors are gone: each has
 * become its switch and its guests (hypervisor.ts).
 */
import type { HelperSettings } from '../alg/index.ts';
import type { Place } from '../base/errors.ts';
import type { IpAddress } from '../stack/address.ts';
import type { HostConfig } from '../stack/config.ts';
import type { PlainObject } from '../base/plain-object.ts';
import type { Netem } from '../stack/link/index.ts';
import type { Ruleset } from '../netfilter/rule.ts';
import type { SwitchConfig } from '../vswitch/index.ts';
import type { Services } from './services/service-config.ts';

export interface Endpoint {
  readonly node: string;
  /** An interface of a host, a port of a switch. */
  readonly port: string;
}

export interface HostNode {
  readonly kind: 'host';
  readonly name: string;
  /** Where it stands in the file. */
  readonly path: string;
  readonly config: HostConfig;
  readonly rulesets: readonly Ruleset[];
  /** Its sets and accounting objects, as a gateway file has them. */
  readonly named: PlainObject;
  readonly services: Services;
  /** Interfaces that get their address by DHCP, and whom the host asks for names otherwise. */
  readonly dhcpInterfaces: readonly string[];
  readonly nameServers: readonly IpAddress[];
  /** TAP devices that somebody will make (`tunctl`): a virtual machine's cable waits for each. */
  readonly taps: readonly string[];
  readonly helpers: HelperSettings;
  /** The hypervisor that it is a guest of; the empty string for none. */
  readonly inside: string;
}

export interface SwitchNode {
  readonly kind: 'switch';
  readonly name: string;
  readonly config: SwitchConfig;
  readonly inside: string;
}

/** Whoever listens on a cable, and plays what was heard on another. */
export interface CaptureNode {
  readonly kind: 'capture';
  readonly name: string;
  /** Files, as the lab's file names them; null for none. */
  readonly play: string | null;
  readonly record: string | null;
  /** When it begins to play, in microseconds since the lab began; null: only when told (`play`). */
  readonly at: number | null;
  readonly inside: string;
}

/** What is not of this lab: a virtual machine, or the world (outside-node.ts). */
export interface OutsideNode {
  readonly kind: 'vm' | 'world';
  readonly name: string;
  readonly path: string;
  readonly settings: PlainObject;
  /** By name, as the file has them. */
  readonly interfaces: PlainObject;
  readonly inside: string;
}

export type LabNode = HostNode | SwitchNode | CaptureNode | OutsideNode;

export interface LinkConfig {
  readonly ends: readonly [Endpoint, Endpoint];
  readonly netem: Netem;
  readonly up: boolean;
}

export interface StepConfig {
  readonly on: string;
  readonly run: readonly string[];
  /** The command as it was written. */
  readonly line: string;
  /** What the command finds on its standard input. */
  readonly input: string;
  /** Microseconds after the step before has ended, and how long it is given. */
  readonly after: number;
  readonly lasts: number;
  /** The next step does not wait for its end. */
  readonly background: boolean;
  readonly expect: PlainObject;
  /** Path of the step in the file, and where it stands. */
  readonly path: string;
  readonly place: Place;
}

export interface Topology {
  readonly name: string;
  readonly nodes: readonly LabNode[];
  readonly links: readonly LinkConfig[];
  readonly steps: readonly StepConfig[];
  readonly seed: number;
  /** A complaint about what the file says, with the line that says it; any other error as it is. */
  locate(error: unknown): unknown;
}

export function endpointText({ node, port }: Endpoint): string {
  return `${node}:${port}`;
}

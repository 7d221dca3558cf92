/**
 * A port of a vSphere switch: of a virtual machine's NIC (with the policies of its port group, or its own), or an uplink
 * to a physical NIC.
 */
import { readI32, readU16, writeU16, writeU32 } from '../../wire/bytes.ts';
import { Port, type PortSettings } from '../port.ts';
import { Shaper, type ShapingConfig } from './shaper.ts';
import type { VlanView } from './vlan-view.ts';

/** True where the policy accepts. */
export interface SecurityPolicy {
  readonly promiscuous: boolean;
  readonly forgedTransmits: boolean;
  readonly macChanges: boolean;
}

/** Distributed switches only (vSphere 6.7 and later). */
export interface MacLearning {
  /** Most addresses behind one port. */
  readonly limit: number;
  /** What becomes of frames from further addresses. */
  readonly atLimit: 'allow' | 'drop';
  /** Frames to unknown addresses reach the port. */
  readonly unicastFlooding: boolean;
}

export type TeamingPolicy = 'originating-port' | 'source-mac' | 'ip-hash' | 'explicit';

export interface TeamingConfig {
  readonly policy: TeamingPolicy;
  readonly active: readonly string[];
  readonly standby: readonly string[];
  readonly notify: boolean;
  /** How a lost uplink is found out: by its own link alone, or by beacons too. */
  readonly detection: 'link' | 'beacon';
  readonly failback: boolean;
}

export interface VmPortSettings extends PortSettings {
  readonly isUplink: boolean;
  /** The empty string for uplinks. */
  readonly portGroup: string;
  readonly vlans: VlanView;
  readonly security: SecurityPolicy;
  readonly learning: MacLearning | null;
  readonly teaming: TeamingConfig;
  /** Of what the virtual machine sends; and, of distributed switches only, of what it gets. */
  readonly ingressShaping: ShapingConfig | null;
  readonly egressShaping: ShapingConfig | null;
}

export class VmPort extends Port {
  readonly isUplink: boolean;
  readonly portGroup: string;
  readonly vlans: VlanView;
  security: SecurityPolicy;
  readonly learning: MacLearning | null;
  readonly teaming: TeamingConfig;
  readonly ingressShaper: Shaper | null;
  readonly egressShaper: Shaper | null;
  /** The address that the switch goes by; the NIC's first one until the guest's change is accepted. */
  effectiveHigh: number;
  effectiveLow: number;
  /** The guest changed its address and the policy rejects that: nothing is delivered until it changes it back. */
  isCutOff: boolean;
  /** Addresses learnt behind the port. */
  learnt: number;

  constructor(index: number, settings: VmPortSettings, now: number) {
    super(index, settings);
    this.isUplink = settings.isUplink;
    this.portGroup = settings.portGroup;
    this.vlans = settings.vlans;
    this.security = settings.security;
    this.learning = settings.learning;
    this.teaming = settings.teaming;
    this.ingressShaper = settings.ingressShaping === null ? null : new Shaper(settings.ingressShaping, now);
    this.egressShaper = settings.egressShaping === null ? null : new Shaper(settings.egressShaping, now);
    this.effectiveHigh = this.macHigh;
    this.effectiveLow = this.macLow;
    this.isCutOff = false;
    this.learnt = 0;
  }

  effectiveMac(): Uint8Array {
    const mac = new Uint8Array(6);
    writeU16(mac, 0, this.effectiveHigh);
    writeU32(mac, 2, this.effectiveLow);
    return mac;
  }

  /** The guest gives its NIC another address. */
  changeAddress(mac: Uint8Array): void {
    const high = readU16(mac, 0);
    const low = readI32(mac, 2);
    const isFirst = high === this.macHigh && low === this.macLow;
    this.isCutOff = !isFirst && !this.security.macChanges;
    if (this.isCutOff) return;
    this.effectiveHigh = high;
    this.effectiveLow = low;
  }
}

/**
 * A bridge as a device of a host (`br0`): the learning switch (src/vswitch), with other devices for its ports and the host
 * behind its own. Its address is that of its ports that is the lowest, unless it was given one. Ports come and go; what was
 * learnt is then learnt anew.
 */
import { LearningSwitch, makeSwitch, parseSwitchConfig, type SwitchSink } from '../../vswitch/index.ts';
import { formatMac } from '../../wire/address.ts';
import { PacketBuffer } from '../../wire/packet-buffer.ts';
import { BridgeNetfilter, keepState } from '../bridge-netfilter.ts';
import type { Device, DeviceKind, FrameTaker } from '../device.ts';
import type { Host } from '../host.ts';
import { HEAD_ROOM } from '../packet-pool.ts';
import { NetlinkError } from '../rtnetlink/errors.ts';

/** What a learning switch may be told, but its ports. */
export type BridgeOptions = Readonly<Record<string, unknown>>;

export class BridgeLink implements DeviceKind, FrameTaker {
  readonly name = 'bridge';
  master: Device;
  private readonly host: Host;
  private readonly options: BridgeOptions;
  private readonly hasOwnMac: boolean;
  private readonly members: Device[] = [];
  private bridge: LearningSwitch | null = null;
  /** By which the host's rules see what is bridged (net.bridge.*). */
  private filter: BridgeNetfilter | null = null;
  /** A frame is on its way through; what comes of it for the host, and from there, waits for its end. */
  private isBusy = false;
  private readonly waiting: { port: number; pkt: PacketBuffer }[] = [];

  /** @param self - the bridge's own device, made with this */
  constructor(host: Host, options: BridgeOptions, hasOwnMac: boolean, self: Device) {
    this.host = host;
    this.options = options;
    this.hasOwnMac = hasOwnMac;
    this.master = self;
  }

  attach(device: Device): void {
    this.master = device;
    this.build();
  }

  enslave(device: Device): void {
    if (device.isLoopback || !device.hasEthernet || device === this.master) throw new NetlinkError('EINVAL');
    if (device.kind?.name === 'bridge')
      throw new NetlinkError('ELOOP', 'Can not enslave a bridge to a bridge.');
    this.members.push(device);
    device.taker = this;
    this.build();
  }

  release(device: Device): void {
    const at = this.members.indexOf(device);
    if (at < 0) return;
    this.members.splice(at, 1);
    device.taker = null;
    this.build();
  }

  get portNames(): string[] {
    return this.members.map(({ name }) => name);
  }

  remove(): void {
    for (const device of [...this.members]) this.release(device);
  }

  private build(): void {
    const { master, members } = this;
    if (members.length === 0) {
      this.bridge = null;
      return;
    }
    if (!this.hasOwnMac) {
      const lowest = members.map(({ mac }) => formatMac(mac, 0)).sort()[0]!;
      const mac = members.find((device) => formatMac(device.mac, 0) === lowest)!.mac;
      if (formatMac(master.mac, 0) !== lowest) this.host.netlink.links.setMac(master, mac.slice());
    }
    const config = {
      ...this.options,
      model: 'learning',
      mac: formatMac(master.mac, 0),
      self: master.name,
      ports: { ...Object.fromEntries(members.map(({ name }) => [name, {}])), ...this.portOptions() },
    };
    const sink: SwitchSink = {
      frame: (port, bytes, start, end, cause) => {
        if (this.bridge !== bridge) return;
        if (port.index === members.length) this.pass(bytes, start, end, cause);
        else members[port.index]!.transmit(bytes, start, end, cause);
      },
    };
    const { clock, rng } = this.host;
    const bridge = makeSwitch(parseSwitchConfig(config, master.name, master.name), { clock, rng, sink });
    if (!(bridge instanceof LearningSwitch)) throw new NetlinkError('EINVAL');
    this.filter = new BridgeNetfilter({
      host: this.host,
      device: master,
      ports: bridge.ports,
      calls: bridge.config.calls,
      transmit: (port, frame) => bridge.transmit(port, frame),
      resume: (port, pkt) => bridge.resume(port, pkt),
    });
    bridge.filter = this.filter;
    this.bridge = bridge;
  }

  private portOptions(): BridgeOptions {
    const ports = this.options['ports'];
    if (typeof ports !== 'object' || ports === null) return {};
    return Object.fromEntries(
      Object.entries(ports).filter(([name]) => this.members.some((device) => device.name === name)),
    );
  }

  /** A frame for the host itself, once the switch has done with it. */
  private pass(bytes: Uint8Array, start: number, end: number, cause: number): void {
    const memory = new Uint8Array(HEAD_ROOM + end - start);
    memory.set(bytes.subarray(start, end), HEAD_ROOM);
    const pkt = new PacketBuffer(memory, HEAD_ROOM);
    pkt.cause = cause;
    const state = this.filter?.takeHanded() ?? null;
    if (state !== null) keepState(pkt, state);
    this.waiting.push({ port: -1, pkt });
  }

  /** Linux: br_handle_frame. */
  take(device: Device, pkt: PacketBuffer): boolean {
    const { master, bridge } = this;
    if (!master.up || bridge === null) return true;
    this.run(this.members.indexOf(device), pkt);
    return true;
  }

  /** What the host sends (Linux: br_dev_xmit). */
  frame(_device: Device, bytes: Uint8Array, start: number, end: number, cause: number): void {
    const self = this.bridge?.self;
    if (self === null || self === undefined) return;
    const pkt = new PacketBuffer(bytes, start, end);
    pkt.cause = cause;
    if (this.isBusy) {
      this.waiting.push({ port: self.index, pkt: new PacketBuffer(bytes.slice(start, end)) });
      return;
    }
    this.run(self.index, pkt);
  }

  private run(port: number, pkt: PacketBuffer): void {
    if (this.isBusy) {
      this.waiting.push({ port, pkt: new PacketBuffer(pkt.bytes.slice(pkt.start, pkt.end)) });
      return;
    }
    this.isBusy = true;
    this.bridge!.receive(port, pkt);
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      if (next.port >= 0) this.bridge!.receive(next.port, next.pkt);
      else this.host.receiveWithin(this.master, next.pkt);
    }
    this.isBusy = false;
  }

  /** Of `bridge fdb`: what is known now. */
  table(): ReturnType<LearningSwitch['table']> {
    return this.bridge?.table() ?? [];
  }

  describe(): string {
    const config = this.bridge?.config;
    const mac = formatMac(this.master.mac, 0)
      .split(':')
      .map((part) => Number.parseInt(part, 16).toString(16))
      .join(':');
    return [
      'bridge forward_delay 1500 hello_time 200 max_age 2000',
      `ageing_time ${(config?.ageingSeconds ?? 300) * 100} stp_state ${config?.stp ? 1 : 0} priority 32768`,
      `vlan_filtering ${this.options['vlan_filtering'] === true ? 1 : 0} bridge_id 8000.${mac}`,
    ].join(' ');
  }
}

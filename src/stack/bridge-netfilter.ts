/**
 * br_netfilter: the rules of a host see the IP packets that a bridge of its own only bridges. To them the packet comes in
 * and leaves by the bridge's interface; the ports that it passes are what `-m physdev` asks for.
 *
 *     arrive   checks of the IP header ─► PREROUTING ─┬─ as it was ─► goes on being bridged
 *                                                     └─ translated ─► routed: bridged to that neighbour, or up to the host
 *     leave    FORWARD ─► POSTROUTING ─► cut to the size of the way, if it was put together or is too long
 *
 * The contract with the switch is vswitch/learning/bridge-filter.ts; bytes of frames are copied, since a switch gives them
 * back as they were. Linux: Documentation/networking/bridge.rst, net.bridge.* in ip-sysctl.rst; behaviour observed. Not here:
 * arptables.
 */
import { DropReason } from '../netfilter/drop-reason.ts';
import { Hook } from '../netfilter/hook.ts';
import { Verdict } from '../netfilter/verdict.ts';
import { copyBytes, readU16 } from '../wire/bytes.ts';
import { dissectNetwork } from '../wire/dissect.ts';
import { ETH_P_8021Q, ETH_P_IP, ETH_P_IPV6, ETH_P_PPP_SES } from '../wire/ether-type.ts';
import * as ethernet from '../wire/ethernet.ts';
import * as ipv4 from '../wire/ipv4.ts';
import { PacketBuffer, PacketType } from '../wire/packet-buffer.ts';
import { IPPROTO_HOPOPTS } from '../wire/ip-protocol.ts';
import * as ipv6 from '../wire/ipv6.ts';
import * as ipv6ext from '../wire/ipv6-ext.ts';
import * as vlan from '../wire/vlan.ts';
import { WireStatus } from '../wire/wire-status.ts';
import type { Device } from './device.ts';
import { vlanDeviceOf } from './devices/vlan.ts';
import { packetType } from './ethernet-input.ts';
import { fragment4, type FragmentTaker } from './fragment-out4.ts';
import { fragment6 } from './fragment-out6.ts';
import type { Host } from './host.ts';
import { HEAD_ROOM } from './packet-pool.ts';
import { InputRoute } from './route4.ts';

const PPPOE_HEADER = 8;
const PPP_IP = 0x0021;
const PPP_IPV6 = 0x0057;
/** Of a frame: the rules don't see it; its tag or its session header is cut off, so that nobody can tell. */
const NOT_LOOKED_AT = 0;
const CUT = -1;
const SYSCTL = 'net.bridge.bridge-nf-';

export interface BridgeOwner {
  readonly host: Host;
  /** The bridge's own interface. */
  readonly device: Device;
  /** MTU of a port, and its name. */
  readonly ports: readonly { readonly name: string; readonly mtu: number }[];
  /** What the bridge has looked at, besides what the host's sysctls say of all bridges. */
  readonly calls: { readonly iptables: boolean; readonly ip6tables: boolean };
  /** Sends a frame of the host's own by a port, past everything. */
  transmit(port: number, frame: Uint8Array): void;
  /** A packet that waited for its new destination's address goes on, as if it had just passed `arrive`. */
  resume(port: number, pkt: PacketBuffer): void;
}

export class BridgeNetfilter {
  private readonly owner: BridgeOwner;
  private readonly host: Host;
  /** By port: the number under which rules know it. */
  private readonly numbers: readonly number[];
  private readonly settings = {
    generation: -1,
    ip: false,
    ip6: false,
    vlan: false,
    pppoe: false,
    passesVlan: false,
  };
  /** Of the packet in the frame looked at last. */
  private etherType = 0;
  private handed: PacketBuffer | null = null;

  constructor(owner: BridgeOwner) {
    this.owner = owner;
    this.host = owner.host;
    this.numbers = owner.ports.map(({ name }, port) =>
      owner.host.bridgePorts.add(name, owner.host.interfaceIndex(name), (frame) =>
        owner.transmit(port, frame),
      ),
    );
  }

  // ── In ──────────────────────────────────────────────────────────────────────────────────────────────────────

  arrive(port: number, frame: PacketBuffer): PacketBuffer | null {
    const network = this.networkOf(frame.bytes, frame.start, frame.end);
    if (network === NOT_LOOKED_AT) return frame;
    if (network === CUT) {
      frame.dropReason = DropReason.FRAME_TOO_SHORT;
      return null;
    }
    const pkt = copyFrame(frame.bytes, frame.start, frame.end, network);
    pkt.cause = frame.cause;
    const device = this.inputDevice(frame.bytes, frame.start);
    pkt.iif = device.index;
    pkt.physIn = this.numbers[port]!;
    const header = pkt.bytes.slice(pkt.start, pkt.l3);
    if (this.isSound(pkt)) {
      const { dst0, dst1, dst2, dst3 } = pkt;
      if (this.pass(Hook.PREROUTING, pkt)) {
        enframe(pkt, header);
        const isSame = pkt.dst0 === dst0 && pkt.dst1 === dst1 && pkt.dst2 === dst2 && pkt.dst3 === dst3;
        if (isSame || this.redirect(pkt, device, port, header)) return pkt;
      }
    }
    frame.dropReason = pkt.dropReason === DropReason.NONE ? DropReason.RULE : pkt.dropReason;
    return null;
  }

  /** br_validate_ipv4 and its like: drops what the host itself would drop, and cuts padding off. */
  private isSound(pkt: PacketBuffer): boolean {
    const status = dissectNetwork(pkt, this.etherType);
    const refuse = (reason: number) => {
      pkt.dropReason = reason;
      return false;
    };
    if (pkt.family === 0)
      return refuse(status === WireStatus.BAD_LENGTH ? DropReason.IP_TRUNCATED : DropReason.IP_HEADER);
    if (pkt.family === 4 && !ipv4.checksumOk(pkt.bytes, pkt.l3)) return refuse(DropReason.IP_CHECKSUM);
    if (status === WireStatus.CUT || pkt.l3End > pkt.end) return refuse(DropReason.IP_TRUNCATED);
    pkt.end = pkt.l3End;
    // Rules take a packet for another station for one to this host, as they do when it is routed.
    const type = packetType(pkt.bytes, pkt.start, this.owner.device);
    pkt.packetType = type === PacketType.OTHERHOST ? PacketType.HOST : type;
    if (pkt.family === 4 || ipv6.nextHeader(pkt.bytes, pkt.l3) !== IPPROTO_HOPOPTS) return true;
    return areOptionsWhole(pkt) || refuse(DropReason.IP_OPTIONS);
  }

  /** PREROUTING gave the packet another destination: it is bridged to that one where it stands on the bridge as well. */
  private redirect(pkt: PacketBuffer, device: Device, port: number, header: Uint8Array): boolean {
    const { host } = this;
    const route = pkt.family === 4 ? host.route4 : host.route6;
    const kind = route.input(pkt, device);
    if (kind === InputRoute.REFUSED) {
      pkt.dropReason = route.dropReason;
      return false;
    }
    // What leads elsewhere, or nowhere, is for the host to route, or to refuse.
    if (kind !== InputRoute.FORWARD || pkt.oif !== device.index) {
      ethernet.setDst(pkt.bytes, pkt.start, device.mac, 0);
      return true;
    }
    const { packetType: type } = pkt;
    if (isPppoe(header) && route.route?.hasGateway !== true) askByWrongAddress(pkt);
    const neighbours = pkt.family === 4 ? host.neighbours4 : host.neighbours6;
    const neighbour = neighbours.find(device, pkt.via0, pkt.via1, pkt.via2, pkt.via3);
    if (neighbour !== undefined && neighbours.isReachable(neighbour)) {
      ethernet.setDst(pkt.bytes, pkt.start, neighbour.mac, 0);
      return true;
    }
    pkt.physOut = host.bridgePorts.hold((waited, mac) => {
      waited.physOut = 0;
      waited.packetType = type;
      enframe(waited, header);
      ethernet.setDst(waited.bytes, waited.start, mac, 0);
      this.owner.resume(port, waited);
    });
    neighbours.output(pkt, device);
    pkt.dropReason = DropReason.NEIGHBOUR_QUEUED;
    return false;
  }

  // ── Out ─────────────────────────────────────────────────────────────────────────────────────────────────────

  leave(passed: PacketBuffer, bytes: Uint8Array, start: number, end: number, port: number): Uint8Array[] {
    const network = this.networkOf(bytes, start, end);
    if (network <= NOT_LOOKED_AT) return [bytes.slice(start, end)];
    const pkt = copyFrame(bytes, start, end, network);
    dissectNetwork(pkt, this.etherType);
    keepState(pkt, passed);
    pkt.physOut = this.numbers[port]!;
    pkt.oif = this.owner.device.index;
    const header = pkt.bytes.slice(pkt.start, pkt.l3);
    if (!this.pass(Hook.FORWARD, pkt) || !this.pass(Hook.POSTROUTING, pkt)) return [];
    return this.cut(pkt, header, this.owner.ports[port]!.mtu);
  }

  /** br_nf_dev_queue_xmit: what is too long for the port, or was put together, leaves in pieces. */
  private cut(pkt: PacketBuffer, header: Uint8Array, portMtu: number): Uint8Array[] {
    const mtu = pkt.fragMaxSize === 0 ? portMtu : Math.min(portMtu, pkt.fragMaxSize);
    if (pkt.l3End - pkt.l3 + (isPppoe(header) ? PPPOE_HEADER : 0) <= mtu) {
      enframe(pkt, header);
      return [pkt.bytes.slice(pkt.start, pkt.l3End)];
    }
    const { device } = this.owner;
    const frames: Uint8Array[] = [];
    const taker: FragmentTaker = {
      output: (fragment) => {
        enframe(fragment, header);
        frames.push(fragment.bytes.slice(fragment.start, fragment.l3End));
      },
    };
    // Cut to what the bridge takes; what is longer than the port's own is dropped by the switch.
    pkt.routeMtu = device.mtu;
    if (pkt.family === 6) fragment6(this.host, pkt, device, taker);
    else if (!ipv4.dontFragment(pkt.bytes, pkt.l3) || pkt.fragMaxSize !== 0) {
      if (pkt.fragMaxSize <= device.mtu) fragment4(this.host, pkt, device, taker);
    }
    return frames;
  }

  // ── Up ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** br_nf_local_in: what the bridge copied to others as well is a known connection from now on. */
  handUp(passed: PacketBuffer): boolean {
    const isShared = passed.packetType !== PacketType.HOST;
    if (isShared && this.host.filter?.confirm(passed) === Verdict.DROP) return false;
    this.handed = passed;
    return true;
  }

  /** What is known of the frame that the bridge's interface is being given, for `restore` when the host gets it; else null. */
  takeHanded(): PacketBuffer | null {
    const { handed } = this;
    this.handed = null;
    if (handed === null) return null;
    const state = new PacketBuffer();
    keepState(state, handed);
    return state;
  }

  // ── What is looked at ───────────────────────────────────────────────────────────────────────────────────────

  private pass(hook: Hook, pkt: PacketBuffer): boolean {
    this.host.enter();
    const passes = this.host.hook(hook, pkt);
    this.host.leave();
    return passes;
  }

  /** Offset of the IP packet in a frame that the rules are to see, or one of the two below. */
  private networkOf(bytes: Uint8Array, start: number, end: number): number {
    const { settings } = this;
    if (settings.generation !== this.host.sysctls.generation) this.readSettings();
    if (!settings.ip && !settings.ip6) return NOT_LOOKED_AT;
    let at = start + ethernet.HEADER_LENGTH;
    let type = readU16(bytes, at - 2);
    const isTagged = vlan.isTag(type) && at + vlan.TAG_LENGTH <= end;
    if (isTagged) {
      type = vlan.innerType(bytes, at);
      at += vlan.TAG_LENGTH;
    }
    const shim = type === ETH_P_PPP_SES ? PPPOE_HEADER : type === ETH_P_8021Q ? vlan.TAG_LENGTH : 0;
    if (at + shim > end) return CUT;
    if (isTagged && (shim > 0 || !settings.vlan)) return NOT_LOOKED_AT;
    if (type === ETH_P_PPP_SES) {
      if (!settings.pppoe) return NOT_LOOKED_AT;
      const protocol = readU16(bytes, at + 6);
      type = protocol === PPP_IP ? ETH_P_IP : protocol === PPP_IPV6 ? ETH_P_IPV6 : 0;
      at += PPPOE_HEADER;
    }
    this.etherType = type;
    const isWanted = (type === ETH_P_IP && settings.ip) || (type === ETH_P_IPV6 && settings.ip6);
    return isWanted ? at - start : NOT_LOOKED_AT;
  }

  /** What rules take for the interface that a packet came in by: the bridge's, or where that is asked for that of its VLAN. */
  private inputDevice(bytes: Uint8Array, start: number): Device {
    const { device } = this.owner;
    return (this.settings.passesVlan && vlanDeviceOf(device, bytes, start)) || device;
  }

  private readSettings(): void {
    const { settings } = this;
    const { sysctls } = this.host;
    const flag = (name: string) => sysctls.get(SYSCTL + name) !== 0;
    const { calls } = this.owner;
    settings.generation = sysctls.generation;
    settings.ip = calls.iptables || flag('call-iptables');
    settings.ip6 = calls.ip6tables || flag('call-ip6tables');
    settings.passesVlan = flag('pass-vlan-input-dev');
    settings.vlan = flag('filter-vlan-tagged');
    settings.pppoe = flag('filter-pppoe-tagged');
  }
}

function isPppoe(header: Uint8Array): boolean {
  return header.length === ethernet.HEADER_LENGTH + PPPOE_HEADER;
}

/**
 * A packet in a session has its session's header in front again when the kernel looks for its neighbour: it takes for the
 * destination what stands so far before it, asks for that in vain, and finds nothing there that it could send an error about.
 */
function askByWrongAddress(pkt: PacketBuffer): void {
  const { bytes } = pkt;
  const at = pkt.l3 - PPPOE_HEADER;
  pkt.packetType = PacketType.OTHERHOST;
  pkt.via0 = pkt.family === 4 ? ipv4.dst(bytes, at) : ipv6.dstWord(bytes, at, 0);
  if (pkt.family === 4) return;
  pkt.via1 = ipv6.dstWord(bytes, at, 1);
  pkt.via2 = ipv6.dstWord(bytes, at, 2);
  pkt.via3 = ipv6.dstWord(bytes, at, 3);
}

/** A packet of its own, with room in front, in which `network` bytes of the frame stand before IP. */
function copyFrame(bytes: Uint8Array, start: number, end: number, network: number): PacketBuffer {
  const memory = new Uint8Array(HEAD_ROOM + end - start);
  copyBytes(bytes, start, memory, HEAD_ROOM, end - start);
  const pkt = new PacketBuffer(memory, HEAD_ROOM);
  pkt.l2 = HEAD_ROOM;
  pkt.l3 = HEAD_ROOM + network;
  return pkt;
}

/** Puts the header that the frame had in front of the packet, which hooks may have put elsewhere. */
function enframe(pkt: PacketBuffer, header: Uint8Array): void {
  if (pkt.l3 < header.length) {
    const memory = new Uint8Array(HEAD_ROOM + pkt.l3End - pkt.l3);
    copyBytes(pkt.bytes, pkt.l3, memory, HEAD_ROOM, pkt.l3End - pkt.l3);
    const shift = HEAD_ROOM - pkt.l3;
    pkt.bytes = memory;
    pkt.l3 += shift;
    pkt.l4 += shift;
    pkt.l3End += shift;
  }
  pkt.start = pkt.l3 - header.length;
  pkt.l2 = pkt.start;
  pkt.end = pkt.l3End;
  copyBytes(header, 0, pkt.bytes, pkt.start, header.length);
}

/** What is known of a packet beside its bytes: for its copies, and for the host that gets it in the end. */
export function keepState(pkt: PacketBuffer, from: PacketBuffer): void {
  pkt.iif = from.iif;
  pkt.packetType = from.packetType;
  pkt.mark = from.mark;
  pkt.priority = from.priority;
  pkt.ct = from.ct;
  pkt.ctInfo = from.ctInfo;
  pkt.traced = from.traced;
  pkt.fragMaxSize = from.fragMaxSize;
  pkt.checksumState = from.checksumState;
  pkt.cause = from.cause;
  pkt.physIn = from.physIn;
}

/** nf_ip6_check_hbh_len: the options of a hop-by-hop header end where it ends. */
function areOptionsWhole({ bytes, l3, l3End }: PacketBuffer): boolean {
  const at = l3 + ipv6.HEADER_LENGTH;
  if (at + ipv6ext.MIN_LENGTH > l3End) return false;
  const end = at + ipv6ext.headerLength(bytes, at, IPPROTO_HOPOPTS);
  if (end > l3End) return false;
  let option = ipv6ext.optionsStart(at);
  for (let length = 0; option < end; option += length) {
    length = ipv6ext.optionLength(bytes, option, end);
    if (length <= 0) return false;
  }
  return true;
}

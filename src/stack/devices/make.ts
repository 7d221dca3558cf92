/**
 * Devices that are made of others, from the words of `ip link add … type …` (and of a gateway file's `type`): one case a kind.
 * Words that a kind has not are refused by name.
 */
import { ETH_P_8021AD, ETH_P_8021Q } from '../../wire/ether-type.ts';
import type { IpAddress } from '../address.ts';
import type { Device, DeviceKind } from '../device.ts';
import type { Host } from '../host.ts';
import type { Words } from '../routing/words.ts';
import { parseNumber, WordsMistake, wrong } from '../routing/words.ts';
import { NetlinkError } from '../rtnetlink/errors.ts';
import { BondLink, BOND_MODES, type BondMode } from './bond.ts';
import { HASH_POLICIES, type HashPolicy } from './bond-hash.ts';
import { BridgeLink, type BridgeOptions } from './bridge.ts';
import { DUMMY } from './dummy.ts';
import { IpTunnel, IP_TUNNELS, type IpTunnelKind, type IpTunnelOptions } from './ip-tunnel.ts';
import { TunLink } from './tun.ts';
import { VlanLink } from './vlan.ts';
import { VxlanLink, VXLAN_PORT, type VxlanOptions } from './vxlan.ts';

export interface NewDevice {
  readonly name: string;
  readonly mac?: Uint8Array | undefined;
  readonly mtu?: number | undefined;
  /** The device below, of a VLAN. */
  readonly link?: string | undefined;
  /** What only a gateway file can say: a bridge's settings, as of a learning switch. */
  readonly settings?: BridgeOptions | undefined;
}

interface AttachableKind extends DeviceKind {
  attach?(device: Device): void;
}

interface Made {
  readonly kind: AttachableKind;
  readonly mtu: number;
  readonly hasEthernet: boolean;
  /** The address of the device below, which a VLAN has, too. */
  readonly mac?: Uint8Array;
}

const DEFAULT_MTU = 1500;
const MAX_VLAN_ID = 4094;
const MAX_VNI = 0xffffff;
const DEFAULT_AGEING_SECONDS = 300;
const CENTISECONDS = 100;

/** Throws WordsMistake and NetlinkError. The device is down, as a new one of Linux's is. */
export function makeDevice(host: Host, wanted: NewDevice, words: Words): Device {
  if (host.devices.named(wanted.name) !== undefined) throw new NetlinkError('EEXIST');
  const made = make(host, wanted, words.next(), words);
  const mac = wanted.mac ?? made.mac;
  const device = host.devices.add(wanted.name, mac, wanted.mtu ?? made.mtu, made.kind, made.hasEthernet);
  device.up = device.hasBeenUp = false;
  made.kind.attach?.(device);
  return device;
}

function make(host: Host, wanted: NewDevice, type: string, words: Words): Made {
  switch (type) {
    case 'dummy':
      end(words, type);
      return { kind: DUMMY, mtu: DEFAULT_MTU, hasEthernet: true };
    case 'vlan':
      return makeVlan(host, wanted, words);
    case 'bridge': {
      const options = { ...readBridge(words), ...wanted.settings };
      const kind = new BridgeLink(host, options, wanted.mac !== undefined, host.devices.loopback);
      return { kind, mtu: DEFAULT_MTU, hasEthernet: true };
    }
    case 'bond':
      return { kind: makeBond(host, words), mtu: DEFAULT_MTU, hasEthernet: true };
    case 'tun':
    case 'tap':
      end(words, type);
      return { kind: new TunLink(host, type), mtu: DEFAULT_MTU, hasEthernet: type === 'tap' };
    case 'vxlan':
      return makeVxlan(host, words);
    default:
      if (!IP_TUNNELS.includes(type as IpTunnelKind))
        throw new NetlinkError('EOPNOTSUPP', 'Unknown device type.');
      return makeTunnel(host, type as IpTunnelKind, words);
  }
}

function end(words: Words, type: string): void {
  if (!words.isEmpty) unknown(words.next(), type);
}

function unknown(word: string, type: string): never {
  throw new WordsMistake(`${type}: unknown command "${word}"?`);
}

function deviceNamed(host: Host, name: string): Device {
  const device = host.devices.named(name);
  if (device === undefined) throw new WordsMistake(`Cannot find device "${name}"`, 1);
  return device;
}

function makeVlan(host: Host, { link }: NewDevice, words: Words): Made {
  let id: number | undefined;
  let protocol: number = ETH_P_8021Q;
  while (!words.isEmpty) {
    const word = words.next();
    if (word === 'id') id = words.number('id', MAX_VLAN_ID);
    else if (word === 'protocol' || word === 'proto') protocol = protocolNamed(words.next());
    else return unknown(word, 'vlan');
  }
  if (id === undefined) throw new NetlinkError('EINVAL', 'VLAN properties not specified.');
  if (link === undefined) throw new NetlinkError('EINVAL', 'link not specified.');
  const lower = deviceNamed(host, link);
  return {
    kind: new VlanLink(lower, { id, protocol }),
    mtu: lower.mtu,
    hasEthernet: true,
    mac: lower.mac.slice(),
  };
}

function protocolNamed(name: string): number {
  if (/^802\.1q$/i.test(name)) return ETH_P_8021Q;
  return /^802\.1ad$/i.test(name) ? ETH_P_8021AD : wrong(name, 'protocol is invalid');
}

/** The words of ip-link(8), in the learning switch's. */
function readBridge(words: Words): BridgeOptions {
  const options: Record<string, unknown> = {};
  while (!words.isEmpty) {
    const word = words.next();
    switch (word) {
      case 'ageing_time':
        options['ageing_time'] = words.number(word, 0xffffffff) / CENTISECONDS;
        break;
      case 'stp_state':
        options['stp'] = words.number(word, 1) === 1;
        break;
      case 'vlan_filtering':
      case 'mcast_snooping':
      case 'mcast_querier':
      case 'nf_call_iptables':
      case 'nf_call_ip6tables':
      case 'nf_call_arptables':
        options[word] = words.number(word, 1) === 1;
        break;
      case 'vlan_default_pvid':
      case 'group_fwd_mask':
      case 'fdb_max_learned':
        options[word] = words.number(word, 0xffff);
        break;
      case 'vlan_protocol':
        options[word] = words.next();
        break;
      default:
        return unknown(word, 'bridge');
    }
  }
  return options;
}

function makeBond(host: Host, words: Words): BondLink {
  let mode: BondMode = 'balance-rr';
  let policy: HashPolicy = 'layer2';
  let primary: string | undefined;
  while (!words.isEmpty) {
    const word = words.next();
    switch (word) {
      case 'mode': {
        const text = words.next();
        const found = BOND_MODES.find((name, i) => name === text || String(i) === text);
        mode = found ?? wrong(text, 'invalid mode');
        break;
      }
      case 'xmit_hash_policy': {
        const text = words.next();
        policy = HASH_POLICIES.find((name) => name === text) ?? wrong(text, 'invalid xmit_hash_policy');
        break;
      }
      case 'primary':
        primary = words.next();
        break;
      case 'miimon':
        // A member that is down is noticed at once.
        words.number(word, 0xffffffff);
        break;
      default:
        return unknown(word, 'bond');
    }
  }
  return new BondLink(host, { mode, policy, primary }, host.devices.loopback);
}

function makeVxlan(host: Host, words: Words): Made {
  let id: number | undefined;
  let local: IpAddress | undefined;
  const remotes: IpAddress[] = [];
  const options = { port: VXLAN_PORT, ttl: 0, learning: true, ageingSeconds: DEFAULT_AGEING_SECONDS };
  let device: Device | undefined;
  while (!words.isEmpty) {
    const word = words.next();
    switch (word) {
      case 'id':
      case 'vni':
        id = words.number('id', MAX_VNI);
        break;
      case 'local':
        local = words.address(0);
        break;
      case 'remote':
      case 'group':
        remotes.push(words.address(0));
        break;
      case 'dev':
        device = deviceNamed(host, words.next());
        break;
      case 'dstport':
        options.port = words.number(word, 65535, 1);
        break;
      case 'ttl':
        options.ttl = readTtl(words);
        break;
      case 'ageing':
        options.ageingSeconds = words.number(word, 0xffffffff);
        break;
      case 'learning':
      case 'nolearning':
        options.learning = word === 'learning';
        break;
      default:
        return unknown(word, 'vxlan');
    }
  }
  if (id === undefined) throw new WordsMistake('vxlan: missing virtual network identifier');
  const all: VxlanOptions = { id, local, remotes, device, ...options };
  const mtu = (device?.mtu ?? DEFAULT_MTU) - VxlanLink.overhead(all);
  return { kind: new VxlanLink(host, all), mtu, hasEthernet: true };
}

/** 0 stands for "inherit" and "auto". */
function readTtl(words: Words): number {
  const text = words.next();
  if (text === 'inherit' || text === 'auto') return 0;
  const ttl = parseNumber(text);
  return ttl === undefined || ttl > 255 ? wrong(text, 'invalid TTL') : ttl;
}

function makeTunnel(host: Host, kind: IpTunnelKind, words: Words): Made {
  const family = kind.startsWith('ip6') ? 6 : 4;
  const isGre = kind.includes('gre');
  let local: IpAddress | undefined;
  let remote: IpAddress | undefined;
  let inputKey: number | undefined;
  let outputKey: number | undefined;
  let device: Device | undefined;
  const options = { ttl: 0, tos: 0, dontFragment: true };
  const key = () => {
    const text = words.peek;
    if (text.includes('.')) return words.address(4).words[0]! >>> 0;
    return words.number('key', 0xffffffff);
  };
  const address = () => {
    if (words.peek !== 'any') return words.address(family);
    words.next();
    return undefined;
  };
  while (!words.isEmpty) {
    const word = words.next();
    switch (word) {
      case 'local':
        local = address();
        break;
      case 'remote':
        remote = address();
        break;
      case 'ttl':
      case 'hoplimit':
        options.ttl = readTtl(words);
        break;
      case 'tos':
        options.tos = words.number(word, 255);
        break;
      case 'pmtudisc':
      case 'nopmtudisc':
        options.dontFragment = word === 'pmtudisc';
        break;
      case 'dev':
        device = deviceNamed(host, words.next());
        break;
      case 'key':
        if (!isGre) return unknown(word, kind);
        inputKey = outputKey = key();
        break;
      case 'ikey':
        if (!isGre) return unknown(word, kind);
        inputKey = key();
        break;
      case 'okey':
        if (!isGre) return unknown(word, kind);
        outputKey = key();
        break;
      default:
        return unknown(word, kind);
    }
  }
  const all: IpTunnelOptions = { kind, local, remote, inputKey, outputKey, device, ...options };
  const mtu = (device?.mtu ?? DEFAULT_MTU) - IpTunnel.overhead(all);
  return { kind: new IpTunnel(host, all), mtu, hasEthernet: kind.endsWith('tap') };
}

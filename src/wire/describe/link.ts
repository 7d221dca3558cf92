/** Ethernet frames, VLAN tags and ARP in tcpdump's words: `ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28`. */
import { formatIp4, formatMac } from '../address.ts';
import * as arp from '../arp.ts';
import { hexByte, readU16 } from '../bytes.ts';
import { ETH_P_ARP, ETH_P_IP, ETH_P_IPV6, ETH_P_LLDP, ETH_P_QINQ1, ETH_P_RARP } from '../ether-type.ts';
import * as ethernet from '../ethernet.ts';
import * as vlan from '../vlan.ts';
import { describeIpv4, describeIpv6 } from './ip.ts';
import { has, type View } from './view.ts';

/** A whole frame. MAC addresses appear only where nothing above layer 2 is understood; tags always do. */
export function describeEthernet(view: View, at: number): string {
  if (!has(view, at, ethernet.HEADER_LENGTH)) return '[|ether]';
  let type = ethernet.type(view.bytes, at);
  let body = at + ethernet.HEADER_LENGTH;
  let tags = '';
  // A last tag type that nothing is left of, or one too many, is described as an unknown EtherType.
  for (let count = 0; (vlan.isTag(type) || type === ETH_P_QINQ1) && count < vlan.MAX_TAGS; count++) {
    if (!has(view, body, vlan.TAG_LENGTH)) return `${tags}[|vlan]`;
    tags += `${describeTag(vlan.tci(view.bytes, body))}, `;
    type = vlan.innerType(view.bytes, body);
    body += vlan.TAG_LENGTH;
  }
  return tags + (describeNetwork(view, type, body) ?? describeUnknown(view, at, type, body));
}

function describeTag(tci: number): string {
  return `vlan ${vlan.vid(tci)}, p ${vlan.pcp(tci)}${vlan.dei(tci) ? ', DEI' : ''}`;
}

/** By EtherType; undefined for one that nobody here has words for. */
export function describeNetwork(view: View, etherType: number, at: number): string | undefined {
  switch (etherType) {
    case ETH_P_IP:
      return describeIpv4(view, at);
    case ETH_P_IPV6:
      return describeIpv6(view, at);
    case ETH_P_ARP:
    case ETH_P_RARP:
      return describeArp(view, at);
    case ETH_P_LLDP:
      return `LLDP, length ${view.wireEnd - at}`;
    default:
      return undefined;
  }
}

function describeUnknown(view: View, at: number, type: number, body: number): string {
  const { bytes } = view;
  const macs = `${formatMac(bytes, at + 6)} > ${formatMac(bytes, at)}`;
  if (!ethernet.isLength(type)) {
    return `${macs}, ethertype Unknown (0x${type.toString(16).padStart(4, '0')}), length ${view.wireEnd - at}`;
  }
  if (!has(view, body, ethernet.LLC_HEADER_LENGTH)) return `${macs}, 802.3, length ${type}: [|llc]`;
  if (ethernet.isSnap(bytes, body, view.end)) {
    const known =
      ethernet.snapOui(bytes, body) === 0
        ? describeNetwork(view, ethernet.snapType(bytes, body), body + ethernet.SNAP_HEADER_LENGTH)
        : undefined;
    const oui = ethernet.snapOui(bytes, body).toString(16).padStart(6, '0');
    const inner = ethernet.snapType(bytes, body).toString(16).padStart(4, '0');
    return known ?? `${macs}, 802.3, length ${type}: SNAP oui 0x${oui}, type 0x${inner}`;
  }
  const dsap = hexByte(ethernet.llcDsap(bytes, body));
  const ssap = hexByte(ethernet.llcSsap(bytes, body));
  return `${macs}, 802.3, length ${type}: LLC, dsap 0x${dsap}, ssap 0x${ssap}, ctrl 0x${hexByte(ethernet.llcControl(bytes, body))}`;
}

// ── ARP ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const INVERSE_REQUEST = 8;
const INVERSE_REPLY = 9;

function describeArp(view: View, at: number): string {
  if (!has(view, at, arp.FIXED_LENGTH)) return '[|arp]';
  const { bytes } = view;
  const length = view.wireEnd - at;
  if (
    arp.protocolType(bytes, at) !== ETH_P_IP ||
    arp.hardwareLength(bytes, at) !== 6 ||
    arp.protocolLength(bytes, at) !== 4
  ) {
    return `ARP, ${foreignKinds(view, at)}, length ${length}`;
  }
  if (!has(view, at, arp.LENGTH)) return '[|arp]';
  const kinds = view.verbose ? `${foreignKinds(view, at)}, ` : '';
  return `ARP, ${kinds}${operationText(view, at)}, length ${length}`;
}

function foreignKinds(view: View, at: number): string {
  const { bytes } = view;
  const hardware =
    arp.hardwareType(bytes, at) === arp.HARDWARE_ETHERNET
      ? 'Ethernet'
      : `Unknown Hardware (${readU16(bytes, at)})`;
  const type = arp.protocolType(bytes, at);
  const protocol = type === ETH_P_IP ? 'IPv4' : `Unknown Protocol (0x${type.toString(16).padStart(4, '0')})`;
  return `${hardware} (len ${arp.hardwareLength(bytes, at)}), ${protocol} (len ${arp.protocolLength(bytes, at)})`;
}

function operationText(view: View, at: number): string {
  const { bytes } = view;
  const senderMac = formatMac(bytes, arp.senderMacAt(at));
  const targetMac = formatMac(bytes, arp.targetMacAt(at));
  const senderIp = formatIp4(arp.senderIp(bytes, at));
  const targetIp = formatIp4(arp.targetIp(bytes, at));
  switch (arp.operation(bytes, at)) {
    case arp.REQUEST: {
      const known = ethernet.isZero(bytes, arp.targetMacAt(at)) ? '' : ` (${targetMac})`;
      return `Request who-has ${targetIp}${known} tell ${senderIp}`;
    }
    case arp.REPLY:
      return `Reply ${senderIp} is-at ${senderMac}`;
    case arp.REVERSE_REQUEST:
      return `Reverse Request who-is ${targetMac} tell ${senderMac}`;
    case arp.REVERSE_REPLY:
      return `Reverse Reply ${targetMac} at ${targetIp}`;
    case INVERSE_REQUEST:
      return `Inverse Request who-is ${targetMac} tell ${senderMac}`;
    case INVERSE_REPLY:
      return `Inverse Reply ${senderMac} at ${senderIp}`;
    default:
      return `Unknown (${arp.operation(bytes, at)})`;
  }
}

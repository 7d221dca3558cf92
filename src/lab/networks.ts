/**
 * The networks that hypervisors offer, each with its names and, where the host takes part, its rules:
 *
 *     bridge     Xen's xenbr0: guests stand on the physical network; the uplink is peth0, guest N's NIC M is vifN.M
 *     nat        libvirt's default: virbr0 with 192.168.122.1/24 on the host, masquerading, the rules that libvirt installs
 *     routed     the same without masquerading: the outside needs a route to 192.168.122.0/24
 *     isolated   guests reach each other and the host, nothing else
 *
 * With `nat` and `routed` the host's way out is its interface eth0: link `NAME-host:eth0` to something. Guests get their
 * addresses from the host by DHCP, from 192.168.122.2 on, unless they say otherwise, and ask it for names: it knows theirs.
 * The host of an isolated network is nobody's router.
 *
 * Sources: libvirt 9.0, whose rules test/lab/libvirt has as `iptables-save` shows them; Xen's network-bridge script. libvirt's
 * bridge has a spanning tree besides, which here would keep labs waiting.
 */
import { choiceAt, listAt, objectAt, type PlainObject } from '../base/plain-object.ts';

/** How guests are plugged into the switch of a hypervisor. */
export interface Wiring {
  /** The key of the hypervisor's settings that describes it. */
  readonly key: 'switch' | 'network';
  readonly switch: PlainObject;
  /** The hypervisor's own system, where it takes part, and its interface on the switch. */
  readonly host: { readonly settings: PlainObject; readonly interface: string; readonly port: string } | null;
  /** The port for NIC `index` of guest `number` (from 1). */
  portOf(guest: string, index: number, number: number): string;
  completeGuest(guest: PlainObject, number: number): PlainObject;
}

export const NETWORKS = ['bridge', 'nat', 'routed', 'isolated'] as const;

const BRIDGE = 'virbr0';
const SUBNET = '192.168.122';
/** The bridge's address is the first of its network; what is leased follows it. */
const BRIDGE_HOST_NUMBER = 1;
/** libvirt gives virbr0 an address of its own range. */
const BRIDGE_MAC = '52:54:00:00:7a:01';

export function offeredNetwork(settings: PlainObject, path: string): Wiring {
  const kind = choiceAt(settings['network'], `${path}.network`, NETWORKS);
  if (kind === 'bridge') return xenBridge();
  const outside = kind === 'isolated' ? {} : objectAt(settings['host'] ?? {}, `${path}.host`);
  const interfaces = objectAt(outside['interfaces'] ?? {}, `${path}.host.interfaces`);
  const services = objectAt(outside['services'] ?? {}, `${path}.host.services`);
  let nics = 0;
  return {
    key: 'network',
    switch: { model: 'learning', mac: BRIDGE_MAC, self: { name: BRIDGE } },
    host: {
      settings: {
        kind: kind === 'isolated' ? 'host' : 'gateway',
        ...outside,
        interfaces: {
          ...interfaces,
          [BRIDGE]: { mac: BRIDGE_MAC, addresses: [`${SUBNET}.${BRIDGE_HOST_NUMBER}/24`] },
        },
        services: {
          dhcp: {
            interface: BRIDGE,
            range: `${SUBNET}.${BRIDGE_HOST_NUMBER + 1}-${SUBNET}.254`,
            ...(kind === 'isolated' ? { router: false } : {}),
          },
          dns: {},
          ...services,
        },
        rules: outside['rules'] ?? LIBVIRT_RULES[kind],
      },
      interface: BRIDGE,
      port: BRIDGE,
    },
    // Numbered one after the other, whoever's they are.
    portOf: () => `vnet${nics++}`,
    completeGuest: addressed,
  };
}

function xenBridge(): Wiring {
  return {
    key: 'network',
    switch: { model: 'learning', ports: ['peth0'] },
    host: null,
    portOf: (_guest, index, number) => `vif${number}.${index}`,
    completeGuest: (guest) => guest,
  };
}

/** A guest that names no address gets one by DHCP, on its first NIC. */
function addressed(guest: PlainObject): PlainObject {
  const interfaces = (guest['interfaces'] ?? { eth0: {} }) as PlainObject;
  const [first] = Object.keys(interfaces);
  const nic = interfaces[first!];
  const isBare =
    nic === null || (typeof nic === 'object' && listAt((nic as PlainObject)['addresses'], '').length === 0);
  if (!isBare) return guest;
  return {
    ...guest,
    interfaces: { ...interfaces, [first!]: { ...(nic as PlainObject | null), dhcp: true } },
  };
}

/** What every libvirt network has: the host may be asked for addresses and names; and what only some have. */
const TABLES = (nat: string, forward: string): string => `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:LIBVIRT_PRT - [0:0]
-A POSTROUTING -j LIBVIRT_PRT
-A LIBVIRT_PRT -o virbr0 -p udp -m udp --dport 68 -j CHECKSUM --checksum-fill
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:LIBVIRT_PRT - [0:0]
-A POSTROUTING -j LIBVIRT_PRT
${nat}COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:LIBVIRT_FWI - [0:0]
:LIBVIRT_FWO - [0:0]
:LIBVIRT_FWX - [0:0]
:LIBVIRT_INP - [0:0]
:LIBVIRT_OUT - [0:0]
-A INPUT -j LIBVIRT_INP
-A FORWARD -j LIBVIRT_FWX
-A FORWARD -j LIBVIRT_FWI
-A FORWARD -j LIBVIRT_FWO
-A OUTPUT -j LIBVIRT_OUT
${forward}-A LIBVIRT_FWI -o virbr0 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWO -i virbr0 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWX -i virbr0 -o virbr0 -j ACCEPT
-A LIBVIRT_INP -i virbr0 -p udp -m udp --dport 53 -j ACCEPT
-A LIBVIRT_INP -i virbr0 -p tcp -m tcp --dport 53 -j ACCEPT
-A LIBVIRT_INP -i virbr0 -p udp -m udp --dport 67 -j ACCEPT
-A LIBVIRT_INP -i virbr0 -p tcp -m tcp --dport 67 -j ACCEPT
-A LIBVIRT_OUT -o virbr0 -p udp -m udp --dport 53 -j ACCEPT
-A LIBVIRT_OUT -o virbr0 -p tcp -m tcp --dport 53 -j ACCEPT
-A LIBVIRT_OUT -o virbr0 -p udp -m udp --dport 68 -j ACCEPT
-A LIBVIRT_OUT -o virbr0 -p tcp -m tcp --dport 68 -j ACCEPT
COMMIT
`;

/** What leaves the network, but not as broadcast or to a group of the link, gets the host's address. */
const MASQUERADE = `-A LIBVIRT_PRT -s 192.168.122.0/24 -d 224.0.0.0/24 -j RETURN
-A LIBVIRT_PRT -s 192.168.122.0/24 -d 255.255.255.255/32 -j RETURN
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -p tcp -j MASQUERADE --to-ports 1024-65535
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -p udp -j MASQUERADE --to-ports 1024-65535
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -j MASQUERADE
`;
const OUT = '-A LIBVIRT_FWO -s 192.168.122.0/24 -i virbr0 -j ACCEPT\n';

const LIBVIRT_RULES = {
  nat: TABLES(
    MASQUERADE,
    `-A LIBVIRT_FWI -d 192.168.122.0/24 -o virbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n${OUT}`,
  ),
  routed: TABLES('', `-A LIBVIRT_FWI -d 192.168.122.0/24 -o virbr0 -j ACCEPT\n${OUT}`),
  isolated: TABLES('', ''),
} as const;

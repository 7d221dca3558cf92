/** Rulesets of the benchmarks. */
import { OUTSIDE, INSIDE } from './traffic.ts';

/** A stateful NAT gateway of about 20 rules, as an office has it. */
export const NAT_GATEWAY = `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i ${OUTSIDE.iface} -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.254.0.2:80
-A PREROUTING -i ${OUTSIDE.iface} -p tcp -m tcp --dport 2222 -j DNAT --to-destination 10.254.0.3:22
-A POSTROUTING -s 10.254.0.0/16 -o ${OUTSIDE.iface} -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:refuse - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -i ${INSIDE.iface} -p tcp -m multiport --dports 22,443 -m conntrack --ctstate NEW -j ACCEPT
-A INPUT -j refuse
-A FORWARD -m conntrack --ctstate INVALID -j refuse
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i ${INSIDE.iface} -o ${OUTSIDE.iface} -p tcp -m tcp --dport 25 -j REJECT --reject-with tcp-reset
-A FORWARD -i ${INSIDE.iface} -o ${OUTSIDE.iface} -p udp -m multiport --dports 137,138,139 -j DROP
-A FORWARD -s 10.254.0.0/16 -i ${INSIDE.iface} -o ${OUTSIDE.iface} -m conntrack --ctstate NEW -j ACCEPT
-A FORWARD -d 10.254.0.2/32 -i ${OUTSIDE.iface} -o ${INSIDE.iface} -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW -j ACCEPT
-A FORWARD -d 10.254.0.3/32 -i ${OUTSIDE.iface} -o ${INSIDE.iface} -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
-A FORWARD -j refuse
-A refuse -m limit --limit 10/min -j LOG --log-prefix "refused: "
-A refuse -j DROP
COMMIT
`;

/** `count` rules of every shape that people write, none of which matches the traffic, then one that accepts. */
export function rulesThatDoNotMatch(count: number): string {
  const lines: string[] = [];
  for (let i = 0; i < count; i++) lines.push(`-A FORWARD ${SHAPES[i % SHAPES.length]!(i)} -j DROP`);
  return `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${lines.join('\n')}\n-A FORWARD -p tcp -j ACCEPT\nCOMMIT\n`;
}

const low = (i: number) => `${(i >> 8) & 0xff}.${i & 0xff}`;

const SHAPES: readonly ((i: number) => string)[] = [
  (i) => `-s 172.16.${low(i)}/32`,
  (i) => `-d 172.17.${low(i)}/32`,
  (i) => `-s 172.18.${(i >> 3) & 0xff}.0/24 -p tcp -m tcp --dport ${1 + (i % 60000)}`,
  (i) => `-d 172.${20 + (i % 8)}.0.0/16 -p udp -m udp --dport ${1 + (i % 60000)}`,
  (i) => `-p udp -m udp --dport ${1 + (i % 60000)}`,
  (i) => `-s 172.19.${low(i)}/32 -p tcp -m tcp --sport ${1 + (i % 1000)}:${1100 + (i % 1000)}`,
  (i) => `-i tun${i % 100} -p tcp -m tcp --dport ${1 + (i % 60000)}`,
  (i) => `-p tcp -m multiport --dports ${81 + (i % 900)},${1081 + (i % 900)}`,
];

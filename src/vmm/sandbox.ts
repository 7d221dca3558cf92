/**
 * The template "sandbox": guests that are not to be trusted. They reach the names that are allowed, and nothing else: no
 * address that no allowed name led to, none of private networks, of links, of clouds' metadata, of this machine, none of other
 * guests. What is refused is refused audibly. Port forwards lead to them, and the gateway answers for addresses and names.
 */

/** Holds the addresses of the names that are allowed (services/name-sets.ts); with a 6, those of IPv6. */
export const SANDBOX_SET = 'sandbox';

/** RFC 6890: of somebody's own network, of a link, or of nobody; 100.64.0.2 is this machine, 169.254.169.254 clouds' metadata. */
const NEVER = {
  4: [
    ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
    ...['192.0.0.0/24', '192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4'],
  ],
  6: ['::/96', '::ffff:0.0.0.0/96', '64:ff9b::/96', 'fc00::/7', 'fe80::/10', 'ff00::/8'],
} as const;

const REFUSE = {
  4: 'REJECT --reject-with icmp-admin-prohibited',
  6: 'REJECT --reject-with icmp6-adm-prohibited',
} as const;

/** What the gateway does for its guests, and what they need to be on the network at all. */
const SERVICES = {
  4: [
    '-A INPUT -i lan -p udp -m udp --dport 67 -j ACCEPT',
    '-A INPUT -i lan -p icmp -m icmp --icmp-type 8 -j ACCEPT',
  ],
  6: [
    '-A INPUT -i lan -p udp -m udp --dport 547 -j ACCEPT',
    ...[128, 133, 135, 136].map(
      (type) => `-A INPUT -i lan -p ipv6-icmp -m icmp6 --icmpv6-type ${type} -j ACCEPT`,
    ),
    ...[133, 135, 136].map((type) => `-A INPUT -i wan -p ipv6-icmp -m icmp6 --icmpv6-type ${type} -j ACCEPT`),
  ],
} as const;

function rulesOf(family: 4 | 6): string {
  const set = family === 4 ? SANDBOX_SET : `${SANDBOX_SET}6`;
  return [
    '*filter',
    ':INPUT DROP [0:0]',
    ':FORWARD DROP [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    ...SERVICES[family],
    '-A INPUT -i lan -p udp -m udp --dport 53 -j ACCEPT',
    '-A INPUT -i lan -p tcp -m tcp --dport 53 -j ACCEPT',
    '-A INPUT -i lan -p udp -m multiport --dports 69,123 -j ACCEPT',
    '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    '-A FORWARD -i wan -o lan -j ACCEPT',
    ...NEVER[family].map((network) => `-A FORWARD -i lan -d ${network} -j ${REFUSE[family]}`),
    `-A FORWARD -i lan -o wan -m set --match-set ${set} dst -j ACCEPT`,
    `-A FORWARD -i lan -j ${REFUSE[family]}`,
    'COMMIT',
    '',
  ].join('\n');
}

export const SANDBOX_RULES: Readonly<Record<4 | 6, string>> = { 4: rulesOf(4), 6: rulesOf(6) };

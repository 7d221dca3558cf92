/**
 * Application-level gateways. `installHelpers` makes every helper known to connection tracking under the names that
 * `-j CT --helper` and nf_conntrack_helper know; which of their two kinds is at work is a setting (settings.ts).
 */
import type { CtHelper } from '../netfilter/conntrack/helpers.ts';
import type { Family } from '../netfilter/hook.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from '../wire/ip-protocol.ts';
import { Amanda, AMANDA_PORT } from './amanda.ts';
import { FlowTable } from './flow-table.ts';
import { FTP_PORT } from './ftp/limits.ts';
import { LinuxFtp } from './ftp/linux.ts';
import { StrictFtp } from './ftp/strict.ts';
import { IRC_PORT } from './irc/dcc.ts';
import { LinuxIrc } from './irc/linux.ts';
import { StrictIrc } from './irc/strict.ts';
import { NETBIOS_NS_PORT, NetbiosNs } from './netbios-ns.ts';
import { LinuxPptp } from './pptp/linux.ts';
import { PPTP_PORT } from './pptp/messages.ts';
import { StrictPptp } from './pptp/strict.ts';
import { Rsh, RSH_PORT } from './rsh.ts';
import { Sane, SANE_PORT } from './sane.ts';
import type { AlgServices } from './services.ts';
import type { HelperSettings } from './settings.ts';
import { LinuxSip } from './sip/linux.ts';
import { SIP_PORT } from './sip/limits.ts';
import { StrictSip } from './sip/strict.ts';
import { Snmp, SNMP_PORT, SNMP_TRAP_PORT } from './snmp/snmp.ts';
import { Tftp, TFTP_PORT } from './tftp.ts';

interface HelperSpec {
  /** As rules name it. */
  readonly name: string;
  readonly families: readonly Family[];
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  make(family: Family, services: AlgServices, settings: HelperSettings): CtHelper;
}

const BOTH = [4, 6] as const;

const HELPERS: readonly HelperSpec[] = [
  {
    name: 'amanda',
    families: BOTH,
    protocol: 'udp',
    port: AMANDA_PORT,
    make: (family, services) => new Amanda(family, services),
  },
  {
    name: 'ftp',
    families: BOTH,
    protocol: 'tcp',
    port: FTP_PORT,
    make: (family, services, { mode, ftp }) =>
      mode === 'linux'
        ? new LinuxFtp(family, services, ftp.loose)
        : new StrictFtp(family, services, ftp.loose),
  },
  {
    name: 'irc',
    families: [4],
    protocol: 'tcp',
    port: IRC_PORT,
    make: (_family, services, { mode }) =>
      mode === 'linux' ? new LinuxIrc(services) : new StrictIrc(services),
  },
  {
    name: 'netbios-ns',
    families: [4],
    protocol: 'udp',
    port: NETBIOS_NS_PORT,
    make: (_family, services) => new NetbiosNs(services),
  },
  {
    name: 'pptp',
    families: [4],
    protocol: 'tcp',
    port: PPTP_PORT,
    make: (_family, services, { mode }) =>
      mode === 'linux' ? new LinuxPptp(services) : new StrictPptp(services),
  },
  {
    name: 'rsh',
    families: BOTH,
    protocol: 'tcp',
    port: RSH_PORT,
    make: (family, services) => new Rsh(family, services),
  },
  {
    name: 'sane',
    families: BOTH,
    protocol: 'tcp',
    port: SANE_PORT,
    make: (family, services) => new Sane(family, services),
  },
  ...([IPPROTO_UDP, IPPROTO_TCP] as const).map((proto): HelperSpec => ({
    name: 'sip',
    families: BOTH,
    protocol: proto === IPPROTO_TCP ? 'tcp' : 'udp',
    port: SIP_PORT,
    make: (family, services, { mode }) =>
      mode === 'linux'
        ? new LinuxSip(family, proto, services)
        : new StrictSip(family, proto, services, services.flows.calls),
  })),
  ...(
    [
      ['snmp', SNMP_PORT],
      ['snmp_trap', SNMP_TRAP_PORT],
    ] as const
  ).map(([name, port]): HelperSpec => ({
    name,
    families: [4],
    protocol: 'udp',
    port,
    make: (_family, services) => new Snmp(name, services),
  })),
  {
    name: 'tftp',
    families: BOTH,
    protocol: 'udp',
    port: TFTP_PORT,
    make: (family, services, { mode }) => new Tftp(family, services, mode === 'strict'),
  },
];

/** The helpers that are there, of those that rules may name. */
export const HELPER_NAMES: readonly string[] = HELPERS.map(({ name }) => name);

/** Returns the flow table that the helpers fill. */
export function installHelpers(parts: Omit<AlgServices, 'flows'>, settings: HelperSettings): FlowTable {
  const flows = new FlowTable(parts.clock, parts.conntrack);
  const services: AlgServices = { ...parts, flows };
  const { helpers } = parts.conntrack;
  for (const { families, make } of HELPERS) {
    for (const family of families) helpers.register(make(family, services, settings));
  }
  return flows;
}

/** Rules that set every helper on its usual port, in iptables-save format. */
export function helperRules(family: Family): string {
  const rules = HELPERS.filter(({ families }) => families.includes(family)).flatMap(
    ({ name, protocol, port }) =>
      ['PREROUTING', 'OUTPUT'].map(
        (chain) => `-A ${chain} -p ${protocol} -m ${protocol} --dport ${port} -j CT --helper ${name}\n`,
      ),
  );
  return `*raw\n${rules.join('')}COMMIT\n`;
}

export { FlowTable, type Endpoint, type Flow, type FlowEvent } from './flow-table.ts';
export type { Call } from './sip/call-table.ts';
export type { MediaQuality } from './sip/media-quality.ts';
export { DEFAULT_HELPERS, parseHelperSettings, type HelperSettings } from './settings.ts';

/**
 * Application-level gateways. `installHelpers` makes every helper known to connection tracking under the names that
 * `-j CT --helper` and nf_conntrack_helper know; which of their two kinds is at work is a setting (settings.ts).
 */
import type { CtHelper } from '../netfilter/conntrack/helpers.ts';
import type { Family } from '../netfilter/hook.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from '../wire/ip-protocol.ts';
import { AMANDA, Amanda } from './amanda.ts';
import { FlowTable } from './flow-table.ts';
import { FTP } from './ftp/facts.ts';
import { LinuxFtp } from './ftp/linux.ts';
import { StrictFtp } from './ftp/strict.ts';
import { H245, Q931, RAS } from './h323/facts.ts';
import { makeH323, type H323Helpers } from './h323/index.ts';
import type { HelperFacts } from './helper-facts.ts';
import { IRC } from './irc/facts.ts';
import { LinuxIrc } from './irc/linux.ts';
import { StrictIrc } from './irc/strict.ts';
import { MGCP } from './mgcp/facts.ts';
import { Mgcp } from './mgcp/mgcp.ts';
import { MSRPC } from './msrpc/facts.ts';
import { Msrpc } from './msrpc/msrpc.ts';
import { NETBIOS_NS, NetbiosNs } from './netbios-ns.ts';
import { PPTP } from './pptp/facts.ts';
import { LinuxPptp } from './pptp/linux.ts';
import { StrictPptp } from './pptp/strict.ts';
import { RSH, Rsh } from './rsh.ts';
import { RTSP } from './rtsp/facts.ts';
import { Rtsp } from './rtsp/rtsp.ts';
import { SANE, Sane } from './sane.ts';
import type { AlgServices } from './services.ts';
import type { HelperSettings } from './settings.ts';
import { SIP } from './sip/facts.ts';
import { LinuxSip } from './sip/linux.ts';
import { StrictSip } from './sip/strict.ts';
import { SNMP, SNMP_TRAP, Snmp } from './snmp/snmp.ts';
import { TFTP, Tftp } from './tftp.ts';

interface HelperSpec {
  readonly facts: HelperFacts;
  make(parts: HelperParts): CtHelper;
}

interface HelperParts {
  readonly family: Family;
  readonly proto: number;
  readonly services: AlgServices;
  readonly settings: HelperSettings;
  readonly isStrict: boolean;
  /** The three of H.323, which know each other; made once a family. */
  readonly h323: Map<Family, H323Helpers>;
}

function h323Of({ family, services, isStrict, h323 }: HelperParts): H323Helpers {
  let helpers = h323.get(family);
  if (helpers === undefined) h323.set(family, (helpers = makeH323(family, services, isStrict)));
  return helpers;
}

const HELPERS: readonly HelperSpec[] = [
  { facts: AMANDA, make: ({ family, services }) => new Amanda(family, services) },
  {
    facts: FTP,
    make: ({ family, services, settings, isStrict }) =>
      isStrict
        ? new StrictFtp(family, services, settings.ftp.loose)
        : new LinuxFtp(family, services, settings.ftp.loose),
  },
  { facts: H245, make: (parts) => h323Of(parts).control },
  { facts: IRC, make: ({ services, isStrict }) => new (isStrict ? StrictIrc : LinuxIrc)(services) },
  { facts: MGCP, make: ({ family, services, settings }) => new Mgcp(family, services, settings.mgcp.loose) },
  { facts: MSRPC, make: ({ family, services }) => new Msrpc(family, services) },
  { facts: NETBIOS_NS, make: ({ services }) => new NetbiosNs(services) },
  { facts: PPTP, make: ({ services, isStrict }) => new (isStrict ? StrictPptp : LinuxPptp)(services) },
  { facts: Q931, make: (parts) => h323Of(parts).signalling },
  { facts: RAS, make: (parts) => h323Of(parts).ras },
  { facts: RSH, make: ({ family, services }) => new Rsh(family, services) },
  { facts: RTSP, make: ({ family, services }) => new Rtsp(family, services) },
  { facts: SANE, make: ({ family, services }) => new Sane(family, services) },
  {
    facts: SIP,
    make: ({ family, proto, services, settings, isStrict }) =>
      isStrict
        ? new StrictSip(family, proto, services, settings.sip.loose)
        : new LinuxSip(family, proto, services),
  },
  { facts: SNMP, make: ({ services }) => new Snmp(SNMP, services) },
  { facts: SNMP_TRAP, make: ({ services }) => new Snmp(SNMP_TRAP, services) },
  { facts: TFTP, make: ({ family, services, isStrict }) => new Tftp(family, services, isStrict) },
];

/** What the helpers that are there declare, by name. */
export const HELPER_FACTS: readonly HelperFacts[] = HELPERS.map(({ facts }) => facts);

/** The helpers that are there, of those that rules may name. */
export const HELPER_NAMES: readonly string[] = HELPER_FACTS.map(({ name }) => name);

/** Returns the flow table that the helpers fill. */
export function installHelpers(parts: Omit<AlgServices, 'flows'>, settings: HelperSettings): FlowTable {
  const { clock, rng, log, conntrack, nat, sequences, networks } = parts;
  const flows = new FlowTable(clock, conntrack);
  // By name: what is made by spreading has a shape of its own each time, for which V8 compiles everything anew.
  const services: AlgServices = { clock, rng, log, conntrack, nat, sequences, flows, networks };
  const isStrict = settings.mode === 'strict';
  const h323 = new Map<Family, H323Helpers>();
  for (const { facts, make } of HELPERS) {
    for (const family of facts.families) {
      for (const transport of facts.transports) {
        const proto = transport === 'tcp' ? IPPROTO_TCP : IPPROTO_UDP;
        parts.conntrack.helpers.register(make({ family, proto, services, settings, isStrict, h323 }));
      }
    }
  }
  return flows;
}

/** Rules that set every helper on its usual port, in iptables-save format. */
export function helperRules(family: Family): string {
  const rules: string[] = [];
  for (const { name, families, transports, port, otherPorts = [] } of HELPER_FACTS) {
    // What has no port is attached by other helpers.
    if (!families.includes(family) || port === 0) continue;
    for (const transport of transports) {
      for (const usual of [port, ...otherPorts]) {
        for (const chain of ['PREROUTING', 'OUTPUT']) {
          rules.push(`-A ${chain} -p ${transport} -m ${transport} --dport ${usual} -j CT --helper ${name}\n`);
        }
      }
    }
  }
  return `*raw\n${rules.join('')}COMMIT\n`;
}

export { FlowTable, type Endpoint, type Flow, type FlowEvent } from './flow-table.ts';
export type { HelperFacts } from './helper-facts.ts';
export type { Call } from './media/call-table.ts';
export type { MediaQuality } from './media/media-quality.ts';
export { DEFAULT_HELPERS, parseHelperSettings, WATCHING_HELPERS, type HelperSettings } from './settings.ts';

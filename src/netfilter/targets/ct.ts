/**
 * `-j CT`: before tracking looks at a packet, says how its connection is to be tracked: not at all, in a zone, with a
 * helper. Linux: xt_CT. The helper's name is attached to the connection; what helpers do is `src/alg`'s.
 */
import { defineTarget, type TargetAction, type ValueType } from '../extension.ts';
import { CtInfo } from '../conntrack/ct-info.ts';
import type { ConntrackView, CtTemplate } from '../conntrack/view.ts';
import { Hook } from '../hook.ts';
import { ValueError } from '../syntax/value-error.ts';
import { bitNames, flag, parseUnsigned, text } from '../syntax/values/index.ts';
import { Verdict } from '../verdict.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

/** Bits are those of enum ip_conntrack_events; the order is that of printing. */
const EVENTS = [
  ['new', 1 << 0],
  ['related', 1 << 1],
  ['destroy', 1 << 2],
  ['reply', 1 << 3],
  ['assured', 1 << 4],
  ['protoinfo', 1 << 5],
  ['helper', 1 << 6],
  ['mark', 1 << 7],
  ['natseqinfo', 1 << 8],
  ['secmark', 1 << 9],
] as const;

const EXPECT_EVENTS = [['new', 1 << 0]] as const;

/**
 * Helpers of the kernel and the protocols they sit on, and mgcp, msrpc, rsh and rtsp, which only Sluice has; any other name is refused, as by a
 * kernel without it.
 */
const HELPERS: Readonly<Record<string, readonly number[]>> = {
  amanda: [IPPROTO_UDP],
  ftp: [IPPROTO_TCP],
  'H.245': [IPPROTO_TCP],
  irc: [IPPROTO_TCP],
  mgcp: [IPPROTO_UDP],
  msrpc: [IPPROTO_TCP],
  'netbios-ns': [IPPROTO_UDP],
  pptp: [IPPROTO_TCP],
  'Q.931': [IPPROTO_TCP],
  RAS: [IPPROTO_UDP],
  rsh: [IPPROTO_TCP],
  rtsp: [IPPROTO_TCP],
  sane: [IPPROTO_TCP],
  sip: [IPPROTO_TCP, IPPROTO_UDP],
  snmp: [IPPROTO_UDP],
  snmp_trap: [IPPROTO_UDP],
  tftp: [IPPROTO_UDP],
};

const HELPER_NAME_MAX = 15;
const TIMEOUT_NAME_MAX = 31;
const ZONE_MAX = 65535;

/** Printed as it is, unlike that of `-m helper`, which is quoted where it has a dot. */
const helperName: ValueType<string> = { ...text(HELPER_NAME_MAX, 'name', 1), print: (name) => name };

/** A zone's number, or `mark` for the packet's mark. */
const zone: ValueType<number | 'mark'> = {
  label: 'number|mark',
  parse(words) {
    const word = words[0]!;
    if (word === 'mark') return word;
    const value = parseUnsigned(word);
    if (value < 0 || value > ZONE_MAX) throw new ValueError('Cannot parse zone ID');
    return value;
  },
  print: String,
};

const noZone = (value: number | 'mark'): boolean => value === 0;

class UntrackedAction implements TargetAction {
  run(pkt: PacketBuffer): number {
    if (isOpen(pkt)) pkt.ctInfo = CtInfo.UNTRACKED;
    return Verdict.CONTINUE;
  }
}

class TemplateAction implements TargetAction {
  private readonly handle: number;

  constructor(conntrack: ConntrackView, template: CtTemplate) {
    this.handle = conntrack.template(template);
  }

  run(pkt: PacketBuffer): number {
    if (isOpen(pkt)) {
      pkt.ct = this.handle;
      pkt.ctInfo = CtInfo.NEW;
    }
    return Verdict.CONTINUE;
  }
}

/** What an earlier rule said stands, and what an answer of the host's own was given by the packet that it answers. */
function isOpen(pkt: PacketBuffer): boolean {
  return pkt.ct === 0 && pkt.ctInfo === 0;
}

const RAW_HOOKS = [Hook.PREROUTING, Hook.OUTPUT];

export const ct = defineTarget({
  name: 'CT',
  about: 'says how the connection is to be tracked',
  tables: ['raw'],
  hooks: RAW_HOOKS,
  // Exempting packets does not make anybody track the others.
  needsConntrack: (info) => info.notrack === undefined,
  options: {
    notrack: { value: flag, about: 'not at all' },
    helper: {
      value: helperName,
      about: 'by this helper (an application-level gateway)',
    },
    timeout: { value: text(TIMEOUT_NAME_MAX, 'name', 1), about: 'with the timeouts of this policy' },
    ctevents: { value: bitNames(EVENTS), about: 'report only these events' },
    expevents: { value: bitNames(EXPECT_EVENTS), about: 'report only these events of expectations' },
    zoneOrig: {
      value: zone,
      name: 'zone-orig',
      group: 'zone',
      omit: noZone,
      about: 'zone of the original direction',
    },
    zoneReply: {
      value: zone,
      name: 'zone-reply',
      group: 'zone',
      omit: noZone,
      about: 'zone of the reply direction',
    },
    zone: { value: zone, group: 'zone', omit: noZone, about: 'zone of both directions' },
  },
  check(info, use) {
    if (info.timeout !== undefined) {
      throw new ValueError(`No such timeout policy "${info.timeout.value}"`, 'REFUSED');
    }
    if (info.helper === undefined) return;
    if (use.protocol === null || use.protocol.not) {
      throw new ValueError('You must specify a L4 protocol and not use inversions on it', 'REFUSED');
    }
    const protocols = Object.hasOwn(HELPERS, info.helper.value) ? HELPERS[info.helper.value]! : [];
    if (!protocols.includes(use.protocol.number)) {
      throw new ValueError(`No such helper "${info.helper.value}"`, 'REFUSED');
    }
  },
  create(info, services) {
    if (info.notrack !== undefined) return new UntrackedAction();
    const number = (given: { value: number | 'mark' } | undefined) =>
      given === undefined || given.value === 'mark' ? 0 : given.value;
    return new TemplateAction(services.conntrack, {
      zoneOriginal: number(info.zone ?? info.zoneOrig),
      zoneReply: number(info.zone ?? info.zoneReply),
      zoneFromMark: [info.zone, info.zoneOrig, info.zoneReply].some((given) => given?.value === 'mark'),
      helper: info.helper?.value ?? null,
      timeout: null,
      events: info.ctevents?.value ?? 0,
      expectEvents: info.expevents?.value ?? 0,
      proxied: false,
    });
  },
  list(info) {
    const words: string[] = [];
    if (info.notrack) words.push('notrack');
    if (info.helper) words.push(`helper ${info.helper.value}`);
    if (info.ctevents) words.push(`ctevents ${bitNames(EVENTS).print(info.ctevents.value, 4)}`);
    if (info.expevents) words.push(`expevents ${bitNames(EXPECT_EVENTS).print(info.expevents.value, 4)}`);
    if (info.zoneOrig) words.push(`zone-orig ${info.zoneOrig.value}`);
    if (info.zoneReply) words.push(`zone-reply ${info.zoneReply.value}`);
    if (info.zone) words.push(`zone ${info.zone.value}`);
    return `CT${words.map((word) => ` ${word}`).join('')}`;
  },
});

export const notrack = defineTarget({
  name: 'NOTRACK',
  about: 'exempts the packet from connection tracking (CT --notrack)',
  tables: ['raw'],
  hooks: RAW_HOOKS,
  options: {},
  list: () => 'NOTRACK',
  listedAs: 'CT',
  create: () => new UntrackedAction(),
});

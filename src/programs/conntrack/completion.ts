/** What may stand next on a command line of conntrack. */
import { parseProtocol } from '../../netfilter/syntax/values/protocols.ts';
import { SCTP_STATE_NAMES } from '../../netfilter/conntrack/sctp-states.ts';
import { TCP_STATE_NAMES } from '../../netfilter/conntrack/tcp-states.ts';
import { COMMANDS, OPTIONS, PROTOCOL_OPTIONS, TABLES } from './options.ts';
import { FORMATS } from './print.ts';
import { EVENT_NAMES } from './watch.ts';
import { STATUSES } from './words.ts';

const PROTOCOLS = ['tcp', 'udp', 'icmp', 'icmpv6', 'sctp', 'dccp', 'gre', 'udplite'] as const;

export function completeWords(args: readonly string[]): readonly string[] {
  const previous = args.at(-1) ?? '';
  if (/^-[A-Z]$/.test(previous) && args.length === 1) return [...TABLES, ...allOptions(args)];
  switch (
    OPTIONS.find(({ name, letter }) => previous === `--${name}` || previous === `-${letter ?? ''}`)?.name
  ) {
    case 'protonum':
      return PROTOCOLS;
    case 'status':
      return [...STATUSES.keys()];
    case 'output':
      return FORMATS;
    case 'event-mask':
      return EVENT_NAMES;
    case 'family':
      return ['ipv4', 'ipv6'];
    default:
      return previous === '--state' ? [...TCP_STATE_NAMES, ...SCTP_STATE_NAMES] : allOptions(args);
  }
}

function allOptions(args: readonly string[]): string[] {
  const commands = args.some((word) => /^-[A-Z]$/.test(word))
    ? []
    : [...COMMANDS.map((letter) => `-${letter}`), '-R'];
  return [...commands, ...OPTIONS.map(({ name }) => `--${name}`), ...protocolOptions(args)];
}

function protocolOptions(args: readonly string[]): string[] {
  const at = args.findIndex((word) => word === '-p' || word === '--protonum');
  try {
    const own = at < 0 ? undefined : PROTOCOL_OPTIONS.get(parseProtocol(args[at + 1] ?? ''));
    return Object.keys(own ?? {}).map((name) => `--${name}`);
  } catch {
    // No such protocol: nothing to offer.
    return [];
  }
}

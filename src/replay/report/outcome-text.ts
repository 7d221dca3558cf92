/** Words for an outcome that the table, the capture's comments and the summary share. */
import type { Rule } from '../../netfilter/rule.ts';
import type { PacketOutcome } from '../outcome.ts';
import { escapeText } from './escape.ts';
import { rulePlace } from './places.ts';

/** Reasons that say no more than that the rule named beside them decided. */
const RULE_SAYS_IT: ReadonlySet<string> = new Set(['RULE', 'POLICY']);

/** What decided: the rule with its file and line, else the reason in words. */
export function whyText(outcome: PacketOutcome): string {
  const { rule, reason, reasonCode, verdict } = outcome;
  if (rule === null) return escapeText(reason);
  const place = shortPlace(outcome.ruleObject);
  const said = escapeText(place === '' ? rule : `${rule} ${place}`);
  return verdict === 'ACCEPT' || RULE_SAYS_IT.has(reasonCode) ? said : `${escapeText(reason)} (${said})`;
}

/** The file without its folders: `firewall.rules:41`. */
export function shortPlace(rule: Rule | null): string {
  return withoutFolders(rulePlace(rule));
}

export function withoutFolders(place: string): string {
  return place.slice(place.lastIndexOf('/') + 1);
}

/** True when what left is not the packet itself but the gateway's answer to it (a reset, an ICMP error, an echo reply). */
export function ownAnswer({ verdict, reasonCode, out }: PacketOutcome): boolean {
  return out.length > 0 && (verdict === 'DROP' || reasonCode === 'ANSWERED');
}

/** `10.0.0.2:80`, `[fd00::1]:80`, or the address alone. */
export function endpointText(address: string, port: number | undefined): string {
  if (port === undefined) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Words for an outcome that the table, the capture's comments and the summary share. */
import type { Rule } from '../../netfilter/rule.ts';
import type { PacketOutcome } from '../outcome.ts';
import { escapeText } from './escape.ts';
import { rulePlace } from './places.ts';

/** Reasons that say no more than the verdict and the rule beside it. */
const SAID_BY_RULE: ReadonlySet<string> = new Set([
  'RULE',
  'POLICY',
  'FORWARDED',
  'DELIVERED',
  'SENT',
  'HANDLED',
]);
/** Reasons after which a frame that leaves is the packet itself. */
const PASSED_ON: ReadonlySet<string> = new Set(['FORWARDED', 'SENT']);

/** What decided: the rule with its file and line, and the reason where that is something else. */
export function whyText({ rule, ruleObject, reason, reasonCode }: PacketOutcome): string {
  if (rule === null) return escapeText(reason);
  const place = shortPlace(ruleObject);
  const said = place === '' ? rule : `${rule} ${place}`;
  return escapeText(SAID_BY_RULE.has(reasonCode) ? said : `${reason} (${said})`);
}

/** The file without its folders: `firewall.rules:41`. */
export function shortPlace(rule: Rule | null): string {
  return withoutFolders(rulePlace(rule));
}

export function withoutFolders(place: string): string {
  return place.slice(place.lastIndexOf('/') + 1);
}

/**
 * True when what left is something else than the packet: the gateway's answer to it (a reset, an ICMP error, an echo
 * reply), its question for a neighbour, or packets that waited for this one.
 */
export function sentSomethingElse({ reasonCode, out }: PacketOutcome): boolean {
  return out.length > 0 && !PASSED_ON.has(reasonCode);
}

/** `10.0.0.2:80`, `[fd00::1]:80`, or the address alone. */
export function endpointText(address: string, port: number | undefined): string {
  if (port === undefined) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

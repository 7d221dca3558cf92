/** Where a rule stands, as reports show it. */
import { formatPlace } from '../../base/errors.ts';
import type { Rule } from '../../netfilter/rule.ts';

/** `firewall.rules:41`; the empty string when nobody knows. */
export function rulePlace(rule: Rule | null): string {
  return rule === null || rule.place === null
    ? ''
    : formatPlace({ file: rule.place.file, line: rule.place.line });
}

/** A rule may name only sets that are there, of addresses of its own family. */
import type { RuleUse } from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import type { SetUse } from '../syntax/values/set-use.ts';

export function checkSetUse({ set }: SetUse, { objects, family }: RuleUse): void {
  const known = objects?.setFamily(set);
  if (known === undefined) throw new ValueError(`Set ${set} doesn't exist.\n`);
  if (known === null || known === family) return;
  const name = known === 4 ? 'IPv4' : 'IPv6';
  throw new ValueError(`The protocol family of set ${set} is ${name}, which is not applicable.\n`);
}

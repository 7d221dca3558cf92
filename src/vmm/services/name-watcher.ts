/**
 * What the gateway makes of names that guests ask for: the policy says whether they may, the audit log hears of it, and
 * the addresses of an answer go into sets for rules, and by name into later lines of the log.
 */
import type { NetworkAudit } from '../network-audit.ts';
import type { LearnedNames } from './learned-names.ts';
import type { NamePolicy } from './name-policy.ts';
import type { NameWatch } from './name-server.ts';
import type { NameSets } from './name-sets.ts';
import { resolvedAddresses } from './resolved-addresses.ts';

type Answers = Parameters<NameWatch['answered']>[1];

export class NameWatcher implements NameWatch {
  private readonly policy: NamePolicy;
  private readonly learned: LearnedNames;
  private readonly sets: NameSets;
  private readonly audit: NetworkAudit;

  constructor(policy: NamePolicy, learned: LearnedNames, sets: NameSets, audit: NetworkAudit) {
    this.policy = policy;
    this.learned = learned;
    this.sets = sets;
    this.audit = audit;
  }

  asked(client: string, name: string): boolean {
    const isAllowed = this.policy.allows(name);
    this.audit.lookedUp(client, name, isAllowed);
    return isAllowed;
  }

  answered(name: string, answers: Answers): boolean {
    if (!this.policy.allowsAnswer(answers)) return false;
    const addresses = resolvedAddresses(name, answers);
    this.learned.learn(name, addresses);
    this.policy.learn(addresses);
    this.sets.learn(name, addresses);
    return true;
  }
}

/** iptables, iptables-save and iptables-restore of both families, ipset and nfacct, on whatever holds rules and sets. */
import type { Family } from '../../netfilter/hook.ts';
import { runIpset } from './ipset.ts';
import { runIptables } from './iptables.ts';
import { runRestore } from './iptables-restore.ts';
import { runSave } from './iptables-save.ts';
import { runXml } from './iptables-xml.ts';
import { runNfacct } from './nfacct.ts';
import type { Asking } from './answers.ts';
import type { RulesIo } from './io.ts';
import type { RulesStore } from './rules-store.ts';

/** Throws Failure, and SluiceError. */
export function* runRulesProgram(
  name: string,
  args: readonly string[],
  open: () => RulesStore,
  io: RulesIo,
): Asking<number> {
  if (name === 'ipset') return yield* runIpset(name, args, open, io);
  if (name === 'iptables-xml') return yield* runXml(args, io);
  if (name === 'nfacct') return yield* runNfacct(args, open, io);
  const family: Family = name.startsWith('ip6') ? 6 : 4;
  if (name.endsWith('-save')) return runSave(name, family, args, open, io);
  const run = name.endsWith('-restore') ? runRestore : runIptables;
  return yield* run(name, family, args, open, io);
}

/** iptables, iptables-save and iptables-restore of both families, ipset and nfacct, on whatever holds rules and sets. */
import type { Family } from '../netfilter/hook.ts';
import { runIpset } from './ipset.ts';
import { runIptables } from './iptables.ts';
import { runRestore } from './iptables-restore.ts';
import { runSave } from './iptables-save.ts';
import { runXml } from './iptables-xml.ts';
import { runNfacct } from './nfacct.ts';
import type { ProgramIo } from './program-io.ts';
import type { RulesStore } from './rules-store.ts';

/** Throws Failure, and SluiceError. */
export async function runRulesProgram(
  name: string,
  args: readonly string[],
  open: () => RulesStore,
  io: ProgramIo,
): Promise<number> {
  if (name === 'ipset') return runIpset(name, args, open, io);
  if (name === 'iptables-xml') return runXml(args, io);
  if (name === 'nfacct') return runNfacct(args, open, io);
  const family: Family = name.startsWith('ip6') ? 6 : 4;
  const run = name.endsWith('-save') ? runSave : name.endsWith('-restore') ? runRestore : runIptables;
  return run(name, family, args, open, io);
}

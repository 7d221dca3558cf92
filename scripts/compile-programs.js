/**
 * Keeps what V8 compiles of dist/programs.cjs while it does what it is mostly called for, for src/shell/compiled-script.ts.
 * It must run with the flags of the command (bin/v8-flags.js): V8 takes the result under no others.
 */
import '../bin/v8-flags.js';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compiled, runCompiled } from '../dist/modules/shell/compiled-script.js';

const path = fileURLToPath(new URL('../dist/programs.cjs', import.meta.url));
rmSync(`${path}.cache`, { force: true });
const script = compiled(path);
const { runOnStateFile } = runCompiled(script, path);

const folder = mkdtempSync(join(tmpdir(), 'sluice-compile-'));
const nothing = { write: () => undefined, flush: () => undefined };
const io = { out: nothing, err: nothing, env: {}, readInput: () => '', now: () => 0, cwd: folder };
const CALLS = [
  'iptables -A INPUT -s 192.0.2.0/24 -i eth0 -p tcp --dport 22 -m conntrack --ctstate NEW -m comment --comment text -j ACCEPT',
  'iptables -t nat -A POSTROUTING -o eth1 -j MASQUERADE',
  'iptables -nvL',
  'iptables -S',
  'iptables-save',
  'iptables-restore',
  'ipset create office hash:net',
  'ipset add office 192.0.2.0/24',
  'ipset list',
  'iptables -A INPUT -m set --match-set office src -j DROP',
];
for (const call of CALLS) {
  const [name, ...args] = call.split(' ');
  await runOnStateFile(name, args, join(folder, 'state'), io);
}
rmSync(folder, { recursive: true });
writeFileSync(`${path}.cache`, script.createCachedData());

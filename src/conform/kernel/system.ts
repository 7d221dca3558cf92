/**
 * What the kernel harness needs of the machine, and how it runs programs on it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** System programs live in sbin folders that users' paths often lack. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`;
export const ENVIRONMENT: NodeJS.ProcessEnv = { ...process.env, PATH, LC_ALL: 'C' };

/** Each program with the Debian package that has it. */
const PROGRAMS: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  ethtool: 'ethtool',
  conntrack: 'conntrack',
  'iptables-legacy-restore': 'iptables',
  'iptables-legacy-save': 'iptables',
  'ip6tables-legacy-restore': 'iptables',
  'ip6tables-legacy-save': 'iptables',
  python3: 'python3',
};

const NAMESPACES = '/run/netns';
const MOST_OUTPUT = 1 << 30; // bytes; a million connections are listed in about 200 MB

export class KernelUnavailable extends Error {}

export function findProgram(name: string): string | undefined {
  return PATH.split(':')
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/** The system's own Python where there is one: version managers' wrappers are slow to start. */
export function findPython(): string {
  return existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
}

/** What is missing to ask the kernel, each as a phrase of a message; empty when everything is there. */
export function missingForKernel(): string[] {
  const missing: string[] = [];
  if (process.platform !== 'linux') missing.push('Linux');
  if (process.getuid?.() !== 0) missing.push('root');
  for (const [program, debianPackage] of Object.entries(PROGRAMS)) {
    if (findProgram(program) === undefined) missing.push(`${program} (package ${debianPackage})`);
  }
  return missing;
}

export function assertKernelAvailable(): void {
  const missing = missingForKernel();
  if (missing.length > 0) throw new KernelUnavailable(`asking the kernel needs ${missing.join(', ')}`);
}

/** Runs a program to its end and returns what it printed; its complaints become the error's message. */
export function run(program: string, args: readonly string[], input = ''): string {
  const result = spawnSync(program, args, {
    input,
    encoding: 'utf8',
    env: ENVIRONMENT,
    maxBuffer: MOST_OUTPUT,
  });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) {
    throw new Error(
      `${program} ${args.join(' ')}: ${result.stderr.trim() || `exit status ${result.status}`}`,
    );
  }
  return result.stdout;
}

/**
 * LOG and TRACE from namespaces other than the first reach the kernel log only with this switch. It belongs to the
 * whole machine; it is left on, since other runs may count on it by now.
 */
export function letNamespacesLog(): void {
  const path = '/proc/sys/net/netfilter/nf_log_all_netns';
  if (!existsSync(path)) throw new KernelUnavailable(`reading LOG and TRACE needs ${path}`);
  if (readFileSync(path, 'utf8').trim() === '0') run('sh', ['-c', `echo 1 > ${path}`]);
}

/** The network namespaces that have a name, from where ip-netns(8) keeps them. */
export function namedNamespaces(): string[] {
  return existsSync(NAMESPACES) ? readdirSync(NAMESPACES) : [];
}

/** Removes namespaces of ours whose process is gone (killed without a chance to clean up). */
export function removeOrphans(prefix: string): void {
  for (const name of namedNamespaces()) {
    const pid = name.startsWith(prefix) ? /^\d+/.exec(name.slice(prefix.length))?.[0] : undefined;
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) {
      spawnSync('ip', ['netns', 'del', name], { env: ENVIRONMENT });
    }
  }
}

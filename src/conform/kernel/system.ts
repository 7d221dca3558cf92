/**
 * What the kernel harness needs of the machine, and how it runs programs on it.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
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

export class KernelUnavailable extends Error {}

/** Rules send a frame round inside the kernel, for ever. */
export class EndlessFrames extends Error {}

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

const running = new Set<ChildProcess>();

/** Runs a program to its end and gives what it printed; its complaints become the error's message. */
export function run(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: ENVIRONMENT });
    running.add(child);
    const output: Buffer[] = [];
    let complaints = '';
    child.stdout.on('data', (bytes: Buffer) => output.push(bytes));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
    child.on('error', reject);
    child.on('close', (status, signal) => {
      running.delete(child);
      if (status === 0) resolve(Buffer.concat(output).toString());
      else
        reject(
          new Error(`${program} ${args.join(' ')}: ${complaints.trim() || `ended with ${signal ?? status}`}`),
        );
    });
    child.stdin.on('error', () => undefined); // told by 'close', with the reason
    child.stdin.end(input);
  });
}

/** Ends whatever `run` has started and waits for, so that nothing is made any more. */
export function stopRunning(): void {
  for (const child of running) child.kill('SIGKILL');
}

/**
 * LOG and TRACE from namespaces other than the first reach the kernel log only with this switch. It belongs to the
 * whole machine; it is left on, since other runs may count on it by now.
 */
export function letNamespacesLog(): void {
  const path = '/proc/sys/net/netfilter/nf_log_all_netns';
  if (!existsSync(path)) throw new KernelUnavailable(`reading LOG and TRACE needs ${path}`);
  if (readFileSync(path, 'utf8').trim() === '0') writeFileSync(path, '1\n');
}

/** The network namespaces that have a name, from where ip-netns(8) keeps them. */
export function namedNamespaces(): string[] {
  return existsSync(NAMESPACES) ? readdirSync(NAMESPACES) : [];
}

/** At once, so that it can be done while the process ends. */
export function removeNamespaces(names: readonly string[]): void {
  const commands = names.map((name) => `netns del ${name}\n`).join('');
  if (names.length > 0) spawnSync('ip', ['-force', '-batch', '-'], { input: commands, env: ENVIRONMENT });
}

/** Removes namespaces of ours whose process is gone (killed without a chance to clean up). */
export function removeOrphans(prefix: string): void {
  removeNamespaces(
    namedNamespaces().filter((name) => {
      const pid = name.startsWith(prefix) ? /^\d+/.exec(name.slice(prefix.length))?.[0] : undefined;
      return pid !== undefined && !existsSync(`/proc/${pid}`);
    }),
  );
}

/** Every sysctl that is declared is one of Linux's, with Linux's default; what differs, and why, stands here. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { NETFILTER_SYSCTLS } from '../../src/netfilter/sysctls.ts';
import { STACK_SYSCTLS } from '../../src/stack/sysctls.ts';
import { requireOrSkip } from '../support/require.ts';

const SPECS = [...NETFILTER_SYSCTLS, ...STACK_SYSCTLS];

/** Linux 5 had them, 6 has not, or they are there only with a module. */
const NOT_IN_EVERY_KERNEL = /nf_conntrack_helper$|^net\.bridge\./;

/** Linux reckons them from the machine's memory. */
const BY_MEMORY =
  /nf_conntrack_(max|buckets|expect_max)$|tcp_(max_syn_backlog|max_tw_buckets|max_orphans)$|tcp_mem/;

/** A new namespace begins with what the machine has been set to. */
const INHERITED = /^net\.ipv4\.(conf\.|tcp_[rw]mem)/;

const OTHERWISE: Readonly<Record<string, string>> = {
  'net.ipv6.conf.*.router_solicitations': 'hosts ask for routers only when they are told to',
  'net.ipv6.icmp.ratelimit': '1000 before Linux 6.18',
};

/** `net.ipv4.tcp_rmem[1]` is the second number of /proc/sys/net/ipv4/tcp_rmem. */
function parse(name: string): { path: string; index: number } {
  const [, dotted, index] = /^(.*?)(?:\[(\d)\])?$/.exec(name)!;
  return {
    path: `/proc/sys/${dotted!.replace('*', 'default').replaceAll('.', '/')}`,
    index: Number(index ?? 0),
  };
}

describe("sysctls beside Linux's", () => {
  before(function () {
    requireOrSkip(this, 'needs root', process.getuid?.() === 0);
    requireOrSkip(this, 'needs nf_conntrack', existsSync('/proc/sys/net/netfilter/nf_conntrack_max'));
  });

  it('have its names', () => {
    const unknown = SPECS.map(({ name }) => name).filter((name) => {
      if (NOT_IN_EVERY_KERNEL.test(name)) return false;
      try {
        readFileSync(parse(name).path);
        return false;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'ENOENT';
      }
    });
    assert.deepEqual(unknown, []);
  });

  it('have its defaults, as a new network namespace shows them', () => {
    const namespace = `sluice-sysctl-${process.pid}`;
    const named = SPECS.map((spec) => ({ spec, ...parse(spec.name) }));
    const read = named.map(({ path }) => `cat ${path} 2>/dev/null || echo -; printf '\\001'`).join('\n');
    const script = `ip netns add ${namespace}; ip netns exec ${namespace} sh -s; ip netns del ${namespace}`;
    const { stdout } = spawnSync('sh', ['-c', script], { encoding: 'utf8', input: read });
    const values = stdout.split('\u0001');
    assert.equal(values.length, named.length + 1);
    const differing = named.flatMap(({ spec: { name, default: ours }, path, index }, i) => {
      const theirs = values[i]!.trim().split(/\s+/)[index]!;
      if (theirs === '-' || theirs === String(ours)) return [];
      if (BY_MEMORY.test(name) || NOT_IN_EVERY_KERNEL.test(name) || name in OTHERWISE) return [];
      if (INHERITED.test(name) && readFileSync(path, 'utf8').trim().split(/\s+/)[index] === theirs) return [];
      return [`${name}: ${ours}, not ${theirs}`];
    });
    assert.deepEqual(differing, []);
  });
});

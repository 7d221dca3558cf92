import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Family } from '../../../src/netfilter/hook.ts';
import type { MatchExtension, TargetExtension } from '../../../src/netfilter/extension.ts';
import { MATCHES } from '../../../src/netfilter/matches/index.ts';
import { TARGETS } from '../../../src/netfilter/targets/index.ts';
import { listTable, parseRestore, printSave, RuleError } from '../../../src/netfilter/syntax/index.ts';
import { requireOrSkip } from '../../support/require.ts';
import { asLine, ruleWith } from './random-rules.ts';

const NAMESPACE = `sluice-save-${process.pid}`;
const RULES = 25;

/** What kernels are built without nowadays, or takes a security module: there is nobody to compare with. */
const NOT_IN_KERNELS = ['CLUSTERIP', 'LED', 'SECMARK', 'ULOG', 'ipvs'];

/** What iptables-legacy-save and -nvL print after each of the files was restored by itself; null where it was refused. */
function askKernel(files: readonly string[], family: Family): (string | null)[] {
  const program = family === 4 ? 'iptables-legacy' : 'ip6tables-legacy';
  const folder = mkdtempSync(join(tmpdir(), 'sluice-save-'));
  try {
    files.forEach((text, i) => writeFileSync(join(folder, String(i)), text));
    const script = `cd "$1"; for i in $(seq 0 ${files.length - 1}); do
      t=$(sed -n 's/^\\*//p' $i | head -1)
      ${program}-restore < $i 2> $i.error && {
        ${program}-save -t $t | grep -v '^#'; ${program} -t $t -nvL; } > $i.answer
    done; true`;
    execFileSync('ip', ['netns', 'exec', NAMESPACE, 'bash', '-c', script, 'bash', folder]);
    return files.map((_, i) => {
      const answer = join(folder, `${i}.answer`);
      return existsSync(answer) ? readFileSync(answer, 'utf8') : null;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function askSluice(text: string, family: Family): string | null {
  try {
    const ruleset = parseRestore(text, { family });
    const tables = [...ruleset.tables.values()];
    return (
      printSave(ruleset) +
      tables.map((table) => listTable(table, { numeric: true, verbose: true })).join('\n')
    );
  } catch (error) {
    if (error instanceof RuleError) return null;
    throw error;
  }
}

/** What Sluice refuses or prints otherwise on purpose, or because iptables itself loses part of what was said. */
const ON_PURPOSE: readonly RegExp[] = [
  // iptables takes these together and keeps a mixture of both.
  /-j CT .*--notrack.* --(timeout|helper) |-j CT .*--(timeout|helper) .* --notrack/,
  /-j CT .*--zone-(orig|reply) .*--zone |-j CT .*--zone .*--zone-(orig|reply) /,
  /-j TCPMSS .*--set-mss .*--clamp-mss-to-pmtu|-j TCPMSS .*--clamp-mss-to-pmtu .*--set-mss/,
  // iptables takes no mask above 32, although it prints them.
  /--cluster-local-nodemask (0x|\d\d)/,
  // iptables takes numbers above 7 for days that there are not.
  /-m time .*--weekdays (0x|\d\d|8|9)/,
  // iptables prints /32 for a mask that is no prefix.
  /-j NETMAP .*--to \S+\/255\.255\.0\.255/,
];

/** The lines that differ, with the rule that was given. */
function compare(files: readonly string[], family: Family): string[] {
  const theirs = askKernel(files, family);
  return files.flatMap((text, i) => {
    const ours = askSluice(text, family);
    if (ours === theirs[i] || ON_PURPOSE.some((known) => known.test(text))) return [];
    return [`given   ${ruleOf(text)}\n  linux:  ${ruleOf(theirs[i]!)}\n  sluice: ${ruleOf(ours)}`];
  });
}

function ruleOf(text: string | null): string {
  return text === null
    ? 'refused'
    : text
        .split('\n')
        .filter((line) => /^-A| {2}\*  /.test(line))
        .join(' / ');
}

describe('rules files beside iptables-legacy-restore and -save', function () {
  this.timeout(120_000);

  before(function () {
    requireOrSkip(this, 'needs root', process.getuid?.() === 0);
    for (const program of ['ip', 'iptables-legacy-restore', 'ip6tables-legacy-restore']) {
      requireOrSkip(this, `needs ${program}`, spawnSync(program, ['-V']).error === undefined);
    }
    spawnSync('ip', ['netns', 'del', NAMESPACE]);
    execFileSync('ip', ['netns', 'add', NAMESPACE]);
  });

  after(() => {
    spawnSync('ip', ['netns', 'del', NAMESPACE]);
  });

  const all: readonly (MatchExtension | TargetExtension)[] = [...MATCHES, ...TARGETS];
  for (const extension of all.filter(({ name }) => !NOT_IN_KERNELS.includes(name))) {
    for (const family of extension.families ?? ([4, 6] as const)) {
      it(`takes, refuses and prints like the kernel's: ${extension.kind} ${extension.name}, IPv${family}`, () => {
        const rules = fc.sample(ruleWith(extension, family), { numRuns: RULES, seed: 11 });
        const files = rules.map(({ table, words }) => `*${table}\n${asLine(words)}\nCOMMIT\n`);
        assert.deepEqual(compare(files, family), []);
      });
    }
  }

  it('prints tables, chains, policies and counters like the kernel', () => {
    const text = readFileSync(new URL('whole-file.rules', import.meta.url), 'utf8');
    const folder = mkdtempSync(join(tmpdir(), 'sluice-save-'));
    const fresh = `${NAMESPACE}-file`;
    try {
      writeFileSync(join(folder, 'rules'), text);
      execFileSync('ip', ['netns', 'add', fresh]);
      const script = `iptables-legacy-restore -c < ${folder}/rules && iptables-legacy-save -c`;
      const saved = execFileSync('ip', ['netns', 'exec', fresh, 'bash', '-c', script], { encoding: 'utf8' });
      const ours = printSave(parseRestore(text, { family: 4, counters: true }), { counters: true });
      assert.equal(ours, saved.replace(/^#.*\n/gm, ''));
    } finally {
      spawnSync('ip', ['netns', 'del', fresh]);
      rmSync(folder, { recursive: true });
    }
  });
});

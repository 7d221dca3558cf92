// Writes what is derived from declarations: docs/cli.md, docs/matches-and-targets.md, docs/sysctls.md and the tables of
// README.md, docs/helpers.md and docs/regression-tests.md. With --check it writes nothing, names what is stale and exits with 1.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as prettier from 'prettier';
import { register } from 'tsx/esm/api';

register();
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const { COMMANDS } = await import('../src/cli/commands/index.ts');
const { MATCHES } = await import('../src/netfilter/matches/index.ts');
const { TARGETS } = await import('../src/netfilter/targets/index.ts');
const { NETFILTER_SYSCTLS } = await import('../src/netfilter/sysctls.ts');
const { STACK_SYSCTLS } = await import('../src/stack/sysctls.ts');
const { EXIT_STATUSES } = await import('../src/cli/exit-status.ts');
const { caseReference } = await import('./case-reference.ts');
const { cliManual, exitStatusTable } = await import('./cli-manual.ts');
const { helperReference } = await import('./helper-reference.ts');
const { example } = await import('./example.ts');
const { programTable, shellSession } = await import('./shell-session.ts');
const { extensionManual, supportMatrix, sysctlManual } = await import('./reference.ts');

const NOTICE =
  '<!-- Made by `node scripts/generate.js` from the declarations in src; changes here are lost. -->';
const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const current = (name) => {
  try {
    return readFileSync(path(name), 'utf8');
  } catch {
    return '';
  }
};

/** The text between `<!-- NAME -->` and `<!-- end of NAME -->`, replaced. */
function between(text, name, content) {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the markers of "${name}" are missing`);
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}

const readme = [
  ['example', await example()],
  ['shell session', await shellSession()],
  ['exit statuses', exitStatusTable(EXIT_STATUSES)],
  ['matches', supportMatrix('match', MATCHES)],
  ['targets', supportMatrix('target', TARGETS)],
].reduce((text, [name, content]) => between(text, name, content), current('README.md'));

const regressionTests = caseReference().reduce(
  (text, [name, content]) => between(text, name, content),
  current('docs/regression-tests.md'),
);

const helpers = helperReference().reduce(
  (text, [name, content]) => between(text, name, content),
  current('docs/helpers.md'),
);

const files = {
  'docs/cli.md': `${NOTICE}\n\n${cliManual(COMMANDS)}`,
  'docs/matches-and-targets.md': `${NOTICE}\n\n${extensionManual(MATCHES, TARGETS)}`,
  'docs/shell.md': between(current('docs/shell.md'), 'programs', programTable()),
  'docs/sysctls.md': `${NOTICE}\n\n${sysctlManual([NETFILTER_SYSCTLS, STACK_SYSCTLS])}`,
  'docs/regression-tests.md': regressionTests,
  'docs/helpers.md': helpers,
  'README.md': readme,
};

const isCheck = process.argv.includes('--check');
for (const [name, content] of Object.entries(files)) {
  const options = await prettier.resolveConfig(path(name));
  const text = await prettier.format(content, { ...options, filepath: name });
  if (text === current(name)) continue;
  if (isCheck) {
    console.error(`stale: ${name} (node scripts/generate.js writes it)`);
    process.exitCode = 1;
  } else {
    writeFileSync(path(name), text);
    console.log(`wrote ${name}`);
  }
}

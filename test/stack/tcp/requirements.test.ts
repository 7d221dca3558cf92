/**
 * The table of requirements in docs/tcp.md: every MUST of RFC 9293 stands there, and every test that it names exists. Its
 * cells name tests as `FILE: "words of a title"` (or the identifier of an attack), time lines, and files in backquotes.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';

const MUSTS = 68;
const FILES: Readonly<Record<string, string>> = { node: 'test/node/net.test.ts' };
const rows = readFileSync('docs/tcp.md', 'utf8')
  .split('\n')
  .filter((line) => /^\| (MUST|RFC)/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, requirement = '', tests = '']) => ({ requirement, tests }));

/** Titles of describe and it. */
function titlesIn(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/\b(?:it|describe)\(\s*(['"`])(.*?)\1,/gs)].map(([, , title]) => title!);
}

/** `1, 2, 3`, `41 … 46`. */
function numbersIn(requirement: string): number[] {
  const list = /^MUST-([\d, …]+)/.exec(requirement)?.[1] ?? '';
  return list.split(',').flatMap((part) => {
    const [from, to = from] = part.split('…').map(Number);
    return part.trim() === '' ? [] : Array.from({ length: to! - from! + 1 }, (_, i) => from! + i);
  });
}

describe('tcp: requirements', () => {
  it('each MUST of RFC 9293 has a row', () => {
    const numbers = rows.flatMap(({ requirement }) => numbersIn(requirement));
    assert.deepEqual(
      [...new Set(numbers)].sort((a, b) => a - b),
      Array.from({ length: MUSTS }, (_, i) => i + 1),
    );
    assert.equal(numbers.length, MUSTS, 'none has two');
  });

  for (const { requirement, tests } of rows) {
    it(`${requirement}: its tests exist`, () => {
      assert.notEqual(tests, '');
      for (const part of tests.split(';').map((one) => one.trim())) checkTests(part);
    });
  }
});

function checkTests(part: string): void {
  const lines = /^time lines? (.*)$/.exec(part);
  if (lines !== null) {
    for (const name of lines[1]!.split(', '))
      assert.ok(existsSync(`test/stack/tcp/timelines/${name}.pkt`), `time line ${name}`);
    return;
  }
  const path = /^`(.*)`$/.exec(part);
  if (path !== null) return assert.ok(existsSync(path[1]!), path[1]);
  const [, name = '', wanted = ''] = /^(\w+): (.*)$/.exec(part) ?? [];
  const file = FILES[name] ?? `test/stack/tcp/${name}.test.ts`;
  assert.ok(existsSync(file), `"${part}" names no file of tests`);
  const titles = titlesIn(file);
  const words = [...wanted.matchAll(/"([^"]*)"|(L\d-\d+)/g)].map(([, quoted, id]) => quoted ?? `${id}:`);
  assert.ok(words.length > 0, `"${part}" names no test`);
  for (const one of words) {
    const pieces = one.split(' … ');
    const isThere = titles.some((title) => pieces.every((piece) => title.includes(piece)));
    assert.ok(isThere, `${file} has no test "${one}"`);
  }
}

/**
 * Compiles grammar/*.ne to src/netfilter/syntax/generated/*.ts: nearley's own compiler reads the grammar, and the table of rules is
 * written here as typed TypeScript (nearley's TypeScript output is built on `any`). A file is only written when its
 * content changes, so that incremental builds stay quick.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const nearley = require('nearley');
const compile = require('nearley/lib/compile.js');
const lint = require('nearley/lib/lint.js');
const language = require('nearley/lib/nearley-language-bootstrapped.js');

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const from = join(root, 'grammar');
const to = join(root, 'src/netfilter/syntax/generated');

function read(file) {
  const parser = new nearley.Parser(nearley.Grammar.fromCompiled(language));
  parser.feed(readFileSync(file, 'utf8'));
  parser.feed('\n');
  const compiled = compile(parser.results[0], { args: [file], version: 'sluice' });
  lint(compiled, { out: process.stderr, version: '' });
  return compiled;
}

/** A symbol of a rule as source text: a rule's name, a token's type or a literal. */
function symbol(value) {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof RegExp) return value.toString();
  if (value.token !== undefined) return `{ type: ${JSON.stringify(value.token)} }`;
  return `{ literal: ${JSON.stringify(value.literal)} }`;
}

const BUILT_IN = {
  joiner: "(d) => d.join('')",
  arrconcat: '(d) => [d[0], ...(d[1] as unknown[])]',
  arrpush: '(d) => [...(d[0] as unknown[]), d[1]]',
  nuller: '() => null',
  id: '(d) => d[0]',
};

function postprocess(value) {
  if (value === undefined || value === null) return '';
  return `, postprocess: ${value.builtin === undefined ? String(value).trim() : BUILT_IN[value.builtin]}`;
}

function rule(value) {
  return `  { name: ${JSON.stringify(value.name)}, symbols: [${value.symbols.map(symbol).join(', ')}]${postprocess(value.postprocess)} },`;
}

function generate(name, compiled) {
  return `// Compiled from grammar/${name}.ne by scripts/compile-grammar.js; not to be edited.
import type { CompiledGrammar } from '../compiled-grammar.ts';
${compiled.body.join('\n').trim()}

export const grammar: CompiledGrammar = {
  Lexer: undefined,
  ParserStart: ${JSON.stringify(compiled.start)},
  ParserRules: [
${compiled.rules.map((r) => `  ${rule(r)}`).join('\n')}
  ],
};
`;
}

mkdirSync(to, { recursive: true });
for (const file of readdirSync(from).filter((f) => f.endsWith('.ne'))) {
  const name = basename(file, '.ne');
  const text = generate(name, read(join(from, file)));
  const target = join(to, `${name}.ts`);
  if (!existsSync(target) || readFileSync(target, 'utf8') !== text) writeFileSync(target, text);
}

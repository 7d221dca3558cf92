/**
 * Bundles compiled modules: everything that packets pass through becomes one file. V8 knows the value of a constant only
 * within a file: an imported one is a load, a check that it is set already, and a number that could be any, wherever it is
 * used. Bundled, a packet through a NAT gateway costs 20 % less (bench replay-nat).
 *
 *   node scripts/bundle.js FROM TO [ENTRY...]   FROM/ENTRY.js and what they import, as TO/ENTRY.js and TO/chunks/
 *
 * Without entries: the command, and every file that package.json exports.
 */
import { readFileSync, rmSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { rollup } from 'rollup';

/** The rooms on the way of a packet. What commands load when they run is divided as Rollup sees fit. */
const ENGINE = /^(src\/)?(base|wire|capture|netfilter|alg|stack|vswitch)\//;
/** What every command needs of it; whoever needs no more does not load the rest. */
const ERRORS = /^(src\/)?base\/(errors|system-error)\.js$/;

/** One file of its own, that shares nothing with what needs Node. */
const BROWSER = 'browser';

/**
 * Programs on a state file run thousands of times in scripts, each time in a process of its own. All that they need is one
 * script, which is loaded together with what V8 has compiled of it (src/shell/compiled-script.ts).
 */
const PROGRAMS = 'shell/on-state-file';
const PROGRAMS_FILE = 'programs.cjs';

const [from, to, ...named] = process.argv.slice(2);

function ofPackage() {
  const { exports } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return [
    'cli/main',
    ...Object.values(exports).map((file) => file.default.slice('./dist/'.length, -'.js'.length)),
  ];
}

/** Files that stand beside a module are still found from where it is now. */
const filesBeside = {
  name: 'files-beside',
  resolveImportMeta(property, { moduleId, chunkId }) {
    if (property !== 'url') return null;
    const there = relative(dirname(resolve(to, chunkId)), resolve(to, relative(from, moduleId)));
    return `new URL(${JSON.stringify(there)}, import.meta.url).href`;
  },
};

/** In place of the module: the script made of it. */
const programsApart = {
  name: 'programs-apart',
  load(id) {
    if (relative(from, id) !== `${PROGRAMS}.js`) return null;
    const there = relative(`${from}/${dirname(PROGRAMS)}`, `${from}/${PROGRAMS_FILE}`);
    return `import { loadCompiled } from './compiled-script.js';
      export const { runOnStateFile } = loadCompiled(new URL(${JSON.stringify(there)}, import.meta.url));`;
  },
};

async function write(entries, output, plugins = [programsApart]) {
  const bundle = await rollup({
    input: Object.fromEntries(entries.map((entry) => [entry, `${from}/${entry}.js`])),
    external: (id) => !/^[./]/.test(id),
    plugins: [filesBeside, ...plugins],
    onwarn({ code, message }) {
      // TypeScript's own helper for dynamic imports begins like that.
      if (code !== 'THIS_IS_UNDEFINED') console.warn(`bundle: ${message}`);
    },
  });
  await bundle.write({ dir: to, format: 'es', ...output });
  await bundle.close();
}

// What an earlier build left there may have other names inside.
rmSync(resolve(to, 'chunks'), { recursive: true, force: true });
const entries = named.length > 0 ? named : ofPackage();
await write(
  entries.filter((entry) => entry !== BROWSER),
  {
    chunkFileNames: 'chunks/[name].js',
    hoistTransitiveImports: false,
    manualChunks(id) {
      const module = relative(from, id);
      return ERRORS.test(module) ? 'errors' : ENGINE.test(module) ? 'engine' : undefined;
    },
  },
);
if (entries.includes(BROWSER)) await write([BROWSER], { inlineDynamicImports: true });
if (entries.includes('cli/main')) {
  const output = { format: 'cjs', inlineDynamicImports: true, entryFileNames: PROGRAMS_FILE };
  await write([PROGRAMS], output, []);
}

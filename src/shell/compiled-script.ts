/**
 * A CommonJS script together with what V8 has compiled of it: running the program costs a third of what it does when all of it
 * is compiled in each process (bench `program-call`). What V8 made is kept beside the script, `FILE.cache`, by
 * scripts/compile-programs.js; another release of V8 refuses it, and then compiles the script as it does any other.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, Script } from 'node:vm';

/** What the script exports. */
export function loadCompiled<T>(file: URL): T {
  const path = fileURLToPath(file);
  return runCompiled<T>(compiled(path), path);
}

/** With its cache, where there is one. */
export function compiled(path: string): Script {
  const cache = `${path}.cache`;
  return new Script(
    `(function (require, exports, __filename, __dirname) {${readFileSync(path, 'utf8')}\n})`,
    {
      filename: path,
      ...(existsSync(cache) ? { cachedData: readFileSync(cache) } : {}),
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    },
  );
}

type Body = (require: NodeJS.Require, exports: unknown, filename: string, folder: string) => void;

export function runCompiled<T>(script: Script, path: string): T {
  const exports = {} as T;
  const body = script.runInThisContext() as Body;
  body(createRequire(path), exports, path, dirname(path));
  return exports;
}

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compiled, loadCompiled } from '../../src/shell/compiled-script.ts';

describe('a script with what V8 compiled of it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-script-'));
  const path = join(folder, 'script.cjs');
  const load = () => loadCompiled<{ double(n: number): number }>(pathToFileURL(path));

  after(() => rmSync(folder, { recursive: true }));

  it('runs without, with, and with what is no such thing', () => {
    writeFileSync(
      path,
      "const path = require('node:path'); exports.double = (n) => path.sep.length * n * 2;",
    );
    assert.equal(load().double(4), 8);
    writeFileSync(`${path}.cache`, compiled(path).createCachedData());
    assert.equal(load().double(4), 8);
    writeFileSync(`${path}.cache`, 'no such thing');
    assert.equal(load().double(4), 8);
  });
});

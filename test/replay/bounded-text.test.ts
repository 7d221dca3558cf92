import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SluiceError } from '../../src/base/errors.ts';
import { readBoundedText } from '../../src/replay/bounded-text.ts';

describe('text out of files', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-text-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('is read whole, characters across chunks too, up to its limit and no byte further', () => {
    const path = join(folder, 'text');
    const text = 'ü'.repeat(100_000);
    writeFileSync(path, `x${text}`);
    assert.equal(readBoundedText(path), `x${text}`);
    assert.equal(readBoundedText(path, 200_001), `x${text}`);
    assert.throws(
      () => readBoundedText(path, 200_000),
      (error) => error instanceof SluiceError && /text: more than .* of text$/.test(error.message),
    );
  });

  it('that never ends is given up', () => {
    assert.throws(() => readBoundedText('/dev/zero', 1024 * 1024), /\/dev\/zero: more than 1 MiB of text/);
  });

  it('that is not there is what the system says', () => {
    assert.throws(() => readBoundedText(join(folder, 'nothing')), { code: 'ENOENT' });
  });
});

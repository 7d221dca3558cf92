import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

describe('documentation made from the declarations', () => {
  it('is fresh', function () {
    this.timeout(60_000);
    const script = fileURLToPath(new URL('../../scripts/generate.js', import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
    assert.equal(status, 0, `${stdout}${stderr}`);
  });
});

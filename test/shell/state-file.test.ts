import assert from 'node:assert/strict';
import { chmodSync, statSync } from 'node:fs';
import fc from 'fast-check';
import { SluiceError } from '../../src/base/errors.ts';
import { NO_OBJECTS } from '../../src/shell/objects-state.ts';
import { formatState, parseState, splitTables } from '../../src/shell/state-file.ts';
import { Shell } from './support.ts';

describe('the state file', () => {
  it('is read as it was written, whatever the texts in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (v4, v6) => {
        const content = { v4, v6, objects: NO_OBJECTS };
        assert.deepEqual(parseState(formatState(content), 'state'), content);
      }),
    );
  });

  it('is refused when it is cut, or another file', () => {
    const text = formatState({ v4: '*filter\nCOMMIT\n', v6: '', objects: NO_OBJECTS });
    for (const broken of [
      text.slice(0, -1),
      `${text}x`,
      '',
      '{}',
      '{"version":1,"v4":"","v6":""}\n',
      'null\n',
    ]) {
      assert.throws(() => parseState(broken, 'state'), SluiceError, broken);
    }
  });

  it("is its owner's when it is made, and stays as readable as it is", async () => {
    const shell = new Shell();
    try {
      const mode = () => statSync(shell.state).mode & 0o777;
      await shell.run('iptables -A INPUT -j DROP');
      assert.equal(mode(), 0o600);
      chmodSync(shell.state, 0o640);
      await shell.run('iptables -F');
      assert.equal(mode(), 0o640);
    } finally {
      shell.remove();
    }
  });

  it('gives its tables one by one', () => {
    const tables = [
      '*nat\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n',
      '*filter\n-A INPUT -m comment --comment COMMIT\nCOMMIT\n',
    ];
    assert.deepEqual(splitTables(tables.join('')), tables);
    assert.deepEqual(splitTables(''), []);
  });
});

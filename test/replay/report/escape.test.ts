import assert from 'node:assert/strict';
import fc from 'fast-check';
import { escapeJson, escapeSyslog, escapeText } from '../../../src/replay/report/escape.ts';
import { HOSTILE, UNSAFE } from './outcomes.ts';

describe('escaping what reports show', () => {
  it('writes every character that a terminal would obey as an escape', () => {
    assert.equal(escapeText(HOSTILE), '\\x1b[31m\\x1b[2J"\\\\n\\x9b0m\\u202e\\u2028\\ud800');
  });

  it('leaves ordinary text as it is, in any script', () => {
    for (const text of ['IN=eth1 OUT=', 'Größe – 大小 – حجم', '😀 a\\b "c"'])
      assert.equal(escapeText(text), text);
  });

  it('S-8: lets no unsafe character through, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        const escaped = escapeText(a + HOSTILE + b);
        assert.doesNotMatch(escaped, UNSAFE);
        assert.ok(!escaped.includes('\n'));
      }),
    );
  });

  it('keeps JSON the same value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const json = escapeJson(JSON.stringify(text + HOSTILE));
        assert.doesNotMatch(json, UNSAFE);
        assert.equal(JSON.parse(json), text + HOSTILE);
      }),
    );
  });

  it('writes control characters in syslog as rsyslog does', () => {
    assert.equal(escapeSyslog('a\u001b[0m\nb'), 'a#033[0m#012b');
  });
});

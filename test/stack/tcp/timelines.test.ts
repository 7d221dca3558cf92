/** Time lines in packetdrill's language (timelines/*.pkt), played against our TCP on virtual time. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { Mismatch, runScript } from './packetdrill/run.ts';
import { ScriptError } from './packetdrill/script.ts';

const FOLDER = new URL('timelines/', import.meta.url);

describe('tcp: time lines', () => {
  for (const file of readdirSync(FOLDER).sort()) {
    it(file.replace(/\.pkt$/, '').replaceAll('-', ' '), () => {
      runScript(readFileSync(new URL(file, FOLDER), 'utf8'));
    });
  }

  it('are judged: a wrong flag, number, time or result is found', () => {
    const text = readFileSync(new URL('unread-data-resets.pkt', FOLDER), 'utf8');
    const wrong: readonly (readonly [from: string, to: string, message: RegExp])[] = [
      ['R. 1:1(0)', 'F. 1:1(0)', /flags is R\., not F\./],
      ['ack 101\n   +0 close', 'ack 102\n   +0 close', /ack is 101, not 102/],
      ['+0 > R.', '+.5 > R.', /sent at 0\.11 s, not at 0\.61/],
      ['close(4) = 0', 'close(4) = -1 EBADF', /close gave 0, not EBADF/],
      ['<mss 1460>', '<mss 1400>', /options is mss 1460, not mss 1400/],
    ];
    for (const [from, to, message] of wrong) {
      assert.ok(text.includes(from), from);
      assert.throws(
        () => runScript(text.replace(from, to)),
        (error) => error instanceof Mismatch && message.test(error.message),
      );
    }
  });

  it('refuse what they do not know by name and line', () => {
    assert.throws(
      () => runScript('0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 splice(3) = 0'),
      (error) => error instanceof ScriptError && /line 2: .*splice/.test(error.message),
    );
  });
});

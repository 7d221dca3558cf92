/** Time lines in packetdrill's language (timelines/*.pkt), played against our TCP on virtual time. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { Mismatch, runScript } from './packetdrill/run.ts';
import { parseScript } from './packetdrill/reader.ts';
import { ScriptError } from './packetdrill/script.ts';

const FOLDER = new URL('timelines/', import.meta.url);

describe('tcp: time lines', () => {
  for (const file of readdirSync(FOLDER).sort()) {
    const name = file.replace(/\.pkt$/, '').replaceAll('-', ' ');
    const text = readFileSync(new URL(file, FOLDER), 'utf8');
    it(name, () => runScript(text));
    if (!text.includes('--ip_version='))
      it(`${name}, IPv6`, () => runScript(text, { options: new Map([['ip_version', 'ipv6']]) }));
  }

  it('are judged: a wrong flag, number, time or result is found', () => {
    const text = readFileSync(new URL('unread-data-resets.pkt', FOLDER), 'utf8');
    const wrong: readonly (readonly [from: string, to: string, message: RegExp])[] = [
      ['R. 1:1(0)', 'F. 1:1(0)', /flags is R\., not F\./],
      ['ack 101\n   +0 close', 'ack 102\n   +0 close', /ack is 101, not 102/],
      ['+0 > R.', '+.5 > R.', /sent at 0\.11 s, not at 0\.61/],
      ['> R. 1:1(0) ack 101', '> R. 1:1(0) ack 101 win 5', /win is 0, not 5/],
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

  it('are read as packetdrill reads them: times, comments, options, defined words', () => {
    const { setup, options, steps } = parseScript(
      `// one\n--mss=1000 --send_omit_free  // two\n/* three\n four */\n\`sysctl -q a.b=1\`\n` +
        '0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3 // five\n+.5~+1 > [ect0] P. 1:11(10) ack 1 <...>\n' +
        '* > .  1:1(0) ack COUNT\n+.1 ... 0.25 read(3, ..., 10) = -1 ETIMEDOUT (Connection timed out)\n' +
        '+0 `tc "// no comment"`\n2~3 > F. 1:1(0)\n`cleanup`\n',
      new Map([['COUNT', '7']]),
    );
    assert.deepEqual(setup, ['sysctl -q a.b=1']);
    assert.deepEqual(
      [...options],
      [
        ['mss', '1000'],
        ['send_omit_free', ''],
      ],
    );
    const at = (us: number, relative: boolean, endUs?: number, any = false) => ({ us, relative, any, endUs });
    assert.deepEqual(
      steps.map(({ line, time }) => [line, time]),
      [
        [6, at(0, false)],
        [7, at(500_000, true, 1_000_000)],
        [8, at(0, true, undefined, true)],
        [9, at(100_000, true, 250_000)],
        [10, at(0, true)],
        [11, at(2_000_000, false, 3_000_000)],
      ],
    );
    const [, , third, fourth, fifth] = steps.map(({ event }) => event);
    assert.ok(third?.kind === 'outbound' && third.packet.protocol === 'tcp' && third.packet.ack === 7);
    assert.ok(fourth?.kind === 'call' && fourth.call.errno === 'ETIMEDOUT' && fourth.call.args.length === 3);
    assert.deepEqual(fifth, { kind: 'command', command: 'tc "// no comment"' });
  });

  it('refuse what is not there by name and line', () => {
    const opened = '0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n';
    const refused: readonly (readonly [line: string, message: RegExp])[] = [
      ['+0 vmsplice(3) = 0', /^line 2: system call vmsplice/],
      ['+0 < S 0:0(0) win 1 <mss 1460> { mut tcp mss }', /^line 2: changes of packets/],
      ['+0 < S 0:0(0) win 1 <FO 0123>', /^line 2: fast open/],
      ['+0 < P5. 1:1(0) ack 1', /^line 2: AccECN/],
      ['+0 %{ assert tcpi_busy_time == 0 }%', /^line 2: tcpi_busy_time is Linux's own/],
      ['+0 %{ import os }%', /^line 2: only assertions/],
      ['+0 %{ assert max(1, 2) == 2 }%', /^line 2: /],
      ['+0 `modprobe dummy`', /^line 2: shell command/],
      ['+0 `sysctl -q net.ipv4.tcp_nonesuch=1`', /^line 2: sysctl net.ipv4.tcp_nonesuch/],
      ['+0 setsockopt(3, SOL_TCP, TCP_REPAIR, [1], 4) = 0', /^line 2: socket option TCP_REPAIR/],
      ['+0 setsockopt(3, SOL_TCP, TCP_CONGESTION, "bbr", 3) = 0', /^line 2: congestion control bbr/],
      ['+0 < gre: . 1:1(0)', /^line 2: tunnels/],
    ];
    for (const [line, message] of refused) {
      assert.throws(
        () => runScript(opened + line),
        (error) => error instanceof Error && message.test(error.message),
        line,
      );
    }
    assert.throws(() => runScript(`${opened}+0 vmsplice(3) = 0`), ScriptError);
  });
});

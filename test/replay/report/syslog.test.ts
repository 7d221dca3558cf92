import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SluiceError } from '../../../src/base/errors.ts';
import { StringOutput } from '../../../src/replay/report/output.ts';
import { parseSyslogTarget, SyslogReport } from '../../../src/replay/report/syslog.ts';
import { SyslogSelector } from '../../../src/replay/report/syslog-selector.ts';
import { HOSTILE, outcome, START_US } from './outcomes.ts';

/** The severities that a selector takes, as digits. */
function taken(text: string): string {
  const selector = new SyslogSelector(text);
  return [0, 1, 2, 3, 4, 5, 6, 7].filter((level) => selector.takes(level)).join('');
}

describe('syslog selectors', () => {
  // syslog.conf(5), section SELECTORS, and its examples.
  const cases: readonly (readonly [selector: string, levels: string, what: string])[] = [
    ['*.*', '01234567', 'everything'],
    ['kern.*', '01234567', 'everything of the kernel'],
    ['kern.warning', '01234', 'a priority and what is more severe'],
    ['kern.warn', '01234', 'a deprecated name'],
    ['kern.panic', '0', 'emerg by its old name'],
    ['kern.=info', '6', 'one priority alone'],
    ['*.crit', '012', 'any facility'],
    ['kern.none', '', 'nothing'],
    ['*.*;kern.none', '', 'nothing after all'],
    ['kern.info;kern.!err', '456', 'from here to there'],
    ['*.=info;*.=notice;mail.none', '56', 'two single priorities'],
    ['kern.*;kern.!=debug', '0123456', 'all but one'],
    ['kern.!err', '', 'less than nothing'],
    ['mail.*', '', 'of another facility, nothing'],
    ['auth,kern.crit', '012', 'one priority for several facilities'],
    ['auth,authpriv.none;*.emerg', '0', 'none for others'],
    ['local0.*;kern.debug', '01234567', 'joined'],
    ['kern.none;kern.=err', '3', 'added again'],
    ['kern.!*', '', 'all taken away'],
  ];
  for (const [selector, levels, what] of cases) {
    it(`${selector} takes ${levels === '' ? 'nothing' : levels} (${what})`, () =>
      assert.equal(taken(selector), levels));
  }

  it('refuses what it does not know, and says which part', () => {
    const wrong: readonly (readonly [text: string, message: RegExp])[] = [
      ['', /FACILITY\.PRIORITY/],
      ['kern', /"kern": expected is FACILITY\.PRIORITY/],
      ['.warning', /FACILITY\.PRIORITY/],
      ['kern.loud', /"kern\.loud": no such priority: "loud"/],
      ['kern.', /no such priority: ""/],
      ['kernel.info', /no such facility: "kernel"/],
      ['kern.info;oops.err', /"oops\.err": no such facility/],
      ['kern.=!info', /no such priority: "!info"/],
    ];
    for (const [text, message] of wrong) {
      assert.throws(() => new SyslogSelector(text), { code: 'SYSLOG_SELECTOR', message });
    }
  });

  it('ends every other text in a SluiceError', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          new SyslogSelector(text);
        } catch (error) {
          assert.ok(error instanceof SluiceError);
        }
      }),
    );
  });
});

describe('--syslog', () => {
  it('takes a selector and a file, or a file alone', () => {
    const files = ['messages', '/var/log/a=b', './kern.log', 'kern.log', '-'];
    for (const path of files) {
      assert.equal(parseSyslogTarget(path).path, path);
      assert.equal(parseSyslogTarget(path).selector.takes(7), true);
      const selected = parseSyslogTarget(`kern.=info;kern.err=${path}`);
      assert.equal(selected.path, path);
      assert.equal([3, 5, 6].filter((level) => selected.selector.takes(level)).join(), '3,6');
    }
    assert.throws(() => parseSyslogTarget('kern.loud=messages'), { code: 'SYSLOG_SELECTOR' });
  });

  it('writes lines as a syslog daemon does, uptime counted from the first frame', () => {
    const out = new StringOutput();
    const report = new SyslogReport(new SyslogSelector('kern.warning'), out);
    const line = (after: number, level: number, text: string) =>
      report.log({ time: START_US + after, level, text, cause: 1 });
    line(10, 4, 'refused: IN=eth1 OUT= ');
    report.packet(outcome({ timeUs: START_US }));
    line(1_350_000, 6, 'not severe enough');
    line(2_350_000, 0, `TRACE: ${HOSTILE}`);
    report.finish();
    assert.equal(
      out.text,
      'Nov 14 22:13:20 gateway kernel: [    0.000010] refused: IN=eth1 OUT= \n' +
        'Nov 14 22:13:22 gateway kernel: [    2.350000] TRACE: #033[31m#033[2J"\\#012\u009b0m\u202e\u2028\ud800\n',
    );
  });

  it('loses no line when the replay ends within the first frame', () => {
    const out = new StringOutput();
    const report = new SyslogReport(new SyslogSelector('*.*'), out);
    report.log({ time: START_US, level: 4, text: 'alone', cause: 1 });
    report.finish();
    assert.match(out.text, /\[ {4}0\.000000\] alone\n$/);
  });
});

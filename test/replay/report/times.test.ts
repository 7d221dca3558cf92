import assert from 'node:assert/strict';
import {
  formatDuration,
  formatSyslogTime,
  formatTime,
  formatUptime,
  TIME_STYLES,
  TIME_WIDTHS,
} from '../../../src/replay/report/times.ts';
import { START_US } from './outcomes.ts';

describe('times in reports', () => {
  it('prints a time in each style, in UTC', () => {
    const time = START_US + 1_000_250;
    assert.equal(formatTime(time, 'clock', START_US), '22:13:21.000250');
    assert.equal(formatTime(time, 'date', START_US), '2023-11-14 22:13:21.000250');
    assert.equal(formatTime(time, 'relative', START_US), '    1.000250');
    assert.equal(formatTime(time, 'epoch', START_US), '1700000001.000250');
    for (const style of TIME_STYLES) {
      assert.equal(formatTime(time, style, START_US).length, TIME_WIDTHS[style]);
    }
  });

  it('cuts fractions of a microsecond off and survives dates that there are none of', () => {
    assert.equal(formatTime(START_US + 0.75, 'clock', 0), '22:13:20.000000');
    assert.doesNotThrow(() => formatTime(1e21, 'date', 0));
    assert.doesNotThrow(() => formatTime(-5, 'clock', 0));
  });

  it("pads the day of the month as syslog's header wants it", () => {
    assert.equal(formatSyslogTime(START_US), 'Nov 14 22:13:20');
    assert.equal(formatSyslogTime(START_US - 10 * 86_400e6), 'Nov  4 22:13:20');
    assert.equal(formatUptime(12_345_678), '[   12.345678]');
  });

  it('says spans in the unit that suits them', () => {
    const spans = [5, 12_400, 3_210_000, 125e6, 7_500e6, 200_000e6].map(formatDuration);
    assert.deepEqual(spans, ['5 µs', '12.4 ms', '3.21 s', '2 min 5 s', '2 h 5 min', '2 d 7 h']);
  });
});

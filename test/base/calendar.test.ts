import assert from 'node:assert/strict';
import fc from 'fast-check';
import { calendarTime, ctime } from '../../src/base/calendar.ts';

describe('the calendar', () => {
  it('has the dates that Date has, from 1970 to 2400', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 13_569_465_600 }), (seconds) => {
        const date = new Date(seconds * 1000);
        assert.deepEqual(calendarTime(seconds * 1e6), {
          year: date.getUTCFullYear(),
          month: date.getUTCMonth() + 1,
          day: date.getUTCDate(),
          weekday: date.getUTCDay(),
          hour: date.getUTCHours(),
          minute: date.getUTCMinutes(),
          second: date.getUTCSeconds(),
        });
      }),
    );
  });

  it('prints as C does', () => {
    assert.equal(ctime(1_795_184_043_553_456), 'Fri Nov 20 14:14:03 2026');
    assert.equal(ctime(951_782_400_000_000), 'Tue Feb 29 00:00:00 2000');
  });
});

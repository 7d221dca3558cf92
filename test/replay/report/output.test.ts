import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { FdOutput } from '../../../src/replay/report/output.ts';
import { ProgressReport } from '../../../src/replay/report/progress.ts';
import { combineReports } from '../../../src/replay/report/report.ts';
import { outcome, summary } from './outcomes.ts';

describe('where reports go', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-output-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('writes text of any length and script to a file, in order', () => {
    const path = join(folder, 'text');
    const out = FdOutput.create(path);
    const pieces = ['a', '€'.repeat(100_000), '😀\n', 'x'.repeat(700_000), 'end'];
    for (const piece of pieces) out.write(piece);
    out.close();
    assert.equal(readFileSync(path, 'utf8'), pieces.join(''));
  });

  it('names the file that can not be made', () => {
    const path = join(folder, 'missing', 'file');
    assert.throws(() => FdOutput.create(path), {
      code: 'OUTPUT',
      place: { file: path },
      message: 'no such file or directory',
    });
  });

  it('tells every report, and asks only for what one of them wants', () => {
    const told: string[] = [];
    const all = combineReports([
      { packet: ({ n }) => told.push(`a ${n}`), close: () => told.push('a closed') },
      {
        packet: ({ n }) => told.push(`b ${n}`),
        trace: true,
        finish: ({ frames }) => told.push(`b ${frames} frames`),
      },
    ]);
    assert.equal(all.trace, true);
    assert.equal(all.log, undefined);
    assert.equal(all.timer, undefined);
    all.packet!(outcome({ n: 5 }));
    all.finish!(summary());
    all.close!();
    assert.deepEqual(told, ['a 5', 'b 5', 'b 16 frames', 'a closed']);
  });
});

describe('the progress bar', () => {
  const run = (seconds: number, size: number): string => {
    let shown = '';
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        shown += chunk.toString();
        done();
      },
    });
    Object.assign(stream, { isTTY: true, columns: 100, cursorTo() {}, clearLine() {} });
    let now = 0;
    const report = new ProgressReport(stream, () => now);
    for (let step = 0; step <= 10; step++) {
      now = (seconds * 1000 * step) / 10;
      report.progress(step * 100, size, step * 5000);
    }
    report.finish();
    const atTheEnd = shown;
    report.close();
    assert.equal(shown, atTheEnd);
    return shown;
  };

  it('does not show when the replay is done within a second', () => assert.equal(run(0.9, 1000), ''));

  it('shows frames, their rate and what is left of a file', () => {
    assert.match(run(10, 1000), / 10 % {2}5,000 frames, 5,000\/s/);
  });

  it('is gone when the summary is printed', () => {
    const shown = run(10, 1000);
    assert.ok(shown.endsWith('\u001b[1G\u001b[2K'), JSON.stringify(shown.slice(-40)));
  });

  it('shows what was read of a pipe', () => assert.match(run(10, -1), /0 MiB {2}5,000 frames, 5,000\/s/));
});

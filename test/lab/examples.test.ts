import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { formatPlace } from '../../src/base/errors.ts';
import {
  crossingText,
  Lab,
  parseLab,
  runSteps,
  type Crossing,
  type StepReport,
} from '../../src/lab/index.ts';

const FOLDER = 'examples/labs';

function run(name: string): StepReport[] {
  const file = `${FOLDER}/${name}`;
  return runSteps(new Lab(parseLab({ text: readFileSync(file, 'utf8'), file })));
}

function arrivals(crossings: readonly Crossing[], at: string, text: string): number {
  return crossings.filter(
    (one) => one.arrivedAt >= 0 && `${one.to.node}:${one.to.port}` === at && crossingText(one).includes(text),
  ).length;
}

describe('the labs in examples/', () => {
  for (const name of readdirSync(FOLDER).filter((file) => file.endsWith('.yaml'))) {
    it(`${name} comes out as it says`, () => {
      const reports = run(name);
      assert.ok(reports.length > 0);
      for (const { failures } of reports) {
        assert.deepEqual(
          failures.map(({ text, place }) => `${formatPlace(place)}: ${text}`),
          [],
        );
      }
    });
  }

  it('show what the cures of the nested hypervisor cost in copies', () => {
    const [, , everywhere, , , onePort] = run('nested-hypervisor.yaml');
    const [learning] = run('nested-learning.yaml');
    const copies = ({ crossings }: StepReport, at: string) => arrivals(crossings, at, 'ICMP echo');
    assert.deepEqual([copies(everywhere!, 'd:eth0'), copies(everywhere!, 'physical:p1')], [2, 1]);
    assert.deepEqual([copies(onePort!, 'd:eth0'), copies(onePort!, 'physical:p1')], [0, 1]);
    assert.deepEqual([copies(learning!, 'd:eth0'), copies(learning!, 'physical:p1')], [0, 0]);
  });

  it('do the same again, frame by frame', () => {
    const frames = () => run('router.yaml').flatMap(({ crossings }) => crossings.map(crossingText));
    assert.deepEqual(frames(), frames());
  });
});

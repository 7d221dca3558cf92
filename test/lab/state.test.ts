/** Labs that are saved in their midst and go on elsewhere: every frame afterwards is the same, at the same time. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { commandNamed } from '../../src/lab/commands/index.ts';
import { Lab, parseLab, restoreLab, saveLab, type LabState, type Topology } from '../../src/lab/index.ts';
import { endpointText, type StepConfig } from '../../src/lab/topology.ts';
import { bytesToHex } from '../../src/wire/bytes.ts';

const MINUTE_US = 60e6;

function topologyOf(name: string): Topology {
  const file = `examples/labs/${name}.yaml`;
  return parseLab({ text: readFileSync(file, 'utf8'), file });
}

function play(lab: Lab, steps: readonly StepConfig[]): void {
  for (const { after, run, on, lasts } of steps) {
    lab.run(after);
    const command = commandNamed(run[0]!).start(lab, on, run.slice(1), '');
    lab.run(lasts);
    command.finish();
  }
}

/** What went over the cables since, with its times. */
function framesSince(lab: Lab, mark: number): string[] {
  return lab.events
    .since(mark)
    .map(({ sentAt, arrivedAt, from, frame }) =>
      [sentAt, arrivedAt, endpointText(from), bytesToHex(frame)].join(' '),
    );
}

/** As a file would bring it. */
function onPaper(state: LabState): LabState {
  return JSON.parse(JSON.stringify(state)) as LabState;
}

function restored(topology: Topology, state: LabState): Lab {
  const lab = new Lab(topology);
  restoreLab(lab, onPaper(state));
  return lab;
}

describe('state of labs', function () {
  this.timeout(60_000);

  // NAT, port forwards, TCP and UDP, rules with limits; leases, names and IPv6; SYNPROXY; bridges with rules.
  for (const [name, stops] of [
    ['router', [6]],
    ['small-office', [3, 8]],
    ['synproxy', [2]],
    ['libvirt-nat', [5]],
    ['bridge-firewall', [4]],
    ['hypervisor-networks', [6]],
  ] as const) {
    for (const stop of stops) {
      it(`${name}, saved after step ${stop}, goes on as if it had not been`, () => {
        const topology = topologyOf(name);
        const { steps } = topology;
        const lab = new Lab(topology);
        play(lab, steps.slice(0, stop));
        const other = restored(topology, saveLab(lab));
        const { mark } = lab.events;
        for (const each of [lab, other]) {
          play(each, steps.slice(stop, stop + 2));
          each.run(MINUTE_US);
        }
        const [own, same] = [framesSince(lab, mark), framesSince(other, mark)];
        assert.ok(own.length > 0);
        assert.deepEqual(same, own);
      });
    }
  }

  it('a connection in the midst of talking goes on in two forks of its lab, alike', () => {
    const topology = topologyOf('live-migration');
    const lab = new Lab(topology);
    const talk = topology.steps.find(({ run }) => run[0] === 'talk')!;
    play(lab, topology.steps.slice(0, topology.steps.indexOf(talk)));
    commandNamed('talk').start(lab, talk.on, talk.run.slice(1), '');
    lab.run(1_234_567);
    const state = saveLab(lab);
    const { mark } = lab.events;
    const forks = [restored(topology, state), restored(topology, state)];
    for (const each of [lab, ...forks]) each.run(2e6);
    const own = framesSince(lab, mark);
    assert.ok(own.length > 100, 'it goes on talking');
    for (const fork of forks) assert.deepEqual(framesSince(fork, mark), own);
  });

  it('a state that was saved once more says the same', () => {
    const topology = topologyOf('router');
    const lab = new Lab(topology);
    play(lab, topology.steps.slice(0, 4));
    const state = onPaper(saveLab(lab));
    const again = saveLab(restored(topology, state));
    assert.equal(again.state.objects.length, state.state.objects.length);
  });

  it('says what cannot be restored: another lab, a program in its midst', () => {
    const topology = topologyOf('router');
    const lab = new Lab(topology);
    assert.throws(() => restoreLab(new Lab(topologyOf('synproxy')), saveLab(lab)), /of another lab/);
    commandNamed('ping').start(lab, 'office', ['-c', '5', '192.168.1.1'], '');
    lab.run(1_500_000);
    assert.throws(() => restoreLab(new Lab(topology), saveLab(lab)), /cannot be restored/);
  });
});

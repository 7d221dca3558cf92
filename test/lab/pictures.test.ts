import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCapture } from '../../src/capture/index.ts';
import { drawLab, Lab, parseLab, pathText, runSteps } from '../../src/lab/index.ts';
import { record } from '../../src/shell/lab/recordings.ts';

const file = 'examples/labs/nested-hypervisor.yaml';
const load = () => new Lab(parseLab({ text: readFileSync(file, 'utf8'), file }));

describe('the way of a frame through a lab', () => {
  it('is a tree in text, with what each switch did and knew', () => {
    const text = pathText(runSteps(load())[0]!.crossings).map((line) =>
      line.trim().replace(/^\d+ {2}0 µs {2}/, ''),
    );
    const at = text.indexOf(
      'a:eth0 > vswitch1:a  IP 10.0.0.1 > 10.0.0.3: ICMP echo request, id 1, seq 1, length 64',
    );
    assert.ok(at > 0, text.join('\n'));
    assert.deepEqual(text.slice(at + 1, at + 4), [
      'vswitch1: sent out of the uplink by vmnic0; 02:00:00:00:05:00 is not in its table of 3',
      'vswitch1:vmnic0 > physical:p1  IP 10.0.0.1 > 10.0.0.3: ICMP echo request, id 1, seq 1, length 64',
      'physical: flooded by p2; 02:00:00:00:05:00 is not in its table of 1',
    ]);
  });

  it('is drawn as SVG over the topology, numbered, with the tables beside', () => {
    const lab = load();
    const svg = drawLab(lab.topology, runSteps(lab)[0]!.crossings);
    assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="\d+" height="\d+"/);
    for (const name of ['a', 'b', 'c', 'd', 'nested', 'physical', 'vswitch1'])
      assert.ok(svg.includes(`>${name}</text>`), name);
    assert.ok(svg.includes('hypervisor nested'));
    assert.ok(svg.includes('knew: 02:00:00:00:02:00 a, 02:00:00:00:03:00 d'));
    assert.equal(svg.match(/<svg|<\/svg>/g)!.length, 2);
    assert.ok(!/<(?!\/?(svg|g|rect|line|text|defs|marker|path)\b)/.test(svg), 'nothing unescaped');
  });
});

describe('docs/nested-hypervisor.md', () => {
  it('shows what the lab does, with promiscuous mode rejected, accepted, and accepted on one port', () => {
    const lab = load();
    const reports = runSteps(lab);
    const page = readFileSync('docs/nested-hypervisor.md', 'utf8');
    for (const step of [0, 2, 5])
      assert.ok(page.includes(pathText(reports[step]!.crossings).join('\n')), `step ${step + 1}`);
    const picture = (name: string) => readFileSync(`docs/pictures/nested-${name}.svg`, 'utf8');
    assert.equal(picture('reject'), drawLab(lab.topology, reports[0]!.crossings));
    assert.equal(picture('accept'), drawLab(lab.topology, reports[2]!.crossings));
  });
});

describe('a recording of a link', () => {
  it('is a capture of what was put on it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-lab-'));
    try {
      const lab = load();
      const path = join(folder, 'a.pcap');
      const close = record(lab, 'a:eth0', path);
      const crossings = runSteps(lab).flatMap((report) => report.crossings);
      close();
      const reader = openCapture(path);
      let frames = 0;
      while (reader.next()) frames++;
      reader.close();
      assert.equal(frames, crossings.filter(({ from, to }) => from.node === 'a' || to.node === 'a').length);
      assert.throws(
        () => record(lab, 'a:eth9', path),
        /no link ends at "a:eth9" \(did you mean "a:eth0"\?\)/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCapture } from '../../src/capture/index.ts';
import { Lab, parseLab, runSteps } from '../../src/lab/index.ts';
import { printSave } from '../../src/netfilter/syntax/save.ts';
import { captureFilesBeside } from '../../src/shell/lab/capture-files.ts';

const parse = (text: string) => parseLab({ text, file: 'lab.yaml' });

/** One host with these services, and what is wrong with them. */
function complaint(services: string): string {
  try {
    parse(
      `topology:\n  nodes:\n    a:\n      interfaces: { eth0: 10.0.0.1/24 }\n      services: ${services}\n`,
    );
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

describe('services of a lab’s hosts', () => {
  it('are refused with their place where they are mistaken', () => {
    assert.match(
      complaint('{ sctp/7: echo }'),
      /a\.services\.sctp\/7: services stand under ports such as 80/,
    );
    assert.match(complaint('{ dchp: {} }'), /did you mean "dhcp"/);
    assert.match(complaint('{ 0: x }'), /services\.0/);
    assert.match(complaint('{ dhcp: { rnge: x } }'), /dhcp\.rnge: unknown key.*range/);
    assert.match(complaint('{ dhcp: { range: 10.0.1.1-10.0.1.9 } }'), /dhcp\.range: is not in the network/);
    assert.match(complaint('{ dhcp: { range: 10.0.0.9-10.0.0.1 } }'), /dhcp\.range: ends before it begins/);
    assert.match(complaint('{ dhcp: { interface: eth1 } }'), /no interface "eth1".*eth0/);
    assert.match(complaint('{ dhcp: { reservations: { xx: 10.0.0.7 } } }'), /not a MAC address: "xx"/);
    assert.match(complaint('{ dns: { www.example: 10.0.0 } }'), /not an address: "10\.0\.0"/);
    assert.match(complaint('{ dns: { "a b": 10.0.0.1 } }'), /cannot be a name/);
  });

  it('lease no more addresses than there are, and hand none out twice', () => {
    const guests = Array.from({ length: 4 }, (_, i) => `    g${i}: { interfaces: { eth0: dhcp } }`).join(
      '\n',
    );
    const links = Array.from({ length: 4 }, (_, i) => `    - { endpoints: ["g${i}:eth0", "sw:g${i}"] }`).join(
      '\n',
    );
    const lab = new Lab(
      parse(`topology:
  nodes:
    server: { interfaces: { eth0: 10.0.0.1/24 }, services: { dhcp: { range: 10.0.0.100-10.0.0.102 } } }
    sw: { kind: switch }
${guests}
  links:
    - { endpoints: ["server:eth0", "sw:up"] }
${links}
`),
    );
    lab.run(3e6);
    const addresses = [0, 1, 2, 3].map((i) => lab.host(`g${i}`).dhcp[0]!.client.lease?.address ?? 0);
    assert.equal(new Set(addresses.filter((one) => one !== 0)).size, 3);
    assert.equal(addresses.filter((one) => one === 0).length, 1);
  });

  for (const kind of ['nat', 'routed', 'isolated']) {
    it(`install on the host of a network "${kind}" the very rules of libvirt 9.0`, () => {
      const lab = new Lab(
        parse(`topology: { nodes: { kvm: { kind: hypervisor, network: ${kind}, guests: { one: {} } } } }`),
      );
      const ruleset = lab.host('kvm-host').gateway.netfilter.ruleset(4)!;
      const lines = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      const byTable = (text: string) =>
        lines(text)
          .join('\n')
          .split('COMMIT')
          .map((table) => table.trim())
          .sort();
      const own = printSave(ruleset).replaceAll(/\[\d+:\d+\]/g, '[0:0]');
      assert.deepEqual(byTable(own), byTable(readFileSync(`test/lab/libvirt/${kind}.rules`, 'utf8')));
    });
  }

  it('give the ports of libvirt’s and Xen’s bridges their names, with three and more NICs a guest', () => {
    const guests =
      '{ a: { interfaces: { eth0: {}, eth1: 10.1.0.1/24, eth2: 10.2.0.1/24, eth3: 10.3.0.1/24 } }, b: {} }';
    const names = (network: string) => {
      const { topology } = new Lab(
        parse(`topology: { nodes: { hv: { kind: hypervisor, network: ${network}, guests: ${guests} } } }`),
      );
      return topology.links.flatMap(({ ends }) =>
        ends.filter(({ node }) => node === 'hv').map(({ port }) => port),
      );
    };
    assert.deepEqual(names('nat'), ['virbr0', 'vnet0', 'vnet1', 'vnet2', 'vnet3', 'vnet4']);
    assert.deepEqual(names('bridge'), ['vif1.0', 'vif1.1', 'vif1.2', 'vif1.3']);
  });
});

describe('capture nodes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-lab-'));
  after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'lab.yaml');

  const text = (sniffer: string) => `topology:
  nodes:
    a: { interfaces: { eth0: 10.0.0.1/24 } }
    b: { interfaces: { eth0: 10.0.0.2/24 } }
    hub: { kind: switch, model: hub }
    sniffer: { kind: capture, ${sniffer} }
  links:
    - { endpoints: ["a:eth0", "hub:p1"] }
    - { endpoints: ["b:eth0", "hub:p2"] }
    - { endpoints: ["sniffer:eth0", "hub:p3"] }
steps:
  - { on: a, run: ping -c 2 10.0.0.2, for: 2s }
`;

  it('record what arrives, and play it again at the distances it had', () => {
    const first = new Lab(parse(text('record: seen.pcap')), { files: captureFilesBeside(file) });
    runSteps(first);
    first.close();
    assert.equal(first.captures.get('sniffer')!.heard, 6, 'two of ARP, four of ICMP');
    const reader = openCapture(join(folder, 'seen.pcap'));
    const times: number[] = [];
    while (reader.next()) times.push(reader.record.timeUs);
    reader.close();
    assert.equal(times.length, 6);
    assert.equal(Math.round(times.at(-1)! - times[0]!), 1_000_000);

    const played = `${text('play: seen.pcap, at: never')}  - { on: sniffer, run: play, for: 3s, expect: { played: 6, sees: [{ at: "b:eth0", frame: ICMP echo request, times: 2 }] } }\n`;
    const reports = runSteps(new Lab(parse(played), { files: captureFilesBeside(file) }));
    assert.deepEqual(
      reports.flatMap(({ failures }) => failures),
      [],
    );
    const echo = reports[1]!.crossings.filter(
      ({ from, frame }) => from.node === 'sniffer' && frame[23] === 1,
    );
    assert.equal(Math.round(echo.at(-1)!.sentAt - echo[0]!.sentAt), 1_000_000);
  });

  it('play when the lab begins, or later, by what the file says', () => {
    const lab = new Lab(parse(text('play: seen.pcap, at: 500ms')), { files: captureFilesBeside(file) });
    lab.run(499_000);
    assert.equal(lab.captures.get('sniffer')!.played, 0);
    lab.run(2e6);
    assert.equal(lab.captures.get('sniffer')!.played, 6);
  });

  it('are refused where they have nothing to play, two cables, or a file that is not there', () => {
    assert.throws(() => parse(text('at: 1s')), /sniffer\.at: says when to play/);
    assert.throws(() => parse(text('recrod: x')), /sniffer\.recrod: unknown key.*record/);
    const twice = text('').replace('p3"] }', 'p3"] }\n    - { endpoints: ["sniffer:eth1", "hub:p4"] }');
    assert.throws(() => parse(twice), /sniffer has a cable already/);
    const files = captureFilesBeside(file);
    assert.throws(() => new Lab(parse(text('play: none.pcap')), { files }), /no such file/);
    assert.throws(() => new Lab(parse(text('play: seen.pcap'))), /there are no files here/);
  });
});

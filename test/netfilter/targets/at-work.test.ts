/**
 * Targets and matches that act by what is around them: estimators, listeners, the nodes of a cluster, the frame. The words are those
 * of iptables 1.8.9, asked for where the kernel has the extension.
 */
import assert from 'node:assert/strict';
import { echo, udp } from '../../../src/conform/frames.ts';
import { AtWork } from './at-work.ts';
import { prints, refuses } from './support.ts';

const from = (last: number) => ({ from: `10.0.0.${last}`, to: '198.51.100.7' });

describe('target RATEEST and match rateest', () => {
  const ESTIMATOR = '-j RATEEST --rateest-name RE1 --rateest-interval 250.0ms --rateest-ewmalog 500.0ms';
  prints([
    {
      rule: 'INPUT -j RATEEST --rateest-name RE1 --rateest-interval 250ms --rateest-ewmalog 0.5s',
      saved: ESTIMATOR,
      listed: 'name RE1 interval 250.0ms ewmalog 500.0ms',
    },
  ]);
  refuses([
    { rule: 'INPUT -j RATEEST --rateest-name R', says: 'RATEEST: ewmalog value is out of range' },
    {
      rule: 'INPUT -j RATEEST --rateest-interval 250ms --rateest-ewmalog 500ms',
      says: 'RATEEST: option "--rateest-name" must be specified',
    },
    {
      rule: 'INPUT -j RATEEST --rateest-name R --rateest-interval 20s --rateest-ewmalog 500ms',
      says: 'RATEEST: interval value is too large',
    },
    {
      rule: 'INPUT -j RATEEST --rateest-name R --rateest-interval x --rateest-ewmalog 500ms',
      says: 'RATEEST: bad interval value "x"',
    },
    {
      rule: 'INPUT -m rateest --rateest R --rateest-lt --rateest-bps 8bit',
      says: 'No chain/target/match by that name',
    },
    { rule: 'INPUT -m rateest --rateest R --rateest-bps 8bit', says: 'Invalid argument' },
  ]);

  it('tell a fast stream from a slow one, and forget when it ends', () => {
    const work = new AtWork({
      table: 'mangle',
      rules: [
        `FORWARD ${ESTIMATOR}`,
        'FORWARD -m rateest --rateest RE1 --rateest-gt --rateest-pps 50',
        'FORWARD -m rateest --rateest RE1 --rateest-lt --rateest-bps 80kbit',
      ],
    });
    const stream = (packets: number, everyUs: number): number[] => {
      const before = work.counts;
      for (let i = 0; i < packets; i++) {
        work.clock.advanceTo(work.clock.now + everyUs);
        work.send(udp(from(2), 1000, 53, new Uint8Array(972)));
      }
      return work.counts.map((count, i) => count - before[i]!);
    };
    // Before the first interval is over nothing is known.
    assert.deepEqual(stream(20, 10_000), [20, 0, 20]);
    stream(400, 10_000);
    assert.deepEqual(stream(100, 10_000), [100, 100, 0]);
    stream(20, 1_000_000);
    assert.deepEqual(stream(10, 1_000_000), [10, 0, 10]);
  });
});

describe('target ULOG', () => {
  prints([
    { rule: 'INPUT -j ULOG', listed: 'ULOG copy_range 0 nlgroup 1 queue_threshold 1' },
    {
      rule: 'INPUT -j ULOG --ulog-prefix abc --ulog-nlgroup 32 --ulog-cprange 10 --ulog-qthreshold 5',
      listed: 'ULOG copy_range 10 nlgroup 32 prefix "abc" queue_threshold 5',
    },
  ]);
  refuses([
    {
      rule: 'INPUT -j ULOG --ulog-nlgroup 33',
      says: 'ULOG: bad value for option "--ulog-nlgroup", or out of range (1-32).',
    },
    {
      rule: 'INPUT -j ULOG --ulog-qthreshold 51',
      says: 'ULOG: bad value for option "--ulog-qthreshold", or out of range (1-50).',
    },
  ]);

  it('hands the packet to who listens to its group, and lets it go on', () => {
    const heard: unknown[] = [];
    const work = new AtWork({
      table: 'mangle',
      rules: ['FORWARD -j ULOG --ulog-nlgroup 3 --ulog-prefix seen', 'FORWARD'],
      packetLogged: (group, prefix, pkt) => heard.push([group, prefix, pkt.dport]),
    });
    assert.equal(work.send(udp(from(2), 1000, 53, [])).length, 1);
    assert.deepEqual([heard, work.counts], [[[3, 'seen', 53]], [1, 1]]);
  });
});

describe('target CLUSTERIP', () => {
  const words = (node: number, mode = 'sourceip') =>
    `-j CLUSTERIP --new --hashmode ${mode} --clustermac 01:AA:7B:47:F7:D7 --total-nodes 2 --local-node ${node} --hash-init 1`;
  prints([
    {
      rule: `INPUT ${words(1)}`,
      listed:
        'CLUSTERIP hashmode=sourceip clustermac=01:AA:7B:47:F7:D7 total_nodes=2 local_node=1 hash_init=1',
    },
  ]);
  refuses([
    { rule: `INPUT ${words(3)}`, says: 'Invalid argument' },
    { rule: `INPUT ${words(1, 'none')}`, says: 'Unknown hashmode "none"' },
    {
      rule: `INPUT ${words(1).replace('01:AA', '00:AA')}`,
      says: 'MAC has to be a multicast ethernet address',
    },
    {
      rule: 'INPUT -j CLUSTERIP --new --hashmode sourceip',
      says: 'CLUSTERIP target: Invalid parameter combination',
    },
    { rule: 'INPUT -j CLUSTERIP', says: 'No chain/target/match by that name' },
  ]);

  it('gives every source to exactly one node, always the same', () => {
    const nodes = [1, 2].map((node) => new AtWork({ table: 'mangle', rules: [`INPUT ${words(node)}`] }));
    const answers = Array.from({ length: 40 }, (_, i) =>
      nodes.map((node) => {
        const ping = echo({ from: `10.0.0.${i + 2}`, to: '10.0.0.1' }, false, 1, 1, []);
        const [first, second] = [node.send(ping).length, node.send(ping).length];
        assert.equal(first, second);
        return first;
      }),
    );
    for (const [one, other] of answers) assert.equal(one! + other!, 1);
    const ofFirst = answers.filter(([one]) => one === 1).length;
    assert.ok(ofFirst > 5 && ofFirst < 35, String(ofFirst));
  });
});

describe('match cluster', () => {
  const SHARED = '01:00:5e:00:01:01';
  const words = (node: number) =>
    `-m cluster --cluster-local-nodemask 0x0000000${node} --cluster-total-nodes 2 --cluster-hash-seed 0xdeadbeef`;
  prints([
    {
      rule: 'INPUT -m cluster --cluster-total-nodes 2 ! --cluster-local-node 2 --cluster-hash-seed 7',
      saved:
        '-m cluster ! --cluster-local-nodemask 0x00000002 --cluster-total-nodes 2 --cluster-hash-seed 0x00000007',
      listed: 'cluster !node_mask=0x00000002 total_nodes=2 hash_seed=0x00000007',
    },
    {
      rule: `INPUT ${words(1)}`,
      listed: 'cluster node_mask=0x00000001 total_nodes=2 hash_seed=0xdeadbeef',
    },
  ]);
  refuses([
    {
      rule: 'INPUT -m cluster --cluster-total-nodes 2 --cluster-local-node 3 --cluster-hash-seed 0',
      says: "cluster match: `--cluster-local-node' must be <= `--cluster-total-nodes'",
    },
    {
      rule: 'INPUT -m cluster --cluster-total-nodes 33 --cluster-local-node 3 --cluster-hash-seed 0',
      says: 'cluster: bad value for option "--cluster-total-nodes", or out of range (1-32).',
    },
    {
      rule: 'INPUT -m cluster --cluster-total-nodes 2 --cluster-local-node 1',
      says: 'cluster: option "--cluster-hash-seed" must be specified',
    },
    {
      rule: 'INPUT -m cluster --cluster-total-nodes 2 --cluster-hash-seed 1',
      says: "cluster match: `--cluster-local-node' or`--cluster-local-nodemask' is missing",
    },
    {
      rule: 'INPUT -m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-local-nodemask 1 --cluster-hash-seed 1',
      says: 'cluster: option "--cluster-local-node" cannot be used together with "--cluster-local-nodemask".',
    },
  ]);

  it('takes the connections of its own sources out of frames for the group, and leaves the other node the rest', () => {
    const nodes = [1, 2].map(
      (node) =>
        new AtWork({
          table: 'mangle',
          rules: [`PREROUTING ${words(node)} -j ACCEPT`, 'PREROUTING -j DROP'],
        }),
    );
    for (let last = 2; last < 30; last++) {
      const passed = nodes.map((node) => node.send(udp(from(last), 1000, 53, []), { to: SHARED }).length);
      assert.equal(passed[0]! + passed[1]!, 1, `10.0.0.${last}`);
    }
    assert.ok(nodes.every(({ counts }) => counts.every((count) => count > 3)));
  });
});

describe('match eui64', () => {
  prints([{ rule: 'INPUT -m eui64', listed: 'eui64 ', family: 6 }]);
  refuses([
    { rule: 'OUTPUT -m eui64', says: 'eui64 match: used from hooks OUTPUT', family: 6 },
    { rule: 'INPUT -m eui64 --x', says: 'unknown option "--x"', family: 6 },
    { rule: 'INPUT -m eui64', says: "Couldn't load match `eui64'" },
  ]);

  it('compares the source address with the MAC address that the frame came from', () => {
    const work = new AtWork({ table: 'mangle', rules: ['FORWARD -m eui64'], family: 6 });
    const send = (source: string, mac: string) =>
      work.send(udp({ from: source, to: '2001:db8:9::7' }, 1, 2, []), { from: mac });
    send('fd00:a::ff:fe00:101', '02:00:00:00:01:01');
    assert.deepEqual(work.counts, [1]);
    send('fd00:a::200:ff:fe00:101', '00:00:00:00:01:01');
    assert.deepEqual(work.counts, [2]);
    for (const source of ['fd00:a::200:ff:fe00:101', 'fd00:a::ff:fe00:102', 'fd00:a::fe:fe00:101']) {
      send(source, '02:00:00:00:01:01');
    }
    assert.deepEqual(work.counts, [2]);
  });
});

describe('match realm', () => {
  prints([
    { rule: 'INPUT -m realm --realm 0', saved: '-m realm --realm cosmos', listed: 'realm 0x0' },
    { rule: 'INPUT -m realm --realm 0x1/0xff', listed: 'realm 0x1/0xff' },
    { rule: 'INPUT -m realm ! --realm cosmos', listed: '! realm 0x0' },
  ]);
  refuses([
    { rule: 'PREROUTING -m realm --realm 0', says: 'realm match: used from hooks PREROUTING' },
    {
      rule: 'INPUT -m realm --realm nonesuch',
      says: 'realm: could not map name nonesuch to an integer value for option "--realm".',
    },
    { rule: 'INPUT -m realm', says: 'realm: option "--realm" must be specified' },
  ]);

  it('finds realm 0 on every route', () => {
    const rules = ['0', '1', '0/0xff', '0x100/0xff'].map((realm) => `FORWARD -m realm --realm ${realm}`);
    const work = new AtWork({ table: 'mangle', rules: [...rules, 'FORWARD -m realm ! --realm 7'] });
    work.send(udp(from(2), 1, 2, []));
    assert.deepEqual(work.counts, [1, 0, 1, 0, 1]);
  });
});

describe('match ipvs', () => {
  prints([
    { rule: 'INPUT -m ipvs ! --ipvs', listed: '! ipvs' },
    {
      rule: 'INPUT -m ipvs --vproto 6 --vaddr 1.2.3.4 --vport 22 --vdir ORIGINAL --vmethod GATE',
      listed: 'vproto 6 vaddr 1.2.3.4 vport 22 vdir ORIGINAL vmethod GATE',
    },
  ]);
  refuses([
    { rule: 'INPUT -m ipvs', says: 'IPVS: At least one option is required' },
    { rule: 'INPUT -m ipvs --vdir SIDEWAYS', says: 'Invalid value for --vdir' },
  ]);

  it('finds no packet that belongs to a virtual server', () => {
    const rules = ['--ipvs', '! --ipvs', '--vport 53'].map((words) => `FORWARD -m ipvs ${words}`);
    const work = new AtWork({ table: 'mangle', rules });
    work.send(udp(from(2), 1, 53, []));
    assert.deepEqual(work.counts, [0, 1, 0]);
  });
});

describe('target TPROXY', () => {
  prints([
    {
      rule: 'PREROUTING -p tcp -j TPROXY --on-port 12345 --on-ip 10.0.0.1 --tproxy-mark 0x23/0xff',
      listed: 'TPROXY redirect 10.0.0.1:12345 mark 0x23/0xff',
    },
    {
      rule: 'PREROUTING -p udp -j TPROXY --on-port 12345',
      saved: '-p udp -j TPROXY --on-port 12345 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0',
      listed: 'TPROXY redirect 0.0.0.0:12345 mark 0x0/0x0',
    },
    {
      rule: 'PREROUTING -p tcp -j TPROXY --on-port 12345 --on-ip 2001:db8::1 --tproxy-mark 0x23',
      saved: '-p tcp -j TPROXY --on-port 12345 --on-ip 2001:db8::1 --tproxy-mark 0x23/0xffffffff',
      listed: 'TPROXY redirect 2001:db8::1:12345 mark 0x23/0xffffffff',
      family: 6,
    },
  ]);
  refuses([
    { rule: 'PREROUTING -j TPROXY --on-port 1', says: 'Can be used only with -p tcp or -p udp' },
    { rule: 'INPUT -p tcp -j TPROXY --on-port 1', says: 'TPROXY target: used from hooks INPUT' },
    { rule: 'PREROUTING -p tcp -j TPROXY', says: 'TPROXY: option "--on-port" must be specified' },
    { rule: 'PREROUTING -p tcp -j TPROXY --on-port x', says: 'Port "x" does not resolve to anything.' },
  ]);

  it('drops what no socket waits for', () => {
    const work = new AtWork({ table: 'mangle', rules: ['PREROUTING -p udp -j TPROXY --on-port 5300'] });
    assert.deepEqual(work.send(udp(from(2), 1000, 53, [])), []);
    assert.deepEqual(work.counts, [1]);
  });
});

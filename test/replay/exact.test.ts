/** Exact replays (`--in`): what Sluice answers to the frames that a Linux gateway was given is what that gateway answered. */
import assert from 'node:assert/strict';
import { LinkType, MemorySink, PcapWriter } from '../../src/capture/index.ts';
import { udp } from '../../src/conform/frames.ts';
import { comparable, framesSent, GATEWAY } from '../pcaps/nat-answer.ts';
import { Captures, connections, lines, natGateway, pcap, read, replay, type Told } from './support.ts';

/** The flow label of ICMPv6 messages of the gateway's own is a hash under a secret key. */
function withoutOwnFlowLabel(frame: string): string {
  const isIcmpv6 = frame.slice(24, 28) === '86dd' && frame.slice(40, 42) === '3a';
  const isError = isIcmpv6 && parseInt(frame.slice(108, 110), 16) < 128;
  return isError ? `${frame.slice(0, 31)}00000${frame.slice(36)}` : frame;
}

describe('replay: exact, beside what a Linux kernel did with the same frames (pcaps/nat-*)', () => {
  let told: Told;

  before(() => {
    told = replay({
      ...natGateway(),
      in: { eth0: pcap('nat-lan-in.pcap'), eth1: pcap('nat-wan-in.pcap') },
    });
  });

  for (const iface of Object.keys(GATEWAY) as (keyof typeof GATEWAY)[]) {
    it(`sends on ${iface} the frames that the kernel sent, byte for byte and in its order`, async () => {
      const out = [...told.packets, ...told.timers].flatMap((outcome) => outcome.out);
      const sent = comparable(
        out.filter((one) => one.iface === iface).map(({ frame }) => Buffer.from(frame)),
      );
      const expected = await framesSent('nat', iface);
      assert.deepEqual(sent.map(withoutOwnFlowLabel), expected.map(withoutOwnFlowLabel));
    });
  }

  it('counts every IPv4 rule and policy as the kernel did', () => {
    assert.deepEqual(lines(told.summary.tables.v4).sort(), lines(read('pcaps/nat.iptables-save')).sort());
  });

  it('counts every IPv6 rule as the kernel did; one solicitation that it sent unasked is in its OUTPUT alone', () => {
    const withoutPolicies = (text: string) =>
      lines(text).filter((line) => !/^:(OUTPUT|POSTROUTING) /.test(line));
    assert.deepEqual(
      withoutPolicies(told.summary.tables.v6).sort(),
      withoutPolicies(read('pcaps/nat.ip6tables-save')).sort(),
    );
  });

  it('ends with the connections that the kernel had', () => {
    assert.deepEqual(connections(told.summary.conntrack), connections(lines(read('pcaps/nat.conntrack'))));
  });

  it('logs the lines that the kernel logged', () => {
    assert.deepEqual(
      told.log.map(({ text }) => text),
      lines(read('pcaps/nat.log')),
    );
  });

  it('tells of every input frame once, in the order of time', () => {
    assert.equal(told.packets.length, 48 + 46);
    assert.deepEqual(
      told.packets.map(({ n }) => n),
      told.packets.map((_, i) => i + 1),
    );
    const times = told.packets.map(({ timeUs }) => timeUs);
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );
  });

  it('answers alike with the reference interpreter', () => {
    const reference = replay({
      ...natGateway(),
      in: { eth0: pcap('nat-lan-in.pcap'), eth1: pcap('nat-wan-in.pcap') },
      engine: 'reference',
    });
    assert.deepEqual(reference.summary.tables, told.summary.tables);
    assert.deepEqual(
      reference.packets.map(({ n, rule, verdict }) => ({ n, rule, verdict })),
      told.packets.map(({ n, rule, verdict }) => ({ n, rule, verdict })),
    );
  });
});

describe('replay: exact, captures without Ethernet', () => {
  const gateway = {
    interfaces: {
      tun0: { mac: '02:00:00:00:00:01', addresses: ['10.251.0.2/24'] },
      eth1: { mac: '02:00:00:00:00:02', addresses: ['10.9.0.1/24'] },
    },
    neighbours: 'assume',
  };
  const rules = '*filter\n-A INPUT -p tcp -m tcp --dport 80\n-A INPUT -p icmp\nCOMMIT\n';

  it('a raw IP capture arrives on its interface, behind a header made for it, with a note that says so', () => {
    const { packets, summary } = replay({ gateway, rules, in: { tun0: pcap('raw-ip.pcap') } });
    assert.equal(packets.length, 12);
    const first = Buffer.from(packets[0]!.frame);
    assert.equal(first.toString('hex', 0, 14), '02000000000102000000ff010800');
    assert.deepEqual(packets[0]!.notes, ['Ethernet header made: the capture has none']);
    assert.match(summary.tables.v4, /\[[1-9]\d*:\d+\] -A INPUT -p tcp -m tcp --dport 80/);
    assert.match(summary.tables.v4, /\[[1-9]\d*:\d+\] -A INPUT -p icmp/);
  });

  it('a BSD loopback capture arrives like any other; what it carries beside IP is told of', () => {
    const captures = new Captures();
    const sink = new MemorySink();
    const writer = new PcapWriter(sink, { linkType: LinkType.Null });
    const packet = udp({ from: '10.251.0.1', to: '10.251.0.2' }, 4000, 53, [1, 2, 3]);
    for (const record of [Uint8Array.of(2, 0, 0, 0, ...packet), Uint8Array.of(16, 0, 0, 0, 1, 2, 3)]) {
      writer.write(1.7e15, record, 0, record.length, record.length);
    }
    writer.close();
    try {
      const { packets } = replay({ gateway, rules, in: { tun0: captures.file(sink.bytes()) } });
      assert.deepEqual(
        packets.map(({ reasonCode }) => reasonCode),
        ['NO_SOCKET', 'NOT_IP'],
      );
      assert.deepEqual([...packets[0]!.frame.subarray(14)], packet);
    } finally {
      captures.remove();
    }
  });

  for (const name of ['any-cooked-v1.pcap', 'any-cooked-v2.pcap']) {
    it(`${name}: the sender's address is the one that the cooked header tells`, () => {
      const { packets } = replay({
        gateway,
        rules: '*filter\nCOMMIT\n',
        in: { tun0: pcap(name) },
      });
      const senders = new Set(packets.map(({ frame }) => Buffer.from(frame).toString('hex', 6, 12)));
      assert.ok(senders.has('020000000101'), [...senders].join());
    });
  }
});

import assert from 'node:assert/strict';
import { parseGateway, routeCommand, sysctlPath } from '../../src/conform/kernel/gateway-file.ts';
import { formatPcap, mergeInputs, parsePcap, type TimedFrame } from '../../src/conform/pcap.ts';
import { paced } from '../../src/conform/sluice.ts';
import { parseAnswer } from '../../src/conform/answer-lines.ts';

const frame = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
const at = (time: number, mark: number): TimedFrame => ({ time, frame: frame(mark) });

describe('the kernel harness, reading its input', () => {
  it('reads back the captures that it writes, and big-endian nanosecond ones', () => {
    const frames = [
      at(1_700_000_000.000001, 1),
      { time: 1_700_000_001.5, frame: frame() },
      at(1_700_000_002, 3),
    ];
    assert.deepEqual(parsePcap(formatPcap(frames), 'written'), frames);
    const words = [0xa1b23c4d, 0x00020004, 0, 0, 65535, 1, 7, 500_000_000, 2, 60];
    const file = new Uint8Array(words.length * 4 + 2).fill(0xab);
    words.forEach((word, i) => new DataView(file.buffer).setUint32(4 * i, word));
    assert.deepEqual(parsePcap(file, 'nanoseconds'), [{ time: 7.5, frame: frame(0xab, 0xab) }]);
  });

  it('refuses other files, other link types and cut captures by name', () => {
    const file = formatPcap([at(1, 1)]);
    assert.throws(() => parsePcap(file.subarray(0, 10), 'a.pcap'), /a\.pcap: too short/);
    assert.throws(
      () => parsePcap(file.subarray(0, file.length - 1), 'a.pcap'),
      /a\.pcap: cut short at byte 24/,
    );
    assert.throws(() => parsePcap(new Uint8Array(100), 'a.pcap'), /a\.pcap: not a pcap file/);
    assert.throws(
      () => parsePcap(frame(0x0a, 0x0d, 0x0d, 0x0a, ...new Array<number>(40).fill(0)), 'a.pcapng'),
      /editcap/,
    );
    file[20] = 101;
    assert.throws(() => parsePcap(file, 'a.pcap'), /link type 101, not Ethernet/);
  });

  it('merges by time; ties go in the order given, and an input keeps its own order', () => {
    const merged = mergeInputs([
      { iface: 'eth0', frames: [at(1, 1), at(5, 2), at(3, 3)] },
      { iface: 'eth1', frames: [at(1, 4), at(4, 5)] },
    ]);
    assert.deepEqual(
      merged.map((input) => `${input.iface}:${input.frame[0]}`),
      ['eth0:1', 'eth1:4', 'eth1:5', 'eth0:2', 'eth0:3'],
    );
  });

  it('paces frames evenly for Sluice, with the waits of the case between them', () => {
    const steps = paced([{ iface: 'a', ...at(9, 1) }, { wait: 2.5 }, { iface: 'a', ...at(3, 2) }]);
    const times = steps.flatMap((step) => ('iface' in step ? step.time : []));
    assert.ok(Math.abs(times[1]! - times[0]! - 2.5) < 0.001);
  });

  it('reads an answer of Sluice, passing over what the kernel has no counterpart for', () => {
    const answer = parseAnswer(
      '{"type":"packet","n":1,"time":1,"in":"eth0","verdict":"DROP","out":[],"trace":[]}\n' +
        '{"type":"summary","tables":{"v4":"","v6":""},"conntrack":[],"expectations":[],"version":"1"}\n',
    );
    assert.equal(answer.packets.length, 1);
    assert.deepEqual(answer.summary.log, []);
    assert.throws(
      () => parseAnswer('{"type":"packet","n":1,"time":1,"in":"eth0","out":[]}\n'),
      /without a summary/,
    );
  });

  it('turns routes into commands of their family, and sysctl names into paths', () => {
    const route = { to: 'default', via: '10.0.0.254', dev: 'eth1', metric: 5 };
    assert.deepEqual(routeCommand(route, 4), ['route add default via 10.0.0.254 dev eth1 metric 5']);
    assert.deepEqual(routeCommand(route, 6), []);
    assert.deepEqual(routeCommand({ to: '2001:db8::/32', type: 'blackhole' }, 6), [
      'route add blackhole 2001:db8::/32',
    ]);
    assert.deepEqual(
      [...routeCommand({ to: 'default', dev: 'eth1' }, 4), ...routeCommand({ to: 'default', dev: 'eth1' }, 6)]
        .length,
      2,
    );
    assert.equal(sysctlPath('net.ipv4.conf.eth0.rp_filter'), '/proc/sys/net/ipv4/conf/eth0/rp_filter');
    assert.equal(sysctlPath('net/ipv4/conf/eth0.5/rp_filter'), '/proc/sys/net/ipv4/conf/eth0.5/rp_filter');
  });

  it('refuses gateway files whose words are not plain, since they end up in commands run as root', () => {
    const refused = (text: string): void =>
      assert.throws(() => parseGateway(text, 'gw.yaml'), /^Error: gw\.yaml: /);
    refused('routes: []');
    refused('interfaces: { "eth0; reboot": {} }');
    refused('interfaces: { eth0: { addresses: ["10.0.0.1/24 dev lo"] } }');
    refused('interfaces: { eth0: { mtu: "1500; x" } }');
    refused('{ interfaces: { eth0: {} }, routes: [{ to: "$(reboot)" }] }');
    refused(`{ interfaces: { eth0: {} }, sysctl: { net.ipv4.ip_forward: "1'; reboot" } }`);
    assert.throws(() => sysctlPath('net.ipv4/../../etc'), /not a sysctl/);
  });
});

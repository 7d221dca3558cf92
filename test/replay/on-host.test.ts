/**
 * A capture taken on the host that has the rules (`--host`), beside what its kernel counted, remembered and logged
 * (pcaps/host.*). All of it can be reproduced. What a capture cannot tell in general: packets that OUTPUT dropped never
 * reached the sniffer, and neither did anything over `lo`.
 */
import assert from 'node:assert/strict';
import { connections, lines, pcap, read, replay, type Told } from './support.ts';

const rules = read('examples/host-firewall/host.rules');

describe('replay: on a host', () => {
  let told: Told;

  before(() => {
    told = replay({ rules, host: ['10.254.0.2'], capture: pcap('host.pcap') });
  });

  it('counts every rule of INPUT and OUTPUT as the host did', () => {
    assert.deepEqual(lines(told.summary.tables.v4), lines(read('pcaps/host.iptables-save')));
  });

  it('ends with the connections that the host had', () => {
    assert.deepEqual(connections(told.summary.conntrack), connections(lines(read('pcaps/host.conntrack'))));
  });

  it('logs what the host logged, its Ethernet address included', () => {
    assert.deepEqual(
      told.log.map(({ text }) => text),
      lines(read('pcaps/host.log')),
    );
  });

  it('answers nothing by itself: no frame but a REJECT is caused by one that arrived', () => {
    const causes = told.packets.filter((packet) => packet.in !== '' && packet.out.length > 0);
    assert.deepEqual(
      causes.map(({ rule }) => rule),
      ['filter:INPUT:10'],
    );
  });

  it('an answer of REJECT that is in the capture as well passes OUTPUT once, and a note says why', () => {
    const seen = told.packets.find(({ notes }) => notes.some((note) => note.startsWith('left already')));
    assert.ok(seen);
    assert.deepEqual([seen.in, seen.verdict, seen.reasonCode, seen.out.length], ['', 'ACCEPT', 'SENT', 0]);
    assert.match(seen.notes.join(), /left already when a rule answered frame 91 with it/);
  });

  it('fills in checksums that were left to the network card, with a note, and not when they are to be verified', () => {
    const filled = told.packets.filter(({ notes }) =>
      notes.some((note) => note.includes('checksum filled in')),
    );
    assert.ok(filled.length > 30);
    assert.ok(filled.every((packet) => packet.in === ''));
    const verified = replay({ rules, host: ['10.254.0.2'], capture: pcap('host.pcap'), checksums: 'verify' });
    assert.ok(verified.packets.every(({ notes }) => !notes.join().includes('filled in')));
  });

  it('packets between others are refused by the stack, with a note', () => {
    const { packets } = replay({ rules, host: ['10.254.0.77'], capture: pcap('host.pcap') });
    const foreign = packets.filter(({ notes }) => notes.join().includes('neither from nor to'));
    assert.equal(foreign.length, 94);
    assert.ok(foreign.every(({ verdict }) => verdict === 'DROP'));
  });

  it('captures over the loopback interface and cooked captures work as well', () => {
    const loopback = replay({
      rules: '*filter\n-A INPUT -p tcp\n-A OUTPUT -p tcp\nCOMMIT\n',
      host: ['10.254.0.2', 'fd54::2'],
      capture: pcap('any-cooked-v2.pcap'),
    });
    assert.match(loopback.summary.tables.v4, /\[[1-9]\d*:\d+\] -A INPUT -p tcp/);
    assert.match(loopback.summary.tables.v4, /\[[1-9]\d*:\d+\] -A OUTPUT -p tcp/);
  });
});

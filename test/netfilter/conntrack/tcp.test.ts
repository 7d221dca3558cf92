import assert from 'node:assert/strict';
import { Rig } from './support.ts';

type Step = readonly [run: (rig: Rig) => string, expected: string];

function play(rig: Rig, steps: readonly Step[]): void {
  steps.forEach(([run, expected], i) => assert.equal(run(rig), expected, `step ${i + 1}`));
}

describe('conntrack: TCP states', () => {
  it('walks an ordinary connection from SYN to TIME_WAIT with the timeouts of each state', () => {
    play(new Rig(), [
      [(r) => r.tcp('>', 'S', { seq: 1000 }), 'NEW SYN_SENT 120'],
      [(r) => r.tcp('<', 'SA', { seq: 5000, ack: 1001 }), 'ESTABLISHED SYN_RECV 60'],
      [(r) => r.tcp('>', 'A', { seq: 1001, ack: 5001 }), 'ESTABLISHED [ASSURED] ESTABLISHED 432000'],
      [(r) => r.tcp('>', 'PA', { seq: 1001, ack: 5001, len: 100 }), 'ESTABLISHED [ASSURED] ESTABLISHED 300'],
      [(r) => r.tcp('<', 'A', { seq: 5001, ack: 1101 }), 'ESTABLISHED [ASSURED] ESTABLISHED 432000'],
      [(r) => r.tcp('>', 'FA', { seq: 1101, ack: 5001 }), 'ESTABLISHED [ASSURED] FIN_WAIT 120'],
      [(r) => r.tcp('<', 'A', { seq: 5001, ack: 1102 }), 'ESTABLISHED [ASSURED] CLOSE_WAIT 60'],
      [(r) => r.tcp('<', 'FA', { seq: 5001, ack: 1102 }), 'ESTABLISHED [ASSURED] LAST_ACK 30'],
      [(r) => r.tcp('>', 'A', { seq: 1102, ack: 5002 }), 'ESTABLISHED [ASSURED] TIME_WAIT 120'],
    ]);
  });

  it('renews nothing for a retransmitted SYN', () => {
    const rig = new Rig();
    rig.tcp('>', 'S', { seq: 1000 });
    rig.wait(50);
    assert.equal(rig.tcp('>', 'S', { seq: 1000 }), 'NEW SYN_SENT 70');
  });

  it('deletes a connection that only a reset ever answered', () => {
    const rig = new Rig();
    rig.tcp('>', 'S', { seq: 1000 });
    rig.tcp('<', 'RA', { seq: 0, ack: 1001 });
    assert.deepEqual(rig.ct.list(4), []);
  });

  it('picks connections up in their middle while tcp_loose is on, with a short timeout until answered', () => {
    play(new Rig(), [
      [(r) => r.tcp('>', 'A', { seq: 1, ack: 1 }), 'NEW ESTABLISHED 300'],
      [(r) => r.tcp('<', 'A', { seq: 1, ack: 1 }), 'ESTABLISHED ESTABLISHED 300'],
      [(r) => r.tcp('>', 'A', { seq: 1, ack: 1 }), 'ESTABLISHED [ASSURED] ESTABLISHED 432000'],
    ]);
    assert.equal(new Rig({ sysctls: { tcp_loose: 0 } }).tcp('>', 'A', { seq: 1, ack: 1 }), 'INVALID');
  });

  it('shortens the timeout after tcp_max_retrans identical segments, and while a window is closed', () => {
    const rig = new Rig();
    rig.establish();
    for (let i = 0; i < 3; i++) rig.tcp('>', 'A', { seq: 1001, ack: 5001 });
    assert.equal(rig.tcp('>', 'A', { seq: 1001, ack: 5001 }), 'ESTABLISHED [ASSURED] ESTABLISHED 300');
    const closed = new Rig();
    closed.establish();
    assert.equal(
      closed.tcp('<', 'A', { seq: 5001, ack: 1001, win: 0 }),
      'ESTABLISHED [ASSURED] ESTABLISHED 300',
    );
  });

  it('opens anew when a SYN comes to a connection that both ends closed', () => {
    const rig = new Rig();
    rig.establish();
    rig.tcp('>', 'FA', { seq: 1001, ack: 5001 });
    rig.tcp('<', 'FA', { seq: 5001, ack: 1002 });
    rig.tcp('>', 'A', { seq: 1002, ack: 5002 });
    assert.equal(rig.tcp('>', 'S', { seq: 900000 }), 'NEW SYN_SENT 120');
    assert.equal(rig.ct.list(4).length, 1);
  });

  it('brings the timeout down when both sides send FINs out of the window', () => {
    const rig = new Rig();
    rig.establish();
    rig.tcp('>', 'FA', { seq: 0x40000000, ack: 5001 });
    rig.tcp('<', 'FA', { seq: 0x50000000, ack: 1001 });
    assert.match(rig.ct.list(4)[0]!, / 300 ESTABLISHED /);
  });

  it('L4-1: takes a segment whose data offset is below 5 or past the end for INVALID', () => {
    for (const offset of [0, 1, 2, 3, 4, 6, 15]) {
      const rig = new Rig({ sysctls: { checksum: 0, log_invalid: 6 } });
      const pkt = rig.tcpPacket('>', 'S', { seq: 1 });
      pkt.bytes[pkt.l4 + 12] = offset << 4;
      assert.equal(rig.pass(pkt), 'INVALID', `offset ${offset}`);
      assert.match(rig.log[0]!, /^nf_ct_proto_6: truncated packet /);
    }
  });

  it('L4-6: an exact reset closes; one in the window but not exact does not; one before it is INVALID', () => {
    const rig = new Rig();
    rig.establish();
    assert.equal(rig.tcp('<', 'R', { seq: 4000 }), 'INVALID');
    assert.equal(rig.tcp('<', 'R', { seq: 5001 + 70000 * 2 }), 'INVALID');
    assert.match(rig.tcp('<', 'R', { seq: 5101 }), /ESTABLISHED 10$/);
    assert.match(rig.ct.list(4)[0]!, / ESTABLISHED /);
    assert.match(rig.tcp('>', 'A', { seq: 1001, ack: 5001 }), /ESTABLISHED 300$/);
    assert.match(rig.tcp('<', 'R', { seq: 5001 }), /CLOSE 10$/);
  });

  it('L4-8: a SYN on an established connection passes unbelieved; its challenge ACK and the exact reset follow', () => {
    const rig = new Rig({ sysctls: { log_invalid: 6 } });
    rig.establish();
    assert.match(rig.tcp('>', 'S', { seq: 70000 }), /ESTABLISHED 432000$/);
    assert.match(rig.log[0]!, /^nf_ct_proto_6: packet \(index 0\) in dir 0 ignored, state ESTABLISHED /);
    assert.match(rig.tcp('<', 'A', { seq: 5001, ack: 1001 }), /ESTABLISHED 432000$/);
    assert.match(rig.tcp('>', 'R', { seq: 1001 }), /CLOSE 10$/);
  });

  it('L4-8: a challenge ACK in LAST_ACK does not acknowledge the FIN', () => {
    const rig = new Rig();
    rig.establish();
    rig.tcp('>', 'FA', { seq: 1001, ack: 5001 });
    rig.tcp('<', 'FA', { seq: 5001, ack: 1002 });
    rig.tcp('>', 'S', { seq: 70000 });
    assert.match(rig.tcp('<', 'A', { seq: 5002, ack: 1002 }), /LAST_ACK/);
    assert.match(rig.tcp('<', 'A', { seq: 5002, ack: 1002 }), /TIME_WAIT/);
  });

  it('L4-8: the SYN/ACK of a SYN let through makes us follow the new connection; an old one does not', () => {
    const rig = new Rig();
    rig.establish();
    rig.tcp('>', 'S', { seq: 70000 });
    assert.match(rig.tcp('<', 'SA', { seq: 9000, ack: 1001 }), /ESTABLISHED 432000$/);
    rig.tcp('>', 'S', { seq: 70000 });
    assert.match(rig.tcp('<', 'SA', { seq: 9000, ack: 70001 }), /SYN_RECV 60$/);
    assert.match(rig.tcp('>', 'A', { seq: 70001, ack: 9001 }), /ESTABLISHED 432000$/);
  });

  it('L4-15: refuses flag combinations that mean nothing', () => {
    for (const flags of ['SF', 'SFA', 'SR', 'RF', '', 'F', 'FU', 'P', 'U', 'FSRPAU']) {
      assert.equal(new Rig().tcp('>', flags, { seq: 1 }), 'INVALID', flags || 'none');
    }
    for (const flags of ['S', 'SP', 'SEC', 'SU']) assert.match(new Rig().tcp('>', flags, { seq: 1 }), /^NEW/);
  });

  it('L4-15: takes a SYN with data as a SYN', () => {
    const rig = new Rig();
    assert.equal(rig.tcp('>', 'S', { seq: 1000, len: 50 }), 'NEW SYN_SENT 120');
    assert.equal(rig.tcp('<', 'SA', { seq: 5000, ack: 1051 }), 'ESTABLISHED SYN_RECV 60');
  });

  it('L4-15: follows a simultaneous open', () => {
    play(new Rig(), [
      [(r) => r.tcp('>', 'S', { seq: 1000 }), 'NEW SYN_SENT 120'],
      [(r) => r.tcp('<', 'S', { seq: 5000 }), 'ESTABLISHED SYN_SENT2 120'],
      [(r) => r.tcp('>', 'SA', { seq: 1000, ack: 5001 }), 'ESTABLISHED SYN_RECV 60'],
      [(r) => r.tcp('<', 'SA', { seq: 5000, ack: 1001 }), 'ESTABLISHED SYN_RECV 60'],
      [(r) => r.tcp('<', 'A', { seq: 5001, ack: 1001 }), 'ESTABLISHED [ASSURED] ESTABLISHED 432000'],
    ]);
  });

  it('L4-15: follows a split handshake, where the server answers the SYN with ACK and SYN', () => {
    const rig = new Rig();
    rig.tcp('>', 'S', { seq: 1000 });
    assert.match(rig.tcp('<', 'A', { seq: 0, ack: 1001 }), /SYN_SENT/);
    assert.match(rig.tcp('<', 'S', { seq: 5000 }), /SYN_SENT2/);
    assert.match(rig.tcp('>', 'SA', { seq: 1000, ack: 5001 }), /SYN_RECV/);
  });

  it('L4-15: a first ACK of nothing is INVALID without loose pickup, and a first SYN/ACK, FIN or RST always', () => {
    assert.equal(new Rig({ sysctls: { tcp_loose: 0 } }).tcp('>', 'A'), 'INVALID');
    for (const flags of ['SA', 'FA', 'R', 'RA']) assert.equal(new Rig().tcp('>', flags), 'INVALID', flags);
  });

  it('judges IPv6 connections alike', () => {
    const rig = new Rig({ family: 6 });
    rig.establish();
    assert.match(rig.ct.list(6)[0]!, /^ipv6 {5}10 tcp {6}6 432000 ESTABLISHED src=fd00::1 dst=fd00::2 /);
  });
});

/** `-m tcp`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { packet, tcp } from '../../../src/conform/frames.ts';
import { arrived, ask, lists, prints, refuses } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };
const segment = (flags: string, options: number[] = []) =>
  arrived(tcp(v4, { sport: 4000, dport: 22, seq: 1, flags, options }));

describe('match tcp', () => {
  prints([
    ['-p tcp --dport ssh', '-p tcp -m tcp --dport 22'],
    ['-p tcp -m tcp --syn', '-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN'],
    ['-p tcp -m tcp ! --tcp-flags ALL NONE', '-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE'],
    ['-p tcp -m tcp ! --tcp-option 5'],
  ]);
  refuses([
    ['-p tcp -m tcp --tcp-flags SYN,FOO SYN', 'Unknown TCP flag `FOO'],
    ['-p udp -m tcp --dport 9', 'tcp match: only valid for protocol tcp'],
  ]);
  lists([
    [
      '-p tcp -m tcp --dport 22 --tcp-flags SYN,ACK SYN',
      'tcp dpt:22 flags:0x12/0x02',
      'tcp dpt:ssh flags:SYN,ACK/SYN',
    ],
  ]);

  it('compares flags under a mask', () => {
    const answers = ['S', 'SA', 'SPU', 'F'].map((flags) => ask('-p tcp -m tcp --syn', segment(flags)));
    assert.deepEqual(answers, ['matches', 'no', 'matches', 'no']);
  });

  it('finds options, each at its place in the list', () => {
    const options = [1, 1, 4, 2, 2, 4, 5, 0xb4];
    const answers = [4, 2, 3, 1].map((kind) =>
      ask(`-p tcp -m tcp --tcp-option ${kind}`, segment('S', options)),
    );
    assert.deepEqual(answers, ['matches', 'matches', 'no', 'matches']);
  });

  it('drops a header cut short at once', () => {
    assert.equal(ask('-p tcp -m tcp --dport 22', arrived(packet(v4, 6, [15, 160, 0, 22]))), 'drops');
  });
});

/** The helpers of TFTP and Amanda, over both families, with and without translation. */
import { TimeLine } from '../../flow.ts';
import { text, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const TFTP = 69;
const AMANDA = 10080;
const REQUEST = text('\x00\x01file\x00octet\x00');

for (const { plain, hidden, server, shown } of [
  { plain: '10.0.0.3', hidden: '10.0.0.2', server: '198.51.100.7', shown: '203.0.113.1' },
  { plain: 'fd00:a::3', hidden: 'fd00:a::2', server: '2001:db8:9::7', shown: '2001:db8:1::1' },
]) {
  const there = { from: plain, to: server };
  const back = { from: server, to: plain };
  for (const [i, words] of [
    '\x00\x01file\x00octet\x00',
    '\x00\x02file\x00octet\x00',
    '\x00\x03file\x00octet\x00',
    '\x00\x01',
    '\x00',
    '',
    '\x00\x01file without an end',
    '\x00\x01\x00octet\x00',
    '\x00\x02\x00\x00',
  ].entries()) {
    line.inside(udp(there, 5000 + i, TFTP, text(words)));
  }
  // The answer comes from another port; a third host's is nobody's, and there is only one.
  line.outside(udp({ from: `${server}7`, to: plain }, 6000, 5000, text('\x00\x03')));
  line.outside(udp(back, 6000, 5000, text('\x00\x03\x00\x01data')));
  line.inside(udp(there, 5000, 6000, text('\x00\x04\x00\x01')));
  line.outside(udp(back, 6001, 5000, text('\x00\x03\x00\x01data')));
  line.inside(udp({ from: hidden, to: server }, 5100, TFTP, REQUEST));
  line.outside(udp({ from: server, to: shown }, 6000, 5100, text('\x00\x03\x00\x01data')));
  line.inside(udp({ from: hidden, to: server }, 5100, 6000, text('\x00\x04\x00\x01')));
  line.inside(udp({ from: hidden, to: server }, 5101, TFTP, REQUEST));
  line.inside(udp({ from: hidden, to: server }, 5101, TFTP, REQUEST));

  // Amanda's server asks, its client answers with ports.
  for (const [i, answer] of [
    'Amanda 2.5 REP\nCONNECT DATA 11221 MESG 11222 INDEX 11223\nOPTIONS ;\n',
    'CONNECT STATE 11224\n',
    'CONNECT DATA 0 MESG 11225\n',
    'CONNECT DATA 123456 MESG 11226\n',
    'CONNECT DATA 11227',
    'connect DATA 11228\n',
    'CONNECT DATA 77777\n',
    'CONNECT INDEX 11229 DATA 11230 \n DATA 11231\n',
    '',
  ].entries()) {
    line.inside(udp(there, 700 + i, AMANDA, text('Amanda 2.5 REQ\n')));
    line.outside(udp(back, AMANDA, 700 + i, text(answer)));
  }
  line.outside(udp({ from: server, to: shown }, 800, AMANDA, text('Amanda 2.5 REQ\n')));
  line.inside(udp({ from: plain, to: server }, AMANDA, 800, text('CONNECT DATA 12001 MESG 12002\n')));
}

export const steps = line.steps;

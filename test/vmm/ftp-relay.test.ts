/** Lines of FTP that are changed on their way: wherever the stream is cut, and nothing else of it. (Real servers: qemu-acts.test.ts.) */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { parseAddress } from '../../src/stack/address.ts';
import type { Connection, Tcp } from '../../src/stack/tcp/index.ts';
import { RealClock } from '../../src/vmm/real-clock.ts';
import { FtpRelay } from '../../src/vmm/world/ftp-relay.ts';
import { Outside } from '../../src/vmm/world/outside.ts';
import { LineFilter } from '../../src/vmm/world/line-filter.ts';

describe('lines that are changed in a stream', () => {
  const filter = () => new LineFilter(['PORT ', '227 '], (line) => `<${line.trimEnd()}>\n`);

  it('are those that begin so, in any letters, wherever the stream is cut', () => {
    const text = 'USER x\r\nport 1,2\r\nREPORT 3\r\nPORT 4\r\n227 5\nPO\r\nPORTRAIT\r\n';
    const expected = 'USER x\r\n<port 1,2>\nREPORT 3\r\n<PORT 4>\n<227 5>\nPO\r\nPORTRAIT\r\n';
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), text.length];
        const lines = filter();
        const out = at.slice(1).map((end, i) => lines.pass(text.slice(at[i], end)));
        assert.equal(out.join('') + lines.end(), expected);
      }),
    );
  });

  it('hold nothing back that cannot become one, and no line without end', () => {
    const lines = filter();
    assert.equal(lines.pass('PAS'), 'PAS');
    assert.equal(lines.pass('V'), 'V');
    assert.equal(lines.pass('\r\nPO'), '\r\n');
    assert.equal(lines.pass('x'.repeat(10)), `PO${'x'.repeat(10)}`);
    assert.equal(lines.pass(`\nPORT ${'1'.repeat(300)}`), `\nPORT ${'1'.repeat(300)}`);
  });

  it('have all wait that comes behind, where they ask for that', () => {
    const lines = new LineFilter(['PORT '], () => null);
    assert.equal(lines.pass('NOOP\nPORT 1\nRETR x\n'), 'NOOP\n');
    assert.equal(lines.pass('QUIT\n'), '');
    assert.equal(lines.goOn('PORT 9\n'), 'PORT 9\nRETR x\nQUIT\n');
  });
});

describe('a control connection of FTP', () => {
  it('has a few ports of this machine open, however many it asks for', async () => {
    const said: string[] = [];
    const socket = Object.assign(new EventEmitter(), {
      ...{ localAddress: '127.0.0.1', remoteAddress: '192.0.2.1' },
      write: (bytes: Uint8Array) => said.push(Buffer.from(bytes).toString()),
    });
    const connection = { family: 4, remote: parseAddress('192.168.122.5')!.words };
    const clock = new RealClock();
    const relay = new FtpRelay(
      {} as Tcp,
      new Outside(clock),
      connection as unknown as Connection,
      socket as unknown as Socket,
    );
    relay.toWorld(Buffer.from('PORT 192,168,122,5,4,1\r\n'.repeat(10)));
    const ports = () =>
      [...said.join('').matchAll(/,(\d+),(\d+)\r/g)].map(([, high, low]) => +high! * 256 + +low!);
    while (ports().length < 10) await sleep(5);
    const isOpen = await Promise.all(
      ports().map(async (port) => {
        const probe = connect(port, '127.0.0.1').on('error', () => {});
        return once(probe, 'connect').then(
          () => !probe.destroy().connecting,
          () => false,
        );
      }),
    );
    assert.deepEqual(isOpen, [...new Array<boolean>(6).fill(false), ...new Array<boolean>(4).fill(true)]);
    socket.emit('close');
    clock.stop();
  });
});

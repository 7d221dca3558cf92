/** Opening and closing in every order that RFC 9293 knows (3.5, 3.6), and what applications are told. */
import assert from 'node:assert/strict';
import { stateName, TcpState, type Connection } from '../../../src/stack/tcp/index.ts';
import { Ended, Net, sink, source } from './net.ts';

const flagsOf = (lines: readonly string[]) =>
  lines.map((line) => `${line.split(' ')[1]} ${/Flags \[([^\]]*)\]/.exec(line)![1]}`);

describe('tcp: opening', () => {
  it('opens with three segments and tells both sides', () => {
    const net = new Net();
    const { ended } = net.established();
    assert.deepEqual(flagsOf(net.takeSegments()), ['a S', 'b S.', 'a .']);
    assert.deepEqual(ended.events, ['client connect', 'server connect']);
  });

  it('offers the options, the order and the windows that Linux offers', () => {
    const net = new Net();
    net.established();
    const [syn, synAck] = net.takeSegments().map((line) => line.replace(/TS val \d+ ecr \d+/, 'TS'));
    assert.match(syn!, /win 64240, options \[mss 1460,sackOK,TS,nop,wscale 10\]/);
    assert.match(synAck!, /win 65160, options \[mss 1460,sackOK,TS,nop,wscale 10\]/);
  });

  it('is refused where nobody listens', () => {
    const net = new Net();
    const ended = new Ended();
    net.a.connect({ family: 4, remote: net.remote('b'), remotePort: 81 }, ended.of('client'));
    net.settle();
    assert.equal(ended.errors['client'], 'ECONNREFUSED');
  });

  it('repeats its SYN five times a second apart, then doubles, and gives up', () => {
    const net = new Net({ netem: 'delay 5ms loss 100%' });
    const ended = new Ended();
    net.a.connect({ family: 4, remote: net.remote('b'), remotePort: 80 }, ended.of('client'));
    net.settle();
    assert.equal(ended.errors['client'], 'ETIMEDOUT');
    const times = net.takeSegments().map((line) => Math.round(Number(line.split(' ')[0]) / 1000));
    assert.deepEqual(times, [0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67]);
  });

  it('opens when both sides connect at once', () => {
    const net = new Net();
    const ended = new Ended();
    const a = net.a.connect(
      { family: 4, remote: net.remote('b'), remotePort: 2000, localPort: 1000 },
      ended.of('client'),
    );
    const b = net.b.connect(
      { family: 4, remote: net.remote('a'), remotePort: 1000, localPort: 2000 },
      ended.of('server'),
    );
    net.run(1);
    assert.deepEqual([a.state, b.state], [TcpState.ESTABLISHED, TcpState.ESTABLISHED]);
    a.write(Uint8Array.of(1, 2, 3));
    net.run(1);
    assert.equal(b.unread, 3);
  });

  it('gives an accepted connection to whoever accepts, and resets those nobody took when the listener closes', () => {
    const net = new Net();
    const ended = new Ended();
    const listener = net.b.listen({ port: 80 });
    net.a.connect({ family: 4, remote: net.remote('b'), remotePort: 80 }, ended.of('first'));
    net.a.connect({ family: 4, remote: net.remote('b'), remotePort: 80 }, ended.of('second'));
    net.run(1);
    const accepted = listener.accept();
    assert.equal(accepted!.state, TcpState.ESTABLISHED);
    listener.close();
    net.run(1);
    assert.deepEqual(ended.errors, { second: 'ECONNRESET' });
  });

  it('refuses a port that is listened on, unless the addresses differ', () => {
    const net = new Net();
    net.b.listen({ port: 80, address: net.remote('b') });
    assert.throws(() => net.b.listen({ port: 80 }), { code: 'EADDRINUSE' });
    net.b.listen({ port: 80, address: net.remote('b', 6), family: 6 });
  });

  it('throws when there is no way to the other end', () => {
    const net = new Net();
    const remote = Int32Array.of(0xc0a80001 | 0, 0, 0, 0);
    assert.throws(() => net.a.connect({ family: 4, remote, remotePort: 80 }), { code: 'ENETUNREACH' });
  });
});

describe('tcp: closing', () => {
  const closing = (order: (client: Connection, server: Connection, net: Net) => void) => {
    const net = new Net();
    const { client, server, ended } = net.established();
    net.takeSegments();
    order(client, server, net);
    return { net, client, server, ended };
  };

  it('closes one side after the other: FIN_WAIT and TIME_WAIT here, CLOSE_WAIT and LAST_ACK there', () => {
    const states: string[] = [];
    const { net } = closing((client, server, it) => {
      const note = () => states.push(`${stateName(client.state)} ${stateName(server.state)}`);
      client.shutdown();
      note();
      it.run(0.006);
      note();
      it.run(0.1);
      note();
      server.shutdown();
      note();
      it.run(0.1);
      note();
    });
    assert.deepEqual(states, [
      'FIN_WAIT1 ESTABLISHED',
      'FIN_WAIT1 CLOSE_WAIT',
      'FIN_WAIT2 CLOSE_WAIT',
      'FIN_WAIT2 LAST_ACK',
      'TIME_WAIT CLOSED',
    ]);
    assert.equal(net.a.timeWaits.count, 1);
    net.run(61);
    assert.equal(net.a.timeWaits.count, 0);
  });

  it('closes both sides at once through CLOSING', () => {
    const { net, client, server } = closing((a, b) => {
      a.shutdown();
      b.shutdown();
    });
    net.run(0.006);
    assert.equal(client.state, TcpState.CLOSING);
    net.run(0.1);
    assert.deepEqual([client.state, server.state], [TcpState.TIME_WAIT, TcpState.TIME_WAIT]);
  });

  it('still receives after a half close', () => {
    const { net, client } = closing((a, b, it) => {
      a.shutdown();
      it.run(0.1);
      b.write(Uint8Array.of(1, 2, 3));
    });
    net.run(0.1);
    assert.equal(client.unread, 3);
    assert.equal(client.write(Uint8Array.of(1)), -1);
  });

  it('resets when it is closed with unread data', () => {
    const { net, ended } = closing((a, b, it) => {
      a.write(Uint8Array.of(1, 2, 3));
      it.run(0.1);
      b.close();
    });
    net.run(0.1);
    assert.equal(ended.errors['client'], 'ECONNRESET');
    assert.match(net.takeSegments().at(-1)!, / b .*Flags \[R\.\]/);
  });

  it('resets when it lingers for no time', () => {
    const { net, ended } = closing((a) => {
      a.linger = 0;
      a.close();
    });
    net.run(0.1);
    assert.equal(ended.errors['server'], 'ECONNRESET');
  });

  it('resets when data comes for what the application has closed', () => {
    const { net, ended } = closing((a, b, it) => {
      a.close();
      it.run(0.1);
      b.write(Uint8Array.of(1));
    });
    net.run(0.1);
    assert.equal(ended.errors['server'], 'EPIPE');
  });

  it('waits a minute for the other FIN once the application has let go, and no longer', () => {
    const { net, client } = closing((a) => a.close());
    net.run(59);
    assert.equal(client.state, TcpState.FIN_WAIT2);
    net.run(2);
    assert.equal(client.state, TcpState.CLOSED);
  });

  it('repeats a lost FIN, and its acknowledgement out of TIME_WAIT', () => {
    const net = new Net({ netem: 'delay 5ms loss 30%', seed: 4 });
    const app = sink();
    net.connect(source(1000), app);
    net.settle();
    assert.ok(app.ended);
    assert.equal(net.connections().length, 0);
  });

  it('sends what is queued before the FIN, whatever the application does meanwhile', () => {
    const net = new Net({ netem: 'delay 20ms rate 1mbit' });
    const app = sink();
    const { client } = net.connect({}, app);
    net.run(0.2);
    const bytes = 60_000;
    const data = Uint8Array.from({ length: bytes }, (_, i) => (Math.imul(i, 0x9e3779b1) >>> 24) ^ (i & 0xff));
    client.setSendBuffer(bytes);
    assert.equal(client.write(data), bytes);
    client.close();
    net.settle();
    assert.equal(app.got, bytes);
    assert.ok(app.ended);
  });

  it('ends with ETIMEDOUT after 15 timeouts without an answer, about 15 minutes', () => {
    const { net, ended } = closing((a, _b, it) => {
      it.link.isUp = false;
      a.write(Uint8Array.of(1));
    });
    net.settle();
    assert.equal(ended.errors['client'], 'ETIMEDOUT');
    const minutes = (net.clock.now - 1.7e15) / 60e6;
    assert.ok(minutes > 13 && minutes < 17, `${minutes} minutes`);
  });
});

describe('tcp: TIME_WAIT', () => {
  const closed = (sysctl = {}) => {
    const net = new Net({ sysctl });
    const server = new Ended();
    net.b.listen({
      port: 80,
      onConnection: (listener) => {
        const c = listener.accept()!;
        c.listener = { ...server.of('server'), onEnd: () => c.close() };
      },
    });
    const connect = () =>
      net.a.connect(
        { family: 4, remote: net.remote('b'), remotePort: 80, localPort: 1234 },
        { onConnect: (c) => c.shutdown() },
      );
    connect();
    net.run(1);
    assert.equal(net.a.timeWaits.count, 1);
    return { net, connect };
  };

  it('refuses the port within the first second, and reuses it later by the timestamps', () => {
    const { net, connect } = closed();
    net.run(2);
    const c = connect();
    net.run(1);
    assert.equal(net.a.timeWaits.count, 1);
    assert.equal(c.error, null);
  });

  it('takes a new SYN from the same ends', () => {
    // B closes first, so B waits, and A may come back at once.
    const net = new Net();
    net.b.listen({ port: 80, onConnection: (listener) => listener.accept()!.close() });
    const connect = () =>
      net.a.connect(
        { family: 4, remote: net.remote('b'), remotePort: 80, localPort: 1234 },
        { onEnd: (c) => c.close() },
      );
    connect();
    net.run(1);
    assert.equal(net.b.timeWaits.count, 1);
    const again = connect();
    net.run(1);
    assert.equal(again.error, null);
    assert.equal(net.b.counters.passiveOpens, 2);
  });

  it('keeps no more than tcp_max_tw_buckets', () => {
    const { net } = closed({ 'net.ipv4.tcp_max_tw_buckets': 1 });
    const c = net.a.connect(
      { family: 4, remote: net.remote('b'), remotePort: 80 },
      { onConnect: (it) => it.shutdown() },
    );
    net.run(1);
    assert.equal(c.state, TcpState.TIME_WAIT);
    assert.equal(net.a.timeWaits.count, 1);
  });
});

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import fc from 'fast-check';
import {
  ControlClient,
  ControlServer,
  LIMITS,
  type ControlledInstance,
  type RunIo,
} from '../../src/control/index.ts';

/** Programs of these tests: `say WORD…`, `complain`, `repeat` (its input), `watch` (until cancelled), `flood`, `fail`. */
class Instance implements ControlledInstance {
  readonly kind = 'test';
  readonly nodes = ['a', 'b'];
  readonly programs = ['say', 'complain', 'repeat', 'watch', 'flood', 'fail'];
  cancelled = 0;

  async run(node: string, [name = '', ...args]: readonly string[], io: RunIo): Promise<number> {
    switch (name) {
      case 'say':
        io.out(`${node}: ${args.join(' ')} in ${io.cwd}\n`);
        return 0;
      case 'complain':
        io.err('no\n');
        return 3;
      case 'repeat':
        io.out(await io.readInput());
        return 0;
      case 'watch':
        io.out('watching\n');
        if (!io.cancelled.aborted) await once(io.cancelled, 'abort');
        this.cancelled++;
        return 130;
      case 'flood':
        for (let i = 0; i < 80; i++) io.out('x'.repeat(1 << 20));
        return 0;
      default:
        throw new Error('a defect');
    }
  }
}

type Heard = Readonly<Record<string, unknown>>;

describe('the control socket', () => {
  let folder: string;
  let path: string;
  let instance: Instance;
  let server: ControlServer;
  const sockets: Socket[] = [];

  before(() => (folder = mkdtempSync(join(tmpdir(), 'sluice-control-'))));
  after(() => rmSync(folder, { recursive: true }));
  beforeEach(async () => {
    path = join(folder, 'socket');
    instance = new Instance();
    server = new ControlServer(instance, path);
    await server.start();
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await server.close();
  });

  async function run(
    argv: readonly string[],
    { node = '', input = '', signal = new AbortController().signal } = {},
  ) {
    const client = await ControlClient.connect(path);
    const heard = { out: '', err: '' };
    try {
      const status = await client.run(
        { argv, ...(node === '' ? {} : { node }) },
        {
          out: (text) => (heard.out += text),
          err: (text) => (heard.err += text),
          readInput: () => Promise.resolve(input),
          cwd: '/here',
          cancelled: signal,
          pointAt: () => {},
        },
      );
      return { ...heard, status };
    } finally {
      client.close();
    }
  }

  /** Bytes as they are; everything that comes back until the other side ends, or until `over` has come. */
  async function raw(pieces: readonly (string | Uint8Array)[], over = 'nothing'): Promise<Heard[]> {
    const socket = connect({ path });
    sockets.push(socket);
    let text = '';
    socket.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      if (text.includes(over)) socket.end();
    });
    socket.on('error', () => {});
    for (const piece of pieces) socket.write(piece);
    await once(socket, 'close');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Heard);
  }

  const hello = '{"type":"hello","version":1}\n';

  it('says at hello what there is, and runs a program on the node named or the first', async () => {
    const client = await ControlClient.connect(path);
    assert.deepEqual(client.hello.nodes, ['a', 'b']);
    assert.equal(client.hello.kind, 'test');
    client.close();
    assert.deepEqual(await run(['say', 'some', 'words']), {
      out: 'a: some words in /here\n',
      err: '',
      status: 0,
    });
    assert.equal((await run(['say'], { node: 'b' })).out, 'b:  in /here\n');
    assert.deepEqual(await run(['complain']), { out: '', err: 'no\n', status: 3 });
  });

  it('hands standard input on when a program asks, whatever its size and letters', async () => {
    const input = `${'é😀'.repeat(100_000)}\n`;
    assert.equal((await run(['repeat'], { input })).out, input);
    assert.equal((await run(['repeat'], { input: '' })).out, '');
  });

  it('streams until cancelled, and cancels what runs for a peer that goes', async () => {
    const aborter = new AbortController();
    const running = run(['watch'], { signal: aborter.signal });
    setImmediate(() => aborter.abort());
    assert.equal((await running).status, 130);
    const socket = connect({ path });
    socket.write(`${hello}{"type":"run","id":1,"argv":["watch"]}\n`);
    while (!String(await once(socket, 'data')).includes('watching'));
    socket.destroy();
    while (instance.cancelled < 2) await new Promise((turn) => setImmediate(turn));
    assert.equal(instance.cancelled, 2);
  });

  it('runs several programs of one peer at once', async () => {
    const run = (id: number, word: string) =>
      `{"type":"run","id":${id},"argv":["say","${word}"],"cwd":"/"}\n`;
    const heard = await raw([hello + run(1, 'one') + run(2, 'two')], '"exit","id":2');
    assert.deepEqual(
      heard.filter(({ type }) => type === 'out').map(({ text }) => text),
      ['a: one in /\n', 'a: two in /\n'],
    );
    assert.equal(heard.filter(({ type }) => type === 'exit').length, 2);
  });

  it('is for its owner only', () => {
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('leaves a socket alone that somebody listens at, and a file that is none; takes over one that was left', async () => {
    await assert.rejects(new ControlServer(instance, path).start(), /somebody listens there already/);
    const file = join(folder, 'file');
    writeFileSync(file, 'precious');
    chmodSync(file, 0o600);
    await assert.rejects(new ControlServer(instance, file).start(), /is no socket/);
    const left = join(folder, 'left');
    const other = createServer();
    await new Promise<void>((done) => other.listen({ path: `${left}.was` }, done));
    const { linkSync } = await import('node:fs');
    linkSync(`${left}.was`, left);
    await new Promise((done) => other.close(done));
    const successor = new ControlServer(instance, left);
    await successor.start();
    const client = await ControlClient.connect(left);
    assert.equal(client.hello.kind, 'test');
    client.close();
    await successor.close();
  });

  it('tells who connects to nothing, or to something else, what is wrong', async () => {
    await assert.rejects(ControlClient.connect(join(folder, 'nowhere')), /no running instance/);
    const other = createServer((socket) => socket.resume().end('220 mail.example.org ESMTP\r\n'));
    await new Promise<void>((done) => other.listen({ path: join(folder, 'other') }, done));
    await assert.rejects(ControlClient.connect(join(folder, 'other')), /no control socket of Sluice/);
    await new Promise((done) => other.close(done));
  });

  const run1 = '{"type":"run","id":1,"argv":["say"]}\n';
  const garbage: readonly (readonly [
    what: string,
    pieces: readonly (string | Uint8Array)[],
    answer: RegExp,
  ])[] = [
    ['text that is no JSON', ['GET / HTTP/1.1\r\n'], /not JSON/],
    ['JSON that is no object', ['[1]\n'], /not a JSON object/],
    ['nothing but an end of line', ['\n'], /not JSON/],
    ['bytes that are not UTF-8', [Uint8Array.of(0x7b, 0xff, 0xfe, 0x0a)], /not UTF-8/],
    ['another version', ['{"type":"hello","version":2}\n'], /version 2 is not spoken here/],
    ['a version that is no number', ['{"type":"hello","version":"1"}\n'], /version: must be a whole number/],
    ['a command before hello', [run1], /must be hello/],
    ['a message of no known type', [`${hello}{"type":"reboot"}\n`], /no such type of message: "reboot"/],
    ['argv that is no list', [`${hello}{"type":"run","id":1,"argv":"ls"}\n`], /argv: must be a list/],
    ['an empty argv', [`${hello}{"type":"run","id":1,"argv":[]}\n`], /argv: must be a list/],
    ['a NUL in a word', [`${hello}{"type":"run","id":1,"argv":["say","a\\u0000b"]}\n`], /NUL in a word/],
    ['an id that is no number', [`${hello}{"type":"run","id":{},"argv":["say"]}\n`], /id: must be/],
    [
      'input that nobody asked for',
      [`${hello}{"type":"run","id":1,"argv":["watch"]}\n{"type":"input","id":1,"text":"x"}\n`],
      /nobody asked for/,
    ],
  ];
  for (const [what, pieces, answer] of garbage) {
    it(`refuses ${what}, and goes on for others`, async () => {
      const last = (await raw(pieces)).filter(({ type }) => type === 'error').at(-1);
      assert.match(String(last?.['message']), answer);
      assert.equal((await run(['complain'])).status, 3);
    });
  }

  it('refuses an unknown node, an id that is in use and too many programs, and keeps the connection', async () => {
    const run = (id: number, program: string, node = 'a') =>
      `{"type":"run","id":${id},"argv":["${program}"],"node":"${node}"}\n`;
    const watches = Array.from({ length: LIMITS.programs }, (_, i) => run(i, 'watch')).join('');
    const socket = connect({ path });
    sockets.push(socket);
    let text = '';
    socket.setEncoding('utf8').on('data', (more: string) => (text += more));
    socket.write(`${hello}${run(99, 'say', '__proto__')}${watches}${run(5, 'say')}${run(100, 'say')}`);
    while (!text.includes('"id":100')) await once(socket, 'data');
    assert.match(text, /"id":99,"message":"no node \\"__proto__\\"; there are a, b"/);
    assert.match(text, /"id":5,"message":"a program with the id 5 is running"/);
    assert.match(text, /"id":100,"message":"more than 32 programs at once"/);
    socket.write('{"type":"cancel","id":0}\n');
    while (!text.includes('"exit","id":0')) await once(socket, 'data');
  });

  it('cuts off a line without end, and a peer that does not read', async () => {
    const long = await raw([hello, 'x'.repeat(LIMITS.lineBytes + 1)]);
    assert.match(String(long.at(-1)!['message']), /a line has more than/);
    const socket = connect({ path });
    sockets.push(socket);
    socket.on('error', () => {});
    socket.pause();
    socket.write(`${hello}{"type":"run","id":1,"argv":["flood"]}\n`);
    await new Promise<void>((cut) => {
      const look = () => (server.connections === 0 ? cut() : setTimeout(look, 10));
      setTimeout(look, 10);
    });
    assert.equal((await run(['complain'])).status, 3);
  });

  it('takes more connections only up to its limit', async () => {
    const many = Array.from({ length: LIMITS.connections }, () => connect({ path }));
    sockets.push(...many);
    await Promise.all(many.map((socket) => once(socket, 'connect')));
    const heard = await raw([]);
    assert.match(String(heard[0]?.['message']), /more than 64 connections/);
  });

  it('says so when a program has a defect, and lives on', async () => {
    const { err, status } = await run(['fail']);
    assert.deepEqual([err, status], ['internal error: a defect\n', 70]);
    assert.equal((await run(['say'])).status, 0);
  });

  it('survives whatever a peer says, in whatever pieces', async () => {
    const message = fc.oneof(
      fc.constantFrom(
        hello,
        run1,
        '{"type":"cancel","id":1}\n',
        '{"type":"input","id":1,"text":"","end":true}\n',
      ),
      fc.json().map((text) => `${text}\n`),
      fc
        .dictionary(fc.constantFrom('type', 'id', 'argv', 'node', '__proto__'), fc.jsonValue())
        .map((value) => `${JSON.stringify(value)}\n`),
      fc.uint8Array({ maxLength: 50 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 8 }), async (pieces) => {
        for (const one of await raw([...pieces, 'no JSON\n'])) assert.equal(typeof one['type'], 'string');
      }),
      { numRuns: 60 },
    );
    assert.equal((await run(['say'])).status, 0);
  });
});

/** Guest networks as browsers have them, with a guest of our own stack: servers, names, and what is typed at the gateway. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createNetwork, echo, GatewayConsole, http, type BrowserNetwork } from '../../src/browser.ts';
import { describeFrame } from '../../src/wire/index.ts';
import { parseResponse, query, Type } from '../../src/wire/dns.ts';
import { ask, exchange, stackGuest, StackNic, type StackGuest } from '../vmm/stack-guest.ts';

const WEB = '203.0.113.80';
const MOST_BYTES = 2_500_000;

describe('a network in a browser', () => {
  let network: BrowserNetwork;
  let gateway: GatewayConsole;
  let guest: StackGuest;

  beforeEach(async () => {
    const nic = new StackNic();
    network = await createNetwork({
      guests: { linux: nic },
      addresses: ['192.168.122.1/24'],
      seed: 1,
      rules: '*nat\n-A POSTROUTING -o wan -j MASQUERADE\nCOMMIT\n',
      servers: {
        'web.example': {
          addresses: [WEB],
          ports: {
            80: http(async (request) => {
              if (request.url.endsWith('/broken')) throw new Error('on purpose');
              return new Response(`${request.method} ${request.url} ${await request.text()}`);
            }),
            7: echo,
          },
        },
      },
      web: ({ url }) => new Response(`the world's ${url}`),
    });
    gateway = new GatewayConsole(network);
    guest = stackGuest(network, nic, ['192.168.122.5/24'], ['192.168.122.1']);
  });
  afterEach(() => network.close());

  const asked = async (text: string, address = WEB) =>
    (await exchange(network, guest, address, 80, Buffer.from(text))).received.toString();
  const lookedUp = async (name: string) => {
    const answer = await ask(network, guest, '192.168.122.1', 53, query(7, name, Type.A));
    return parseResponse(answer as Buffer)!.answers.map(({ data }) => (data as Uint8Array).join('.'));
  };

  it('serves its pages to guests', async () => {
    const answer = await asked('GET /page HTTP/1.1\r\nHost: web.example\r\n\r\n');
    assert.match(
      answer,
      /^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)*connection: close\r\n\r\nGET http:\/\/web\.example\/page $/,
    );
  });

  it('takes bodies by length and in chunks', async () => {
    const head = 'POST / HTTP/1.1\r\nHost: a\r\n';
    assert.match(await asked(`${head}Content-Length: 5\r\n\r\nhello`), /POST http:\/\/a\/ hello$/);
    const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n`;
    assert.match(await asked(chunked), /POST http:\/\/a\/ hello$/);
  });

  it('refuses what is no request, and outlives handlers that fail', async () => {
    const status = async (text: string) => Number((await asked(text)).split(' ')[1]);
    assert.equal(await status('nonsense\r\n\r\n'), 400);
    assert.equal(await status('GET / HTTP/1.1\r\nHost : a\r\n\r\n'), 400);
    assert.equal(
      await status('POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'),
      400,
    );
    assert.equal(await status(`POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n`), 413);
    assert.equal(await status(`GET /${'x'.repeat(20_000)} HTTP/1.1\r\n\r\n`), 431);
    assert.equal(await status('GET /broken HTTP/1.1\r\nHost: a\r\n\r\n'), 500);
    assert.equal(await status('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), 200);
  });

  it('carries large amounts both ways', async () => {
    const bytes = Buffer.alloc(MOST_BYTES, 'sluice ');
    const { received } = await exchange(network, guest, WEB, 7, bytes);
    assert.ok(received.equals(bytes));
  });

  it('knows its servers by name, and leads all other names to whoever answers for the world', async () => {
    assert.deepEqual(await lookedUp('web.example'), [WEB]);
    const [other] = await lookedUp('somewhere.else.example');
    const answer = await asked('GET /x HTTP/1.1\r\nHost: somewhere.else.example\r\n\r\n', other);
    assert.match(answer, /the world's http:\/\/somewhere\.else\.example\/x$/);
  });

  it('says that there is no way to where nobody is', async () => {
    const told = new Promise<string>((done) => {
      network.watch((_port, bytes, start, end) => {
        const text = describeFrame(bytes.slice(start, end));
        if (text.includes('ICMP')) done(text);
      });
    });
    void exchange(network, guest, '192.0.2.99', 80, Buffer.alloc(0));
    assert.match(await told, /net 192\.0\.2\.99 unreachable/);
  });

  it('obeys what is typed at the gateway, at once', async () => {
    const rule = 'FORWARD -p tcp --dport 80 -j REJECT';
    const fetched = () => exchange(network, guest, WEB, 80, Buffer.from('GET / HTTP/1.0\r\n\r\n'));
    assert.equal((await fetched()).error, null);
    assert.deepEqual(await gateway.run(`iptables -A ${rule}`), { status: 0, text: '', mistake: null });
    assert.equal((await fetched()).error, 'ECONNREFUSED');
    assert.match((await gateway.run('iptables -nvL FORWARD')).text, /\n +1 +\d+ REJECT .*dpt:80/);
    await gateway.run(`iptables -D ${rule}`);
    assert.equal((await fetched()).error, null);
    assert.match((await gateway.run('conntrack -L')).text, /dport=80/);
  });

  it('points at the word that it does not understand', async () => {
    for (const [line, word] of [
      ['iptables -A FORWARD -p tcp --dport http:x -j DROP', 'http:x'],
      ['iptables -A FORWARD -j REJCT', 'REJCT'],
      ['iptables -A FORWARD -s 10.0.0.300 -j DROP', '10.0.0.300'],
    ] as const) {
      const { status, text, mistake } = await gateway.run(line);
      assert.notEqual(status, 0);
      assert.ok(text.length > 0);
      assert.equal(mistake && line.slice(mistake.start, mistake.end), word);
    }
    assert.match((await gateway.run('nonsense')).text, /command not found/);
  });

  it('is a bundle without anything of Node in it', () => {
    const text = readFileSync(new URL('../../dist/browser.js', import.meta.url), 'utf8');
    assert.doesNotMatch(text, /(?:from|import|require)\s*\(?\s*['"](?:node:|fs|net|crypto|dgram)/);
  });
});

describe('the page of the browser example', () => {
  it('S-8: makes no markup out of text, wherever that comes from', () => {
    const folder = 'examples/browser/page';
    const sources = readdirSync(folder).filter((name) => name.endsWith('.ts'));
    assert.ok(sources.includes('log-view.ts'));
    for (const name of sources) {
      const text = readFileSync(`${folder}/${name}`, 'utf8');
      assert.doesNotMatch(
        text,
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc/,
        name,
      );
    }
  });
});

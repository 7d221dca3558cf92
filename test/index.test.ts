/** The library's public face: what `import … from 'sluice'` gives, that the built package gives the same, the example. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as library from '../src/index.ts';
import { ethernet, udp } from '../src/conform/frames.ts';
import { pcap, ROOT } from './replay/support.ts';
import { requireOrSkip } from './support/require.ts';

const isBuilt = existsSync(join(ROOT, 'dist/index.js'));

describe('the library', () => {
  it('replays, as the example in its head comment', () => {
    const verdicts: string[] = [];
    const summary = library.runReplay(
      {
        rules: library.readTextFile(join(ROOT, 'examples/nat-gateway/firewall.rules')),
        inputs: [{ iface: null, path: pcap('http.pcap') }],
      },
      { packet: ({ verdict }) => verdicts.push(verdict) },
    );
    assert.equal(verdicts.length, summary.frames);
    assert.match(summary.tables.v4, /-A POSTROUTING .* -j MASQUERADE/);
  });

  it('has what it takes to put a gateway together: rules in, a frame in, a frame out', () => {
    const sent: Uint8Array[] = [];
    const config = library.parseHostConfig({
      interfaces: {
        lan: { mac: '02:00:00:00:00:01', addresses: ['10.0.0.1/24'] },
        wan: { addresses: ['198.51.100.1/24'] },
      },
      neighbours: 'assume',
      routes: [{ to: 'default', via: '198.51.100.254' }],
    });
    const gateway = new library.Gateway(config, {
      clock: new library.VirtualClock(1.7e15),
      rng: new library.SeededRng(1),
      log: { wanted: false, line: () => {} },
      sink: { frame: (_device, bytes, start, end) => sent.push(bytes.slice(start, end)) },
    });
    const rules = '*nat\n-A POSTROUTING -o wan -j MASQUERADE\nCOMMIT\n';
    gateway.load(library.parseRestore(rules, { family: 4, file: 'rules' }));
    const packet = udp({ from: '10.0.0.2', to: '203.0.113.9' }, 4000, 53, [1, 2, 3]);
    const pkt = new library.PacketBuffer(ethernet('02:00:00:00:00:01', '02:00:00:00:00:09', packet));
    gateway.host.receive(gateway.host.devices.named('lan')!, pkt);
    gateway.netfilter.release(pkt);
    assert.equal(sent.length, 1);
    assert.match(
      library.describeFrame(sent[0]!, 0, sent[0]!.length),
      /198\.51\.100\.1\.4000 > 203\.0\.113\.9\.53/,
    );
    assert.match(
      library.printSave(gateway.netfilter.ruleset(4)!, { counters: true }),
      /\[1:31\] -A POSTROUTING/,
    );
  });

  it("the built package exports the same names under 'sluice'", async function () {
    requireOrSkip(this, 'needs dist/ (npm run build)', isBuilt);
    const self: string = 'sluice';
    const built = (await import(self)) as object;
    assert.deepEqual(Object.keys(built).sort(), Object.keys(library).sort());
  });

  it('every path that the package exports can be imported from it, and the one for browsers imports nothing of Node', async function () {
    requireOrSkip(this, 'needs dist/ (npm run build)', isBuilt);
    const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      exports: Record<string, { types: string; default: string }>;
    };
    for (const [path, files] of Object.entries(exports)) {
      // The one for mocha asks for mocha's own globals when it is imported, and has them here.
      assert.ok(Object.keys((await import(`sluice${path.slice(1)}`)) as object).length > 0, path);
      assert.ok(existsSync(join(ROOT, files.types)), files.types);
    }
    const browser = readFileSync(join(ROOT, exports['./browser']!.default), 'utf8');
    const imported = [...browser.matchAll(/^import .*?['"](.*?)['"];$/gm)].map((match) => match[1]);
    assert.deepEqual(imported.sort(), ['ipaddr.js', 'moo', 'nearley']);
  });

  const EXAMPLES: readonly (readonly [file: string, ...says: RegExp[]])[] = [
    [
      'replay.js',
      /^42 frames, 0 dropped$/m,
      /10\.254\.0\.2 > 10\.253\.0\.2 => 198\.51\.100\.1 > 10\.253\.0\.2/,
    ],
    [
      'network.js',
      /^qemu-system-x86_64 … -netdev stream,id=web,server=off,.*mac=02:00:00:00:00:11$/m,
      /^forward tcp\/127\.0\.0\.1:PORT=web:80$/m,
      /^\[0:0\] -A FORWARD -i lan -p tcp -m tcp --dport 25 -j DROP\nweb is not there yet$/m,
    ],
    ['own-vmm.js', /^192\.168\.122\.1 is at 02:53:6c:00:00:01$/m],
  ];
  for (const [file, ...says] of EXAMPLES) {
    it(`examples/library/${file} runs as it stands`, function () {
      requireOrSkip(this, 'needs dist/ (npm run build)', isBuilt);
      const text = execFileSync(process.execPath, [`examples/library/${file}`], {
        cwd: ROOT,
        encoding: 'utf8',
      });
      for (const said of says) assert.match(text, said);
    });
  }

  it('is packed with what it needs, and no more', function () {
    requireOrSkip(this, 'needs dist/ (npm run build)', isBuilt);
    const report = execFileSync('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [{ files }] = JSON.parse(report) as [{ files: { path: string }[] }];
    const packed = files.map(({ path }) => path);
    const { bin, exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      bin: Record<string, string>;
      exports: Record<string, Record<string, string>>;
    };
    const named = [...Object.values(bin), ...Object.values(exports).flatMap((one) => Object.values(one))];
    for (const path of named) assert.ok(packed.includes(path.replace(/^\.\//, '')), path);
    for (const path of ['README.md', 'LICENSE', 'examples/library/network.js', 'dist/programs.cjs'])
      assert.ok(packed.includes(path), path);
    const OUTSIDE =
      /^(?:src\/(?!conform\/kernel\/netns-io\.py$)|test\/|bench\/|scripts\/|node_modules\/|dist\/modules\/|\.)|\.tsbuildinfo$/;
    assert.deepEqual(
      packed.filter((path) => OUTSIDE.test(path)),
      [],
    );
  });
});

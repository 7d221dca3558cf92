/** What a lab file may say of machines outside and of the world, and what is wrong with it otherwise. */
import assert from 'node:assert/strict';
import { connect, createServer, type AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SluiceError } from '../../src/base/errors.ts';
import { Lab, parseLab } from '../../src/lab/index.ts';
import { parseAddress } from '../../src/stack/address.ts';
import { LabNetwork } from '../../src/vmm/lab-network.ts';
import { data, ethernet, frame } from '../../src/wire/build.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-outside-'));
after(() => rmSync(folder, { recursive: true }));

const LAB = `topology:
  nodes:
    web: { kind: vm, interfaces: { eth0: ${folder}/web.sock } }
    echo: { interfaces: { eth0: 10.0.0.7/24 }, gateway: 10.0.0.1, services: { 7: echo } }
    router:
      kind: gateway
      interfaces: { eth0: 10.0.0.1/24, eth1: 100.64.0.1/30 }
      gateway: 100.64.0.2
      rules: "*filter\\n-A FORWARD -m conntrack --ctstate NEW\\nCOMMIT\\n"
    sw: { kind: switch, model: learning }
    world: { kind: world, interfaces: { eth0: 100.64.0.2/30 }, forwards: [0=echo:7] }
  links:
    - { endpoints: ['web:eth0', 'sw:p1'] }
    - { endpoints: ['echo:eth0', 'sw:p2'] }
    - { endpoints: ['router:eth0', 'sw:p3'] }
    - { endpoints: ['router:eth1', 'world:eth0'] }
`;

const parse = (text: string) => parseLab({ text, file: 'lab.yaml' });

async function complaint(text: string): Promise<string> {
  let network: LabNetwork | undefined;
  try {
    network = new LabNetwork(parse(text));
    await network.start();
  } catch (error) {
    assert.ok(error instanceof SluiceError, String(error));
    return error.describe();
  } finally {
    await network?.close();
  }
  return assert.fail('not refused');
}

describe('a lab with nodes outside', () => {
  it('leads a port of this machine to a host of the lab, and back', async () => {
    const network = new LabNetwork(parse(LAB));
    try {
      await network.start();
      const { port } = network.forwards!.list()[0]!;
      const heard = await new Promise<string>((done, failed) => {
        const socket = connect(port, '127.0.0.1', () => socket.write('are you there?'));
        socket.once('data', (chunk) => {
          socket.destroy();
          done(String(chunk));
        });
        socket.once('error', failed);
      });
      assert.equal(heard, 'are you there?');
    } finally {
      await network.close();
    }
  });

  it('lets a host of the lab reach this machine, through the router between', async () => {
    const server = createServer((socket) => socket.end('this machine'));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const network = new LabNetwork(parse(LAB));
    try {
      await network.start();
      const { port } = server.address() as AddressInfo;
      const text = await new Promise<string>((done) => {
        let heard = '';
        network.lab.host('echo').tcp.connect(
          { family: 4, remote: parseAddress('100.64.0.2')!.words, remotePort: port },
          {
            onReadable: (connection) => {
              const bytes = connection.peek().slice();
              heard += String.fromCharCode(...bytes);
              connection.consume(bytes.length);
            },
            onEnd: () => done(heard),
          },
        );
      });
      assert.equal(text, 'this machine');
      assert.equal(network.lab.host('router').gateway.conntrack.count, 1);
    } finally {
      await network.close();
      server.close();
    }
  });

  it('has the cable of a machine out until its VMM is there', async () => {
    const network = new LabNetwork(parse(LAB));
    const port = network.lab.switch('sw').portNamed('p1')!;
    try {
      await network.start();
      assert.equal(port.up, false);
      const came = new Promise<void>((done) => {
        const wait = setInterval(() => {
          if (!port.up) return;
          clearInterval(wait);
          done();
        }, 10);
      });
      const vmm = connect(`${folder}/web.sock`);
      await came;
      assert.equal(network.machines[0]!.isUp, true);
      vmm.destroy();
    } finally {
      await network.close();
    }
  });

  it('keeps a machine to the rate that it may send at', async () => {
    const limited = LAB.replace(`${folder}/web.sock`, `{ socket: ${folder}/web.sock, rate: 1mbit }`);
    let isGone: () => void = () => {};
    const gone = new Promise<void>((done) => (isGone = done));
    const network = new LabNetwork(parse(limited), null, { link: (_machine, isUp) => isUp || isGone() });
    const port = network.lab.switch('sw').portNamed('p1')!;
    const one = frame(
      ethernet({ src: '02:00:00:00:00:11', dst: 'ff:ff:ff:ff:ff:ff', type: 0x88b5 }),
      data(new Uint8Array(1400)),
    );
    try {
      await network.start();
      const length = Buffer.alloc(4);
      length.writeUInt32BE(one.length);
      connect(`${folder}/web.sock`).end(
        Buffer.concat(Array.from({ length: 1000 }, () => [length, one]).flat()),
      );
      await gone;
      // A burst of 128 KiB passes at any rate.
      assert.ok(port.rxFrames > 90 && port.rxFrames < 1000, `${port.rxFrames} of 1000`);
    } finally {
      await network.close();
    }
  });

  it('is refused where time is not real', () => {
    assert.throws(() => new Lab(parse(LAB)), /topology\.nodes\.web: is outside, where time is real/);
  });

  for (const [what, from, to, pattern] of [
    [
      'a machine without a card',
      `eth0: ${folder}/web.sock`,
      '',
      /^lab\.yaml:3: .*interfaces: has to have one/,
    ],
    ['a cable to a card that it has not', 'web:eth0', 'web:eth1', /^lab\.yaml:13: .*no interface "eth1"/],
    ['a socket that is none', `${folder}/web.sock`, 'ws:nowhere', /^lab\.yaml:3: .*is not HOST:PORT/],
    [
      'a key that is not known',
      `{ eth0: ${folder}/web.sock }`,
      '{ eth0: { sokcet: x } }',
      /^lab\.yaml:3: .*sokcet/,
    ],
    [
      'an address of the world without length',
      '{ eth0: 100.64.0.2/30 }',
      '{ eth0: 100.64.0.2 }',
      /^lab\.yaml:11: .*prefix length/,
    ],
    [
      'a world with two cables',
      '{ eth0: 100.64.0.2/30 }',
      '{ eth0: 100.64.0.2/30, eth1: 10.0.0.9/24 }',
      /^lab\.yaml:11: .*the world has one/,
    ],
    [
      'a rate that is none',
      `eth0: ${folder}/web.sock`,
      'eth0: { socket: x, rate: fast }',
      /^lab\.yaml:3: .*not a rate/,
    ],
    [
      'a hardware address of many',
      `eth0: ${folder}/web.sock`,
      'eth0: { socket: x, mac: "03:00:00:00:00:01" }',
      /^lab\.yaml:3: .*not a MAC/,
    ],
    ['a forward that is none', '0=echo:7', '0=echo', /^lab\.yaml:11: .*forwards/],
  ] as const) {
    it(`is refused with its line for ${what}`, async () => {
      assert.match(await complaint(LAB.replace(from, to)), pattern);
    });
  }
});

/** Our devices and the running kernel's, over a TAP device in a namespace: it pings our host through them. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { runIp } from '../../../src/programs/ip/index.ts';
import { hasProgram, requireOrSkip } from '../../support/require.ts';
import { KernelSession } from '../tcp/linux/session.ts';

describe('stack/devices: with Linux', function () {
  this.timeout(60_000);
  let session: KernelSession;

  before(async function () {
    const isThere = process.getuid?.() === 0 && existsSync('/dev/net/tun') && hasProgram('ping');
    requireOrSkip(this, 'needs root, ping and /dev/net/tun', isThere);
    session = await KernelSession.open();
  });

  after(async () => {
    await session?.close();
  });

  const ours = (command: string) => {
    const { err, status } = runIp(session.host, command.split(' '));
    assert.equal(status, 0, err);
  };
  const theirs = (command: string) => session.run('ip', ...command.split(' '));
  const pings = async (address: string, size: number) =>
    assert.match(
      await session.run('ping', '-c', '2', '-i', '0.2', '-W', '10', '-s', String(size), address),
      / 0% packet loss/,
    );

  it('VXLAN: both find each other, in frames as large as fit', async () => {
    const options = 'type vxlan id 42 dstport 4789';
    await theirs(`link add vx0 ${options} local 10.77.0.2 remote 10.77.0.1 dev tap0`);
    await theirs('addr add 10.88.0.2/24 dev vx0');
    await theirs('addr add fd88::2/64 dev vx0 nodad');
    await theirs('link set vx0 up');
    ours(`link add vx0 ${options} local 10.77.0.1 remote 10.77.0.2`);
    ours('addr add 10.88.0.1/24 dev vx0');
    ours('addr add fd88::1/64 dev vx0');
    ours('link set vx0 up');
    assert.equal(session.host.devices.named('vx0')!.mtu, 1450);
    await pings('10.88.0.1', 56);
    await pings('10.88.0.1', 1450 - 28);
    await pings('fd88::1', 1450 - 48);
  });

  it('duplicate addresses: each finds the other’s taken', async () => {
    ours('addr add fd77::2/64 dev eth0');
    await theirs('addr add fd77::1/64 dev tap0');
    const until = Date.now() + 20_000;
    const isFound = async () => {
      const mine = runIp(session.host, ['-6', 'addr', 'show', 'dev', 'eth0']).out;
      return (
        mine.includes('fd77::2/64 scope global dadfailed') &&
        (await theirs('-6 addr')).includes('fd77::1/64 scope global dadfailed')
      );
    };
    while (!(await isFound())) {
      assert.ok(Date.now() < until, await theirs('-6 addr'));
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    ours('addr del fd77::2/64 dev eth0');
    await theirs('addr del fd77::1/64 dev tap0');
  });

  it('a bridge of ours: the kernel reaches the host behind it', async () => {
    ours('link add br0 type bridge');
    ours('addr flush dev eth0');
    ours('link set eth0 master br0');
    ours('addr add 10.77.0.1/24 dev br0');
    ours('link set br0 up');
    await pings('10.77.0.1', 56);
    ours('link del br0');
    ours('addr add 10.77.0.1/24 dev eth0');
    await pings('10.77.0.1', 56);
  });
});

import assert from 'node:assert/strict';
import { Prompt } from './support.ts';

describe('brctl, bridge and tunctl', () => {
  it('make a bridge of interfaces, show it and take it apart, as the articles have it', () => {
    const prompt = new Prompt({ interfaces: { eth0: { mac: '02:00:00:00:00:01', addresses: [] } } });
    assert.deepEqual(prompt.run('tunctl -t tap0').out, "Set 'tap0' persistent and owned by uid 0\n");
    assert.equal(prompt.run('brctl addbr br0').status, 0);
    assert.equal(prompt.run('brctl addif br0 eth0 tap0').err, '');
    assert.match(
      prompt.run('brctl show').out,
      /^bridge name\tbridge id\t\tSTP enabled\tinterfaces\nbr0\t\t8000\.[0-9a-f]{12}\tno\t\teth0\n\t{7}tap0\n$/,
    );
    assert.match(prompt.run('ip link show eth0').out, /master br0/);
    assert.match(prompt.run('brctl showmacs br0').out, /^port no\tmac addr\t\tis local\?\tageing timer\n/);
    assert.equal(prompt.run('bridge fdb show br br0').status, 0);
    assert.equal(prompt.run('brctl delif br0 eth0').status, 0);
    assert.equal(prompt.run('brctl delbr br0').status, 0);
    assert.deepEqual(prompt.run('tunctl -d tap0').out, "Set 'tap0' nonpersistent\n");
  });

  /** What bridge-utils 1.7.1 and uml-utilities 20070815.4 answered on Debian 12; lines of standard error begin with `!`. */
  const SESSION = `
tunctl -t tap0 = Set 'tap0' persistent and owned by uid 0
tunctl -t tap0 = Set 'tap0' persistent and owned by uid 0
tunctl = Set 'tap1' persistent and owned by uid 0
tunctl -b = tap2
tunctl -u 5 -g 6 -t tapx = Set 'tapx' persistent and owned by uid 5 gid 6
tunctl -g 5 -t tapg = Set 'tapg' persistent and owned by gid 5
tunctl -t toolongnameforatapdevice = !TUNSETIFF: Invalid argument
tunctl -t eth0 = !TUNSETIFF: Invalid argument
tunctl -d eth0 = !TUNSETIFF: Invalid argument
tunctl -d nope = Set 'nope' nonpersistent
brctl show =
brctl --version = bridge-utils, 1.7
brctl addbr br0 =
brctl addbr br1 =
brctl addbr br0 = !device br0 already exists; can't create bridge with the same name
brctl addbr = !Incorrect number of arguments for command|!Usage: brctl addbr <bridge>\t\tadd bridge
brctl addif br0 = !Incorrect number of arguments for command|!Usage: brctl addif <bridge> <device>\tadd interface to bridge
brctl show br0 = bridge name\tbridge id\t\tSTP enabled\tinterfaces|br0\t\t8000.000000000000\tno\t\t
brctl addif br0 tap0 tap1 =
brctl addif br0 tap0 = !device tap0 is already a member of a bridge; can't add it to bridge br0.
brctl addif br1 tap0 = !device tap0 is already a member of a bridge; can't add it to bridge br1.
brctl addif br0 br0 = !device br0 is a bridge device itself; can't add a bridge device to a bridge device.
brctl addif br0 lo = !can't add lo to bridge br0: Invalid argument
brctl addif br0 nope = !interface nope does not exist!
brctl addif br9 eth0 = !bridge br9 does not exist!
brctl show br9 = !bridge br9 does not exist!
brctl delif br1 tap0 = !device tap0 is not a port of br1
brctl delif br0 eth9 = !interface eth9 does not exist!
brctl delif br0 tap0 tap1 =
brctl showmacs br0 = port no\tmac addr\t\tis local?\tageing timer
brctl showmacs br9 = !read of forward table failed: No such device
brctl showmacs tap0 = !read of forward table failed: Operation not supported
brctl delbr tap0 = !can't delete bridge tap0: Operation not permitted
ip link set br0 up =
brctl delbr br0 = !bridge br0 is still up; can't delete it
ip link set br0 down =
brctl delbr br0 =
brctl delbr br0 = !bridge br0 doesn't exist; can't delete it
`;

  it('say what the real ones say', () => {
    const prompt = new Prompt({ interfaces: { eth0: { addresses: [] } } });
    const lines = (text: string, mark: string) =>
      text === ''
        ? []
        : text
            .replace(/\n$/, '')
            .split('\n')
            .map((line) => mark + line);
    for (const line of SESSION.trim().split('\n')) {
      const [, command = '', said = ''] = /^(.*?) =(?: (.*))?$/.exec(line) ?? [];
      const { out, err, status } = prompt.run(command);
      const answer = [...lines(err, '!'), ...lines(out, '')].join('|');
      assert.equal(answer, said, command);
      assert.equal(status, said.startsWith('!') ? 1 : 0, command);
    }
  });

  it('refuse what is not there and what they do not know', () => {
    const prompt = new Prompt();
    assert.match(
      prompt.run('brctl stp br0 on').err,
      /^never heard of command \[stp\]\nUsage: brctl \[commands\]\n/,
    );
    assert.match(
      prompt.run('tunctl -u nosuch').err,
      /^'nosuch' is neither a username nor a numeric uid\.\nCreate: tunctl /,
    );
    assert.match(prompt.run('tunctl extra').err, /^Create: tunctl /);
    assert.equal(prompt.run('bridge vlan show').status, 1);
    assert.equal(prompt.run('brctl __proto__ constructor').status, 1);
  });
});

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
    assert.equal(
      prompt.run('brctl addif br0 eth0').err,
      "device eth0 is already a member of a bridge; can't enslave it to bridge br0.\n",
    );
    assert.equal(prompt.run('brctl delif br0 eth0').status, 0);
    assert.equal(prompt.run('brctl delif br0 eth0').err, 'device eth0 is not a slave of br0\n');
    assert.equal(prompt.run('brctl delbr br0').status, 0);
    assert.equal(prompt.run('brctl delbr br0').err, 'bridge br0 does not exist!\n');
    assert.equal(prompt.run('tunctl -d tap0').out, "Set 'tap0' nonpersistent\n");
  });

  it('refuse what is not there and what they do not know', () => {
    const prompt = new Prompt();
    assert.equal(prompt.run('brctl addif br9 eth0').err, 'bridge br9 does not exist!\n');
    assert.equal(
      prompt.run('brctl addbr eth0').err,
      "device eth0 already exists; can't create bridge with the same name\n",
    );
    assert.match(prompt.run('brctl stp br0 on').err, /^Usage: brctl show/);
    assert.equal(prompt.run('bridge vlan show').status, 1);
    assert.equal(prompt.run('brctl __proto__ constructor').status, 1);
  });
});

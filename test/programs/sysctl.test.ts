import assert from 'node:assert/strict';
import { Prompt } from './support.ts';

describe('sysctl and sleep', () => {
  it('sysctl shows and sets knobs, by dots or slashes, and complains as procps does', () => {
    const prompt = new Prompt();
    assert.equal(prompt.run('sysctl net.ipv4.ip_forward').out, 'net.ipv4.ip_forward = 1\n');
    assert.equal(prompt.run('sysctl -w net.ipv4.ip_forward=0').out, 'net.ipv4.ip_forward = 0\n');
    assert.equal(prompt.run('sysctl -n net/ipv4/ip_forward').out, '0\n');
    assert.equal(prompt.gateway.sysctls.get('net.ipv4.ip_forward'), 0);
    const unknown = prompt.run('sysctl net.ipv4.nonsense');
    assert.deepEqual(
      [unknown.status, unknown.err],
      [255, 'sysctl: cannot stat /proc/sys/net/ipv4/nonsense: No such file or directory\n'],
    );
    assert.equal(
      prompt.run('sysctl net.ipv4.ip_forward=many').err,
      'sysctl: setting key "net.ipv4.ip_forward": Invalid argument\n',
    );
    assert.match(prompt.run('sysctl -a').out, /^net\.netfilter\.nf_conntrack_max = \d+$/m);
    assert.equal(prompt.run('sysctl __proto__').status, 255);
  });

  it('sleep lets its time pass, and no more', () => {
    const prompt = new Prompt();
    const sleeping = prompt.start('sleep 1.5 1s');
    prompt.clock.advanceTo(prompt.clock.now + 2_499_999);
    assert.equal(sleeping.status, -1);
    prompt.clock.advanceTo(prompt.clock.now + 1);
    assert.equal(sleeping.status, 0);
    assert.equal(prompt.run('sleep forever').err, "sleep: invalid time interval 'forever'\n");
  });
});

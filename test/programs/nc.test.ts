import assert from 'node:assert/strict';
import { liveNode, type Lab } from '../../src/lab/index.ts';
import { LiveInstance } from '../../src/shell/live/instance.ts';
import { Desk as LabDesk } from '../shell/prompt/support.ts';

/** The hosts of a lab with the programs alone, as guest networks and replays have them. */
class Desk extends LabDesk {
  protected override targetOf(lab: Lab): LiveInstance {
    const nodes = ['fw', 'a'].map((name) => liveNode(lab, name));
    return new LiveInstance({ kind: 'lab', clock: lab.clock, nodes });
  }
}

describe('nc and telnet', () => {
  it('print what a service says, from a host with or without services of its own', async () => {
    const desk = new Desk();
    assert.deepEqual(await desk.enter('a nc 10.1.0.2 80'), { out: 'hello\n', err: '', status: 0 });
    assert.deepEqual(await desk.enter('fw telnet 10.1.0.2 80'), {
      out: "Trying 10.1.0.2...\nConnected to 10.1.0.2.\nEscape character is '^]'.\nhello\nConnection closed by foreign host.\n",
      err: '',
      status: 0,
    });
    desk.session.close();
  });

  it('say that nobody listens, that nobody answers, and what words they do not know', async () => {
    const desk = new Desk();
    assert.deepEqual(await desk.enter('a nc 10.1.0.2 81'), {
      out: '',
      err: 'nc: connect to 10.1.0.2 port 81 (tcp) failed: Connection refused\n',
      status: 1,
    });
    await desk.enter('iptables -A FORWARD -p tcp --dport 80 -j DROP');
    assert.equal((await desk.enter('a nc -w 2 10.1.0.2 80')).status, 1);
    assert.equal((await desk.enter('a nc -z -v 10.1.0.2 81')).status, 1);
    assert.match(
      (await desk.enter('a nc www.example.org 80')).err,
      /www\.example\.org: no name server answered/,
    );
    assert.match((await desk.enter('a nc 10.1.0 80')).err, /is no address/);
    assert.match((await desk.enter('a nc -6 10.1.0.2 80')).err, /is no address/);
    assert.match((await desk.enter('a nc 10.1.0.2 99999')).err, /port number invalid: 99999/);
    assert.match((await desk.enter('a nc -x 10.1.0.2 80')).err, /invalid option -- 'x'/);
    desk.session.close();
  });
});

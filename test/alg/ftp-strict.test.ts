/** FTP's state machine: what opens a pinhole, what closes it, and what never does. */
import assert from 'node:assert/strict';
import type { Flow } from '../../src/alg/index.ts';
import { Talk, World, type WorldOptions } from './support.ts';

const HELPER = '-p tcp -m tcp --dport 21 -j CT --helper ftp';
const ACTIVE = 'tcp 198.51.100.7:* → 10.0.0.2:1025';
const PASSIVE = 'tcp 10.0.0.2:* → 198.51.100.7:2049';

function session(options: WorldOptions = {}): { world: World; talk: Talk; row: () => Flow } {
  const world = new World({ helper: HELPER, ...options });
  const talk = new Talk(world).answers('220 ready\r\n').says('USER a\r\n').answers('230 in\r\n');
  return { world, talk, row: () => [...world.flows.all][0]! };
}

describe('FTP, strict: the states of the article', () => {
  it('PORT: OPENING, OPENED by 200, the pinhole with the transfer command, gone with 226', () => {
    const { world, talk, row } = session();
    talk.says('PORT 10,0,0,2,4,1\r\n');
    assert.deepEqual(
      [row().state, row().command, row().address, row().port],
      ['OPENING', 'PORT', '10.0.0.2', 1025],
    );
    assert.deepEqual(world.expectations, []);
    talk.answers('200 right\r\n');
    assert.deepEqual([row().state, row().code, world.expectations], ['OPENED', 200, []]);
    talk.says('RETR a\r\n');
    assert.deepEqual([row().state, world.expectations], ['CMD_SENT', [ACTIVE]]);
    talk.answers('150 comes\r\n');
    assert.deepEqual([row().state, row().code, world.expectations], ['EXEC_STARTED', 150, [ACTIVE]]);
    talk.answers('226 done\r\n');
    assert.deepEqual([row().state, row().code, world.expectations], ['EXEC_COMP', 226, []]);
  });

  it('PASV: the pinhole with the 227 that names the port', () => {
    const { world, talk, row } = session();
    talk.says('PASV\r\n');
    assert.deepEqual([row().state, world.expectations], ['OPENING', []]);
    talk.answers('227 Entering Passive Mode (198,51,100,7,8,1)\r\n');
    assert.deepEqual([row().state, row().address, row().port], ['OPENED', '198.51.100.7', 2049]);
    assert.deepEqual(world.expectations, [PASSIVE]);
    talk.says('STOR a\r\n').answers('150 go\r\n').answers('250 done\r\n');
    assert.deepEqual([row().state, world.expectations], ['EXEC_COMP', []]);
  });

  for (const [form, command, grant, expected] of [
    ['EPRT', 'EPRT |1|10.0.0.2|1025|\r\n', '200 right\r\n', ACTIVE],
    ['EPSV', 'EPSV\r\n', '229 Extended (|||2049|)\r\n', PASSIVE],
    ['EPSV 1', 'EPSV 1\r\n', '229 Extended (|||2049|)\r\n', PASSIVE],
  ] as const) {
    it(`${form} over IPv4 opens the same pinhole`, () => {
      const { world, talk } = session();
      talk.says(command).answers(grant).says('LIST\r\n');
      assert.deepEqual(world.expectations, [expected]);
    });
  }

  for (const [form, command, grant, expected] of [
    ['EPRT', 'EPRT |2|fd00:a::2|1025|\r\n', '200 right\r\n', 'tcp 2001:db8:9::7:* → fd00:a::2:1025'],
    ['EPSV', 'EPSV\r\n', '229 Extended (|||2049|)\r\n', 'tcp fd00:a::2:* → 2001:db8:9::7:2049'],
  ] as const) {
    it(`${form} over IPv6`, () => {
      const { world, talk } = session({ family: 6 });
      talk.says(command).answers(grant).says('LIST\r\n');
      assert.deepEqual(world.expectations, [expected]);
    });
  }

  for (const [when, say] of [
    ['to PORT', (talk: Talk) => talk.says('PORT 10,0,0,2,4,1\r\n').answers('501 no\r\n')],
    [
      'to the transfer command',
      (talk: Talk) =>
        talk.says('PORT 10,0,0,2,4,1\r\n').answers('200 a\r\n').says('RETR a\r\n').answers('550 no\r\n'),
    ],
    [
      'after the preliminary one',
      (talk: Talk) =>
        talk
          .says('PASV\r\n')
          .answers('227 (198,51,100,7,8,1)\r\n')
          .says('RETR a\r\n')
          .answers('150 comes\r\n')
          .answers('425 no connection\r\n'),
    ],
    ['to PASV', (talk: Talk) => talk.says('PASV\r\n').answers('502 no\r\n')],
  ] as const) {
    it(`a negative reply ${when} removes entry and pinhole`, () => {
      const { world, talk, row } = session();
      say(talk);
      assert.deepEqual([row().state, world.expectations], ['', []]);
      talk.says('RETR a\r\n').answers('150 comes\r\n');
      assert.deepEqual(world.expectations, []);
    });
  }

  it('only commands that move data ask for the connection', () => {
    for (const command of ['RETR a', 'STOR a', 'STOU', 'APPE a', 'LIST', 'NLST', 'MLSD']) {
      const { world, talk } = session();
      talk.says('PORT 10,0,0,2,4,1\r\n').answers('200 a\r\n').says(`${command}\r\n`);
      assert.deepEqual(world.expectations, [ACTIVE], command);
    }
    for (const command of ['CWD a', 'PWD', 'DELE a', 'SIZE a', 'TYPE I', 'MLST a', 'REST 5', 'NOOP']) {
      const { world, talk } = session();
      talk.says('PORT 10,0,0,2,4,1\r\n').answers('200 a\r\n').says(`${command}\r\n`).answers('200 a\r\n');
      assert.deepEqual(world.expectations, [], command);
    }
  });

  it('a data connection through the pinhole is RELATED, the next one is not', () => {
    const { world, talk, row } = session();
    talk.says('PORT 10,0,0,2,4,1\r\n').answers('200 a\r\n').says('LIST\r\n');
    const ends = { from: world.outside, to: world.inside };
    assert.equal(world.isRelated('eth1', ends, 20, 1025), true);
    assert.equal(world.isRelated('eth1', ends, 21, 1025), false);
    assert.deepEqual([row().expected, row().used], [1, 1]);
  });

  it('counts the five minutes from the opening', () => {
    const { world, talk } = session();
    talk.says('PORT 10,0,0,2,4,1\r\n').answers('200 a\r\n');
    world.wait(280);
    talk.says('LIST\r\n');
    world.wait(280);
    assert.deepEqual(world.expectations, [ACTIVE]);
    world.wait(21);
    assert.deepEqual(world.expectations, []);
  });
});

describe('FTP, strict: replies and commands as they really come', () => {
  it('replies of many lines count with their last line', () => {
    const { world, talk } = session();
    talk
      .says('PASV\r\n')
      .answers('227-Wait\r\n226 not this\r\n 227 (198,51,100,7,9,9)\r\n227 (198,51,100,7,8,1)\r\n');
    assert.deepEqual(world.expectations, [PASSIVE]);
  });

  it('commands sent ahead get the replies that are theirs', () => {
    const { world, talk, row } = session();
    talk.says('TYPE I\r\nPORT 10,0,0,2,4,1\r\nRETR a\r\nNOOP\r\n');
    assert.deepEqual(world.expectations, []);
    talk.answers('200 binary\r\n');
    assert.deepEqual([row().state, world.expectations], ['OPENING', []]);
    talk.answers('200 port\r\n');
    assert.deepEqual([row().state, world.expectations], ['CMD_SENT', [ACTIVE]]);
    talk.answers('150 comes\r\n226 done\r\n200 noop\r\n');
    assert.deepEqual([row().state, world.expectations], ['EXEC_COMP', []]);
  });

  it('ABOR behind Telnet codes: 426 ends the transfer, 226 answers ABOR', () => {
    const { world, talk, row } = session();
    talk.says('PORT 10,0,0,2,4,1\r\n').answers('200 a\r\n').says('RETR a\r\n').answers('150 comes\r\n');
    talk.says('\xff\xf4\xff\xf2ABOR\r\n').answers('426 aborted\r\n226 aborted\r\n');
    assert.deepEqual([row().state, world.expectations], ['', []]);
    talk.says('PASV\r\n').answers('227 (198,51,100,7,8,1)\r\n');
    assert.deepEqual(world.expectations, [PASSIVE]);
  });

  it('REIN starts over', () => {
    const { world, talk } = session();
    talk.says('EPSV ALL\r\n').answers('200 only\r\n').says('EPSV\r\n').answers('229 (|||2049|)\r\n');
    assert.deepEqual(world.expectations, [PASSIVE]);
    talk.says('REIN\r\n').answers('220 again\r\n');
    assert.deepEqual(world.expectations, []);
    talk.says('PASV\r\n').answers('227 (198,51,100,7,8,1)\r\n');
    assert.deepEqual(world.expectations, [PASSIVE]);
  });

  it('after EPSV ALL no other form opens anything', () => {
    const { world, talk } = session();
    talk.says('EPSV ALL\r\n').answers('200 only\r\n').says('PASV\r\n').answers('227 (198,51,100,7,8,1)\r\n');
    talk.says('PORT 10,0,0,2,4,1\r\n').answers('200 a\r\n').says('LIST\r\n');
    assert.deepEqual(world.expectations, []);
    talk.answers('425 no\r\n').says('EPSV\r\n').answers('229 (|||2049|)\r\n');
    assert.deepEqual(world.expectations, [PASSIVE]);
  });

  it('a new negotiation takes the place of the former', () => {
    const { world, talk } = session();
    talk.says('PASV\r\n').answers('227 (198,51,100,7,8,1)\r\n').says('PASV\r\n');
    assert.deepEqual(world.expectations, []);
    talk.answers('227 (198,51,100,7,8,2)\r\n');
    assert.deepEqual(world.expectations, ['tcp 10.0.0.2:* → 198.51.100.7:2050']);
  });
});

describe('FTP, strict: messages in pieces', () => {
  const PORT = 'PORT 10,0,0,2,4,1\r\n';
  const REPLY = '227 Entering Passive Mode (198,51,100,7,8,1)\r\n';

  for (const nat of [false, true]) {
    const way = nat ? 'translated' : 'untranslated';
    it(`PORT cut at every byte position gives one and the same expectation (${way})`, () => {
      for (let cut = 1; cut < PORT.length; cut++) {
        const { world, talk } = session({ nat });
        talk.says(PORT, [cut]).answers('200 a\r\n').says('LIST\r\n');
        const expected = `tcp 198.51.100.7:* → ${world.shown}:1025`;
        assert.deepEqual(world.expectations, [expected], `cut at ${cut}`);
        const line = nat ? 'PORT 203,0,113,1,4,1\r\n' : PORT;
        assert.equal(talk.server.received, `USER a\r\n${line}LIST\r\n`, `cut at ${cut}`);
        assert.equal(talk.client.acknowledged, talk.client.seq, `cut at ${cut}`);
      }
    });
    it(`227 cut at every byte position gives one and the same expectation (${way})`, () => {
      for (let cut = 1; cut < REPLY.length; cut++) {
        const { world, talk } = session({ nat });
        talk.says('PASV\r\n').answers(REPLY, [cut]).says('LIST\r\n').answers('150 a\r\n');
        assert.deepEqual(world.expectations, [PASSIVE], `cut at ${cut}`);
        assert.equal(talk.client.received, `220 ready\r\n230 in\r\n${REPLY}150 a\r\n`, `cut at ${cut}`);
        assert.equal(talk.server.acknowledged, talk.server.seq, `cut at ${cut}`);
      }
    });
  }

  it('PORT byte by byte, translated, arrives whole, and every byte is acknowledged as it is sent', () => {
    const { world, talk } = session({ nat: true });
    talk
      .says(PORT, [...PORT].map((_, i) => i).slice(1))
      .answers('200 a\r\n')
      .says('LIST\r\n');
    assert.equal(talk.server.received, 'USER a\r\nPORT 203,0,113,1,4,1\r\nLIST\r\n');
    assert.equal(talk.client.acknowledged, talk.client.seq);
    assert.deepEqual(world.expectations, ['tcp 198.51.100.7:* → 203.0.113.1:1025']);
  });

  it('what only looked like PORT goes on unchanged', () => {
    const { talk } = session({ nat: true });
    talk
      .says('POST x\r\n', [2])
      .says('PO\r\n', [1, 2, 3])
      .says(`PORT ${'1'.repeat(300)}\r\n`, [4, 100, 200]);
    assert.equal(talk.server.received, `USER a\r\nPOST x\r\nPO\r\nPORT ${'1'.repeat(300)}\r\n`);
    assert.equal(talk.client.acknowledged, talk.client.seq);
  });
});

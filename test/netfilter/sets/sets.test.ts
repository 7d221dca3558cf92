import assert from 'node:assert/strict';
import fc from 'fast-check';
import { VirtualClock } from '../../../src/base/clock.ts';
import { SeededRng } from '../../../src/base/rng.ts';
import {
  inListingOrder,
  IpSets,
  listSets,
  loadSets,
  RestoreError,
  saveSets,
  SET_TYPES,
  type OutputMode,
} from '../../../src/netfilter/sets/index.ts';

const SECOND = 1_000_000;

class Sets {
  readonly clock = new VirtualClock(1_700_000_000 * SECOND);
  readonly sets = new IpSets(this.clock);

  run(text: string): this {
    loadSets(text, this.sets, new SeededRng(1));
    return this;
  }

  /** What is said against a command, the empty string when nothing is. */
  refusal(text: string): string {
    try {
      this.run(text);
      return '';
    } catch (error) {
      if (error instanceof RestoreError) return error.message;
      throw error;
    }
  }

  /** The elements of a set, as `ipset save -sorted` prints them. */
  elements(name: string): string[] {
    const start = `add ${name} `;
    return saveSets(this.sets).flatMap((line) => (line.startsWith(start) ? line.slice(start.length) : []));
  }

  show(mode: OutputMode): string {
    const options = { mode, sorted: true, names: false, terse: false, references: () => 0 };
    return listSets(inListingOrder(this.sets), this.sets, options);
  }

  wait(seconds: number): void {
    this.clock.advanceTo(this.clock.now + seconds * SECOND);
  }
}

describe('sets', () => {
  describe('of the types that few kernels have', () => {
    it('hold addresses with marks, cut by the mask of the set', () => {
      const sets = new Sets().run(
        'create s hash:ip,mark markmask 0xff\nadd s 10.0.0.1,0x1234\nadd s 10.0.0.2/31,7',
      );
      assert.deepEqual(sets.elements('s'), [
        '10.0.0.1,0x00000034',
        '10.0.0.2,0x00000007',
        '10.0.0.3,0x00000007',
      ]);
      assert.match(
        saveSets(sets.sets)[0]!,
        /^create s hash:ip,mark family inet markmask 0x000000ff hashsize 1024 /,
      );
    });

    it('hold MAC addresses, alone and with addresses, but not the one of zeros', () => {
      const sets = new Sets().run(
        'create m hash:mac\nadd m 02:00:00:00:00:0a\ncreate im hash:ip,mac family inet6\nadd im 1::2,2:0:0:0:0:1',
      );
      assert.deepEqual(sets.elements('m'), ['02:00:00:00:00:0A']);
      assert.deepEqual(sets.elements('im'), ['1::2,02:00:00:00:00:01']);
      const refusal = sets.refusal('add m 00:00:00:00:00:00');
      assert.equal(refusal, 'Null-valued element, cannot be stored in a hash type of set');
    });

    it('hold pairs of networks, the longest of each deciding', () => {
      const sets = new Sets().run(
        'create nn hash:net,net\nadd nn 10.0.0.0/8,192.0.2.0/24\nadd nn 10.1.0.0/16,192.0.2.0/24 nomatch\nadd nn 0.0.0.0/0,198.51.100.0/30',
      );
      assert.equal(sets.refusal('test nn 10.2.0.1,192.0.2.7'), '');
      assert.equal(sets.refusal('test nn 10.1.0.1,192.0.2.7'), '10.1.0.1,192.0.2.7 is NOT in set nn.');
      assert.equal(sets.refusal('test nn 172.16.0.1,198.51.100.2'), '');
      assert.deepEqual(sets.elements('nn'), [
        '0.0.0.0/0,198.51.100.0/30',
        '10.0.0.0/8,192.0.2.0/24',
        '10.1.0.0/16,192.0.2.0/24 nomatch',
      ]);
    });

    it('hold networks with a port between them, and ranges of all three', () => {
      const sets = new Sets().run(
        'create s hash:net,port,net\nadd s 10.0.0.0-10.0.0.2,udp:5-6,192.0.2.0-192.0.2.1',
      );
      assert.deepEqual(sets.elements('s'), [
        '10.0.0.0/31,udp:5,192.0.2.0/31',
        '10.0.0.0/31,udp:6,192.0.2.0/31',
        '10.0.0.2,udp:5,192.0.2.0/31',
        '10.0.0.2,udp:6,192.0.2.0/31',
      ]);
      assert.equal(sets.refusal('test s 10.0.0.1,udp:6,192.0.2.1'), '');
    });
  });

  describe('with timeouts', () => {
    it('forget elements when their time is over, on the clock that they were given', () => {
      const sets = new Sets().run(
        'create s hash:ip timeout 10\nadd s 10.0.0.1\nadd s 10.0.0.2 timeout 0\nadd s 10.0.0.3 timeout 20',
      );
      sets.wait(4.5);
      assert.deepEqual(sets.elements('s'), [
        '10.0.0.1 timeout 5',
        '10.0.0.2 timeout 0',
        '10.0.0.3 timeout 15',
      ]);
      sets.wait(5.4);
      assert.equal(sets.elements('s')[0], '10.0.0.1 timeout 1', 'the last second counts as one');
      sets.wait(0.2);
      assert.deepEqual(sets.elements('s'), ['10.0.0.2 timeout 0', '10.0.0.3 timeout 9']);
    });

    it('take an element again whose time is over, also where the set is full', () => {
      const sets = new Sets().run('create s hash:ip timeout 10 maxelem 2\nadd s 10.0.0.1\nadd s 10.0.0.2');
      assert.equal(sets.refusal('add s 10.0.0.3'), 'Hash is full, cannot add more elements');
      sets.wait(11);
      assert.equal(sets.refusal('add s 10.0.0.3\nadd s 10.0.0.1'), '');
      assert.deepEqual(sets.elements('s'), ['10.0.0.1 timeout 10', '10.0.0.3 timeout 10']);
    });

    it('do the same as bitmaps and lists', () => {
      const sets = new Sets().run(
        'create b bitmap:port range 1-9 timeout 5\nadd b 3\ncreate l list:set timeout 7\nadd l b',
      );
      sets.wait(6);
      assert.deepEqual([sets.elements('b'), sets.elements('l')], [[], ['b timeout 1']]);
      sets.wait(2);
      assert.deepEqual(sets.elements('l'), []);
      assert.equal(sets.refusal('destroy b'), '', 'no list holds it any more');
    });
  });

  it('S-7: never hold more elements than maxelem, however they are added', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(40)), { maxLength: 120 }), (steps) => {
        const sets = new Sets().run('create s hash:ip maxelem 8 hashsize 64 bucketsize 2');
        const expected = new Set<string>();
        for (const [adds, n] of steps) {
          const address = `10.0.0.${n}`;
          if (adds && sets.refusal(`add s ${address}`) === '') expected.add(address);
          if (!adds && sets.refusal(`del s ${address}`) === '') expected.delete(address);
          assert.ok(expected.size <= 8);
        }
        assert.deepEqual(new Set(sets.elements('s')), expected);
      }),
    );
  });

  it('make room with forceadd', () => {
    const sets = new Sets().run('create s hash:ip forceadd maxelem 4 hashsize 64');
    for (let i = 1; i <= 200; i++) sets.refusal(`add s 10.0.0.${i}`);
    assert.equal(sets.elements('s').length, 4);
    assert.ok(sets.elements('s').some((element) => element !== '10.0.0.1'));
  });

  it('come back as they were when what save prints is restored', () => {
    const text = [
      'create a hash:ip timeout 100 counters comment skbinfo',
      'add a 10.0.0.1 timeout 50 packets 3 bytes 9007199254740991 comment "a b" skbmark 0x1/0xf skbprio 1:a skbqueue 2',
      'create n hash:net,iface',
      'add n 10.0.0.0/8,physdev:eth0 nomatch',
      'add n 10.0.0.0/8,ppp wildcard',
      'create m bitmap:ip,mac range 10.0.0.0/24',
      'add m 10.0.0.1',
      'add m 10.0.0.2,02:00:00:00:00:01',
      'create __proto__ hash:net,port family inet6',
      'add __proto__ 1::/64,udp:5',
      'create f hash:ip forceadd netmask 24',
      'create l list:set size 20',
      'add l n',
      'add l a before n',
    ].join('\n');
    const saved = saveSets(new Sets().run(text).sets);
    assert.deepEqual(saveSets(new Sets().run(saved.join('\n')).sets), saved);
  });

  it('are shown as JSON too', () => {
    const sets = new Sets().run(
      'create s hash:net comment\nadd s 10.0.0.0/8 comment "two words"\nadd s 10.0.0.1 nomatch',
    );
    const [shown] = JSON.parse(sets.show('json')) as [{ name: string; header: object; members: unknown }];
    assert.equal(shown.name, 's');
    assert.deepEqual(
      { ...shown.header, memsize: 0, initval: 0 },
      {
        family: 'inet',
        hashsize: 1024,
        maxelem: 65536,
        comment: true,
        bucketsize: 12,
        initval: 0,
        memsize: 0,
        references: 0,
        numentries: 2,
      },
    );
    assert.deepEqual(shown.members, [
      { elem: '10.0.0.0/8', comment: 'two words' },
      { elem: '10.0.0.1', nomatch: true },
    ]);
  });

  it('escape what would be markup in XML', () => {
    const sets = new Sets().run('create a<b hash:ip comment\nadd a<b 10.0.0.1 comment "<&>"');
    const text = sets.show('xml');
    assert.ok(
      text.includes('<ipset name="a&lt;b">') && text.includes('<comment>"&lt;&amp;&gt;"</comment>'),
      text,
    );
  });

  it('refuse words of any kind with a message and never otherwise', () => {
    const words = fc.constantFrom(
      'create',
      'add',
      's',
      'x',
      '-exist',
      '10.0.0.1',
      '::1',
      '/',
      ',',
      'timeout',
      '"',
      '-1',
      '0x',
      'hash:ip',
      'comment',
    );
    const line = fc.array(fc.oneof(words, fc.string()), { maxLength: 6 }).map((list) => list.join(' '));
    fc.assert(
      fc.property(fc.constantFrom(...SET_TYPES), fc.array(line, { maxLength: 4 }), ({ name }, lines) => {
        const range =
          name === 'bitmap:port' ? ' range 0-9' : name.startsWith('bitmap') ? ' range 10.0.0.0/30' : '';
        const sets = new Sets().run(`create s ${name}${range}`);
        for (const one of lines) assert.equal(typeof sets.refusal(one), 'string');
      }),
    );
  });
});

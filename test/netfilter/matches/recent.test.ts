/** `-m recent`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { Hook } from '../../../src/netfilter/hook.ts';
import { udp } from '../../../src/conform/frames.ts';
import { arrived, lists, prints, refuses, World } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };
const v6 = { from: 'fd00:a::2', to: '2001:db8:9::7' };

describe('match recent', () => {
  prints([
    ['-m recent --set', '-m recent --set --name DEFAULT --mask 255.255.255.255 --rsource'],
    [
      '-m recent ! --update --rttl --hitcount 3 --seconds 10 --reap',
      '-m recent ! --update --seconds 10 --reap --hitcount 3 --rttl --name DEFAULT --mask 255.255.255.255 --rsource',
    ],
    [
      '-m recent --update --seconds 60 --hitcount 4 --name foo --rdest',
      '-m recent --update --seconds 60 --hitcount 4 --name foo --mask 255.255.255.255 --rdest',
    ],
    [
      '-m recent --remove --name bar --mask 255.255.255.0',
      '-m recent --remove --name bar --mask 255.255.255.0 --rsource',
    ],
    ['-m recent --rcheck --hitcount 0', '-m recent --rcheck --name DEFAULT --mask 255.255.255.255 --rsource'],
    [
      '-m recent --rcheck --hitcount 255',
      '-m recent --rcheck --hitcount 255 --name DEFAULT --mask 255.255.255.255 --rsource',
    ],
    [
      '-m recent --rcheck --seconds 4294967295',
      '-m recent --rcheck --seconds -1 --name DEFAULT --mask 255.255.255.255 --rsource',
    ],
    ['-m recent --set --rsource --rdest', '-m recent --set --name DEFAULT --mask 255.255.255.255 --rdest'],
    ['-m recent --set --rdest --rsource', '-m recent --set --name DEFAULT --mask 255.255.255.255 --rsource'],
    ["-m recent --set --name 'a b'", '-m recent --set --name a b --mask 255.255.255.255 --rsource'],
  ]);
  refuses([
    ['-m recent --rcheck --reap', 'recent: option "--reap" also requires "--seconds".'],
    ['-m recent --set --seconds 4', 'Invalid argument'],
    ['-m recent --set --rttl', 'recent: option "--rttl" cannot be used together with "--set".'],
    ['-m recent --remove --hitcount 3', 'Invalid argument'],
    ['-m recent --rcheck --hitcount 256', 'Invalid argument'],
    [
      '-m recent --rcheck --seconds 0',
      'recent: bad value for option "--seconds", or out of range (1-4294967295).',
    ],
    ['-m recent --set --update', 'recent: option "--set" cannot be used together with "--update".'],
    ['-m recent', "recent: you must specify one of `--set', `--rcheck' `--update' or `--remove'"],
    ["-m recent --set --name ''", 'Invalid argument'],
    ["-m recent --set --name 'a/b'", 'Invalid argument'],
  ]);
  lists([
    ['-m recent --set', 'recent: SET name: DEFAULT side: source mask: 255.255.255.255'],
    [
      '-m recent ! --update --rttl --hitcount 3 --seconds 10 --reap',
      '! recent: UPDATE seconds: 10 reap hit_count: 3 TTL-Match name: DEFAULT side: source mask: 255.255.255.255',
    ],
    [
      '-m recent --update --seconds 60 --hitcount 4 --name foo --rdest',
      'recent: UPDATE seconds: 60 hit_count: 4 name: foo side: dest mask: 255.255.255.255',
    ],
    [
      '-m recent --remove --name bar --mask 255.255.255.0',
      'recent: REMOVE name: bar side: source mask: 255.255.255.0',
    ],
    ['-m recent --rcheck --hitcount 0', 'recent: CHECK name: DEFAULT side: source mask: 255.255.255.255'],
    [
      '-m recent --rcheck --hitcount 255',
      'recent: CHECK hit_count: 255 name: DEFAULT side: source mask: 255.255.255.255',
    ],
    [
      '-m recent --rcheck --seconds 4294967295',
      'recent: CHECK seconds: -1 name: DEFAULT side: source mask: 255.255.255.255',
    ],
    ['-m recent --set --rsource --rdest', 'recent: SET name: DEFAULT side: dest mask: 255.255.255.255'],
    ['-m recent --set --rdest --rsource', 'recent: SET name: DEFAULT side: source mask: 255.255.255.255'],
    ["-m recent --set --name 'a b'", 'recent: SET name: a b side: source mask: 255.255.255.255'],
  ]);
  prints(
    [
      [
        '-m recent --set',
        '-m recent --set --name DEFAULT --mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff --rsource',
      ],
      ['-m recent --set --mask ffff:ffff::', '-m recent --set --name DEFAULT --mask ffff:ffff:: --rsource'],
    ],
    { family: 6 },
  );
  lists(
    [
      [
        '-m recent --set',
        'recent: SET name: DEFAULT side: source mask: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
      ],
      ['-m recent --set --mask ffff:ffff::', 'recent: SET name: DEFAULT side: source mask: ffff:ffff::'],
    ],
    { family: 6 },
  );

  const from = (address: string, fields: { ttl?: number } = {}) =>
    arrived(udp({ ...v4, from: address }, 1, 2, [], fields));
  it('remembers who was seen, within seconds and often enough', () => {
    const world = new World();
    const set = world.rule('-m recent --set');
    const check = world.rule('-m recent --rcheck --seconds 10 --hitcount 2');
    assert.equal(check.of(from('10.0.0.2')), 'no');
    assert.equal(set.of(from('10.0.0.2')), 'matches');
    assert.equal(check.of(from('10.0.0.2')), 'no');
    world.seconds(8);
    set.of(from('10.0.0.2'));
    assert.equal(check.of(from('10.0.0.2')), 'matches');
    assert.equal(check.of(from('10.0.0.3')), 'no');
    world.seconds(3);
    assert.equal(check.of(from('10.0.0.2')), 'no');
  });
  it('notes with --update only what matches', () => {
    const world = new World();
    const update = world.rule('-m recent --update --seconds 5');
    world.rule('-m recent --set').of(from('10.0.0.2'));
    world.seconds(4);
    assert.equal(update.of(from('10.0.0.2')), 'matches');
    world.seconds(4);
    assert.equal(update.of(from('10.0.0.2')), 'matches');
    world.seconds(6);
    assert.equal(update.of(from('10.0.0.2')), 'no');
    assert.equal(update.of(from('10.0.0.2')), 'no');
  });
  it('removes, and matches inverted when there was nothing to remove', () => {
    const world = new World();
    world.rule('-m recent --set --name a').of(from('10.0.0.2'));
    assert.equal(world.rule('-m recent --remove --name a').of(from('10.0.0.2')), 'matches');
    assert.equal(world.rule('-m recent ! --remove --name a').of(from('10.0.0.2')), 'matches');
    assert.equal(world.rule('-m recent --rcheck --name a').of(from('10.0.0.2')), 'no');
  });
  it('keeps only the bits of the mask that the first rule of the list brought', () => {
    const world = new World();
    world.rule('-m recent --set --name net --mask 255.255.255.0').of(from('10.0.0.2'));
    assert.equal(world.rule('-m recent --rcheck --name net').of(from('10.0.0.99')), 'matches');
    assert.equal(world.rule('-m recent --rcheck --name net').of(from('10.0.1.2')), 'no');
  });
  it('keeps lists, families and sides apart', () => {
    const world = new World();
    world.rule('-m recent --set').of(from('10.0.0.2'));
    assert.equal(world.rule('-m recent --rcheck --name other').of(from('10.0.0.2')), 'no');
    assert.equal(world.rule('-m recent --rcheck --rdest').of(from('10.0.0.2')), 'no');
    assert.equal(world.rule('-m recent --rcheck', { family: 6 }).of(arrived(udp(v6, 1, 2, []))), 'no');
  });
  it('compares the time to live as it was before the gateway took one off', () => {
    const world = new World();
    world.rule('-m recent --set').of(from('10.0.0.2', { ttl: 64 }));
    const forward = world.rule('-m recent --rcheck --rttl', { hook: Hook.FORWARD });
    assert.equal(forward.of(from('10.0.0.2', { ttl: 63 })), 'matches');
    assert.equal(forward.of(from('10.0.0.2', { ttl: 64 })), 'no');
  });
  it('S-7: makes room for the hundred-and-first address by forgetting the one not seen for longest', () => {
    const world = new World();
    const set = world.rule('-m recent --set');
    const check = world.rule('-m recent --rcheck');
    for (let n = 1; n <= 100; n++) set.of(from(`10.0.1.${n}`));
    set.of(from('10.0.1.1'));
    set.of(from('10.0.2.1'));
    assert.equal(check.of(from('10.0.1.1')), 'matches');
    assert.equal(check.of(from('10.0.1.2')), 'no');
    assert.equal(check.of(from('10.0.1.3')), 'matches');
  });
  it('keeps 32 times an address unless a rule counts further, which empties the list', () => {
    const world = new World();
    const set = world.rule('-m recent --set');
    for (let n = 0; n < 40; n++) set.of(from('10.0.0.2'));
    assert.equal(world.rule('-m recent --rcheck --hitcount 32').of(from('10.0.0.2')), 'matches');
    const further = world.rule('-m recent --rcheck --hitcount 33');
    assert.equal(further.of(from('10.0.0.2')), 'no');
    for (let n = 0; n < 40; n++) set.of(from('10.0.0.2'));
    assert.equal(further.of(from('10.0.0.2')), 'matches');
  });
  it('reaps the oldest address, one a packet', () => {
    const world = new World();
    const set = world.rule('-m recent --set');
    const check = world.rule('-m recent --rcheck');
    for (const host of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) set.of(from(host));
    world.seconds(5);
    set.of(from('10.0.0.3'));
    world.rule('-m recent --rcheck --seconds 2 --reap').of(from('10.0.0.3'));
    assert.deepEqual(
      ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((host) => check.of(from(host))),
      ['no', 'matches', 'matches'],
    );
  });
});

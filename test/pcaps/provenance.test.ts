/**
 * Every file in pcaps/ says where it comes from: README.md has its row, a recipe makes it again, and what the row says
 * is what the file holds.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readFacts } from './capture-facts.ts';

const PCAPS = join(import.meta.dirname, '../../pcaps');

/** Files of the folder that are not captures or what belongs to one. */
const NOT_LISTED = ['README.md', 'make.sh', 'make'];

/** As capinfos names them, and the registry of link types numbers them. */
const LINK_TYPES: Readonly<Record<string, number>> = {
  ether: 1,
  'linux-sll': 113,
  rawip: 101,
  'linux-sll2': 276,
};

const LARGEST_FILE_BYTES = 60_000;
const LARGEST_SUM_BYTES = 1_000_000;

interface Row {
  readonly file: string;
  readonly what: string;
  readonly programs: string;
  readonly recipe: string;
  readonly packets: string;
  readonly linkType: string;
}

function readTable(): Row[] {
  const lines = readFileSync(join(PCAPS, 'README.md'), 'utf8').split('\n');
  return lines
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [file = '', what = '', programs = '', command = '', packets = '', linkType = ''] = line
        .split('|')
        .slice(1)
        .map((cell) => cell.trim());
      const recipe = /^`make\.sh (\S+)`$/.exec(command)?.[1] ?? '';
      return { file: file.replaceAll('`', ''), what, programs, recipe, packets, linkType };
    });
}

const isCapture = (file: string): boolean => /\.pcap(ng)?(\.gz)?$/.test(file);

describe('pcaps: provenance', () => {
  const rows = readTable();
  const files = readdirSync(PCAPS).filter((file) => !NOT_LISTED.includes(file));
  const recipes = readdirSync(join(PCAPS, 'make'))
    .filter((file) => file !== 'lib.sh')
    .map((file) => file.replace(/\.sh$/, ''));

  it('lists every file once and no file that is not there', () => {
    assert.deepEqual(rows.map((row) => row.file).sort(), files.sort());
  });

  it('says of every file what is in it, by which programs in which versions', () => {
    for (const row of rows) {
      assert.notEqual(row.what, '', row.file);
      for (const program of row.programs.split(', '))
        assert.match(program, /^[a-z.0-9-]+ \S*\d\S*$/, row.file);
    }
  });

  it('names a recipe for every file, and has no recipe that makes none', () => {
    assert.deepEqual([...new Set(rows.map((row) => row.recipe))].sort(), recipes.sort());
  });

  it('keeps captures small', () => {
    const sizes = files.map((file) => statSync(join(PCAPS, file)).size);
    assert.ok(Math.max(...sizes) <= LARGEST_FILE_BYTES);
    assert.ok(sizes.reduce((sum, size) => sum + size, 0) <= LARGEST_SUM_BYTES);
  });

  for (const row of rows.filter(({ file }) => isCapture(file))) {
    it(`${row.file} holds ${row.packets} frames of link type ${row.linkType}`, async () => {
      const { packets, linkTypes } = await readFacts(join(PCAPS, row.file));
      assert.equal(String(packets), row.packets);
      assert.deepEqual(new Set(linkTypes), new Set([LINK_TYPES[row.linkType]]));
    });
  }
});

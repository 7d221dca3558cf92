/**
 * The sets, accounting objects and names of labels of a gateway file:
 *
 *     sets: |                          # as `ipset save` prints them
 *       create office hash:net
 *       add office 192.0.2.0/24
 *     accounting: [web, mail byte 1000000]      # what one says to `nfacct add`
 *     labels: |                        # of connections, by name: as /etc/xtables/connlabel.conf has them
 *       1 from-office
 */
import { VirtualClock } from '../base/clock.ts';
import { SeededRng, type Rng } from '../base/rng.ts';
import { SluiceError } from '../base/errors.ts';
import { fail, listAt, objectAt, textAt } from '../base/plain-object.ts';
import { AccountingObject, makeNamedObjects, type NamedObjects } from './named-objects.ts';
import { loadSets, RestoreError } from './sets/index.ts';

/** A file of ipset commands. */
export interface SetsText {
  readonly text: string;
  readonly file: string;
}

/** Makes what the gateway's object and the file say; throws SluiceError. */
export function makeObjects(
  gateway: unknown,
  ipset: SetsText | undefined,
  objects: NamedObjects,
  rng: Rng,
): void {
  const file = gateway === undefined || gateway === null ? {} : objectAt(gateway, 'gateway');
  if (file['sets'] !== undefined) {
    const text = textAt(file['sets'], 'sets');
    loading(text, objects, rng, (line, message) => fail('sets', `line ${line}: ${message}`));
  }
  listAt(file['accounting'], 'accounting').forEach((item, i) => {
    const object = accountingObject(textAt(item, `accounting[${i}]`));
    if (object === null) return fail(`accounting[${i}]`, 'NAME, NAME byte N or NAME packet N');
    objects.accounting.set(object.name, object);
  });
  if (file['labels'] !== undefined) objects.labels.read(textAt(file['labels'], 'labels'));
  if (ipset === undefined) return;
  loading(ipset.text, objects, rng, (line, message) => {
    throw new SluiceError('SETS', message, { file: ipset.file, line });
  });
}

/** What rules may name of that, for reading them before there is a host: which makes it anew, in its own time. */
export function objectsToCome(gateway: unknown, ipset?: SetsText): NamedObjects {
  const objects = makeNamedObjects(new VirtualClock());
  makeObjects(gateway, ipset, objects, new SeededRng(0));
  return objects;
}

function loading(
  text: string,
  { sets }: NamedObjects,
  rng: Rng,
  complain: (line: number, message: string) => never,
): void {
  try {
    loadSets(text, sets, rng);
  } catch (error) {
    if (error instanceof RestoreError) complain(error.line, error.message);
    throw error;
  }
}

function accountingObject(words: string): AccountingObject | null {
  const found = /^(\S{1,31})(?: (byte|packet) ([0-9]{1,15}))?$/.exec(words);
  if (found === null) return null;
  const [, name, unit, amount] = found;
  const quota =
    unit === undefined ? null : ({ of: `${unit as 'byte' | 'packet'}s`, amount: Number(amount) } as const);
  return new AccountingObject(name!, quota);
}

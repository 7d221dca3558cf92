/**
 * Sets and accounting objects between one call of a program and the next: the sets as `ipset save` prints them, with the time
 * at which it was done, since timeouts go on meanwhile.
 */
import { readFileSync } from 'node:fs';
import { VirtualClock } from '../base/clock.ts';
import { SeededRng } from '../base/rng.ts';
import { LabelNames } from '../netfilter/conntrack/label-names.ts';
import { AccountingObject, type NamedObjects } from '../netfilter/named-objects.ts';
import { inListingOrder, IpSets, listSets, loadSets } from '../netfilter/sets/index.ts';

/** As the state file holds them. */
export interface ObjectsContent {
  readonly sets: string;
  /** Milliseconds since the epoch. */
  readonly savedAt: number;
  readonly accounting: readonly AccountingContent[];
}

interface AccountingContent {
  readonly name: string;
  readonly packets: number;
  readonly bytes: number;
  readonly quota: AccountingObject['quota'];
}

export const NO_OBJECTS: ObjectsContent = { sets: '', savedAt: 0, accounting: [] };

/** Made when they are asked for: most commands need none. */
export class ObjectsState implements NamedObjects {
  private readonly content: ObjectsContent;
  private madeLabels: LabelNames | null = null;
  private madeSets: IpSets | null = null;
  private madeAccounting: Map<string, AccountingObject> | null = null;

  constructor(content: ObjectsContent) {
    this.content = content;
  }

  /** Those of this machine's programs. */
  get labels(): LabelNames {
    return (this.madeLabels ??= readLabels());
  }

  get sets(): IpSets {
    return (this.madeSets ??= this.makeSets());
  }

  get accounting(): Map<string, AccountingObject> {
    return (this.madeAccounting ??= new Map(
      this.content.accounting.map(({ name, packets, bytes, quota }) => {
        const object = new AccountingObject(name, quota);
        object.packets = packets;
        object.bytes = bytes;
        return [name, object];
      }),
    ));
  }

  /** What they are now. */
  toContent(): ObjectsContent {
    const { content, madeSets, madeAccounting } = this;
    return {
      ...(madeSets === null ? content : { sets: saveText(madeSets), savedAt: Date.now() }),
      accounting:
        madeAccounting === null
          ? content.accounting
          : [...madeAccounting.values()].map(({ name, packets, bytes, quota }) => ({
              name,
              packets,
              bytes,
              quota,
            })),
    };
  }

  private makeSets(): IpSets {
    const { sets: text, savedAt } = this.content;
    const clock = new VirtualClock(savedAt * 1000);
    const sets = new IpSets(clock);
    loadSets(text, sets, new SeededRng(0));
    clock.advanceTo(Date.now() * 1000);
    return sets;
  }
}

const LABELS_FILE = '/etc/xtables/connlabel.conf';

function readLabels(): LabelNames {
  const labels = new LabelNames();
  try {
    labels.read(readFileSync(LABELS_FILE, 'utf8'));
  } catch {
    // There need be none, as for iptables itself.
  }
  return labels;
}

function saveText(sets: IpSets): string {
  const references = () => 0;
  const options = { mode: 'save', sorted: false, names: false, terse: false, references } as const;
  return listSets(inListingOrder(sets), sets, options);
}

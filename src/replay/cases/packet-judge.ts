/**
 * Holds one expectation about packets against the packets as they come by. Only those that fail are kept, and of them the
 * first few, so that a case on a large capture needs no more memory than one on a small capture.
 */
import type { Place } from '../../base/errors.ts';
import type { ReplaySummary } from '../summary.ts';
import type { PacketExpectation } from './case-file.ts';
import { makeFailure, type Difference, type FailedPacket, type Failure } from './failure.ts';
import { filterHolds } from './filter-keys.ts';
import { rangeHolds } from './net-values.ts';
import { PACKET_KEYS, type PacketKey } from './packet-keys.ts';
import type { RuleRef } from './rule-ref.ts';
import type { Subject } from './subject.ts';
import { count as countType, countHolds } from './values.ts';

/** Packets that a failure shows; the rest is counted. */
const SHOWN = 3;

interface Said {
  readonly name: string;
  readonly key: PacketKey<unknown>;
  readonly value: unknown;
  readonly place: Place;
}

export class PacketJudge {
  private readonly expectation: PacketExpectation;
  private readonly said: readonly Said[];
  private selected = 0;
  private fitting = 0;
  /** Packets that break the expectation, or might have fitted and did not (`any`, `count`). */
  private readonly shown: FailedPacket[] = [];

  constructor(expectation: PacketExpectation) {
    this.expectation = expectation;
    this.said = Object.entries(expectation.says).map(([name, value]) => ({
      name,
      key: PACKET_KEYS[name as keyof typeof PACKET_KEYS] as PacketKey<unknown>,
      value,
      place: expectation.places.get(name) ?? expectation.place,
    }));
  }

  get needsTrace(): boolean {
    return this.said.some(({ key }) => key.trace === true);
  }

  /** The rules that the expectation names. */
  refs(): { readonly ref: RuleRef; readonly place: Place }[] {
    return this.said.flatMap(({ key, value, place }) =>
      (key.refs?.(value) ?? []).map((ref) => ({ ref, place })),
    );
  }

  packet(subject: Subject): void {
    if (!this.selects(subject)) return;
    this.selected++;
    const { outcome } = subject;
    const differences = this.said.flatMap(({ name, key, value, place }): Difference[] => {
      const actual = key.check(value, outcome);
      return actual === null ? [] : [{ name, expected: key.type.print(value), actual, place }];
    });
    const fits = differences.length === 0;
    if (fits) this.fitting++;
    const { kind } = this.expectation.selection;
    const wanted = kind === 'none' || kind === 'count' ? !fits : fits;
    // Too many that fit are as telling as too few: a count shows those which it counted.
    if (!wanted && this.shown.length < SHOWN) {
      this.shown.push({ outcome, differences, expectedPath: [], trace: [] });
    }
  }

  /** After the last packet: null when the expectation holds. */
  finish(summary: ReplaySummary): Failure | null {
    const message = this.verdict(summary);
    if (message === null) return null;
    const { place, title, selection } = this.expectation;
    const kept =
      selection.kind === 'none' || selection.kind === 'count' ? this.fitting : this.selected - this.fitting;
    return makeFailure({
      place,
      title,
      message,
      packets: this.shown,
      more: Math.max(0, kept - this.shown.length),
    });
  }

  private selects(subject: Subject): boolean {
    const { selection } = this.expectation;
    if (selection.kind === 'packets') {
      return selection.ranges.some((range) => rangeHolds(range, subject.outcome.n));
    }
    return selection.filter === null || filterHolds(selection.filter, subject);
  }

  private verdict({ frames }: ReplaySummary): string | null {
    const { selected, fitting, said } = this;
    const { selection } = this.expectation;
    switch (selection.kind) {
      case 'packets': {
        const last = Math.max(...selection.ranges.map((range) => range.last));
        if (last > frames) return `there is no packet ${last}: ${packets(frames)} came in`;
        return fitting === selected ? null : differ(selected - fitting, selected);
      }
      case 'all':
        if (selected === 0) return 'the filter takes no packet, so this proves nothing';
        return fitting === selected ? null : differ(selected - fitting, selected);
      case 'any':
        if (selected === 0) return 'the filter takes no packet';
        return fitting > 0 ? null : `none of ${packets(selected)} is as expected`;
      case 'none': {
        if (fitting === 0) return null;
        return said.length === 0
          ? `the filter takes ${packets(fitting)}`
          : `${packets(fitting)} ${fitting === 1 ? 'is' : 'are'} what none may be`;
      }
      case 'count':
        if (countHolds(selection.count, fitting)) return null;
        return `expected ${countType.print(selection.count)}, found ${fitting} of ${packets(selected)}`;
    }
  }
}

function differ(wrong: number, of: number): string {
  return of === 1 ? 'differs' : `${wrong} of ${of} packets differ`;
}

function packets(number: number): string {
  return number === 1 ? '1 packet' : `${number} packets`;
}

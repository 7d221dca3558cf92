/** `conntrack -E`: what happens to connections and expectations, a line each, until it is interrupted. */
import type { Conntrack } from '../../netfilter/conntrack/conntrack.ts';
import type { EventKind } from '../../netfilter/conntrack/events.ts';
import type { LabelNames } from '../../netfilter/conntrack/label-names.ts';
import type { Call, Interrupt } from '../program.ts';
import { printConnection, XML_FOOT, XML_HEAD, type Formats } from './print.ts';
import { BadWords } from './request.ts';
import { selectionOf } from './selection.ts';
import { VERSION } from './version.ts';
import type { Words } from './words.ts';

/** Right-aligned, as the tool has them. */
const EVENT_TEXTS: Readonly<Record<EventKind, string>> = {
  NEW: '    [NEW] ',
  UPDATE: ' [UPDATE] ',
  DESTROY: '[DESTROY] ',
};
const LETTERS = { NEW: 'A', UPDATE: 'U', DESTROY: 'D' } as const;
/** Names of `-e`. */
const MASKS: Readonly<Record<string, readonly EventKind[]>> = {
  ALL: ['NEW', 'UPDATE', 'DESTROY'],
  NEW: ['NEW'],
  UPDATES: ['UPDATE'],
  DESTROY: ['DESTROY'],
};

export const EVENT_NAMES: readonly string[] = Object.keys(MASKS);

export function watchConnections(
  call: Call,
  conntrack: Conntrack,
  words: Words,
  formats: Formats,
  labels: LabelNames | null,
): Interrupt {
  const { out } = call.io;
  const wanted = eventsOf(words.request.options.get('event-mask'));
  const isMeant = selectionOf(conntrack, words, true);
  let count = 0;
  const end = conntrack.watch({
    connection(kind, entry, byHand) {
      if (!wanted.has(kind) || !isMeant(entry)) return;
      if (count++ === 0 && formats.has('xml')) out.write(XML_HEAD);
      const line = printConnection(conntrack, entry, formats, {
        labels,
        event: kind,
        letter: LETTERS[kind],
        moreUses: 0,
      });
      const front = formats.has('xml') || formats.has('save') ? '' : stamp(call, formats) + EVENT_TEXTS[kind];
      out.write(`${front}${line}${byHand ? ` [USERSPACE] portid=${PORT_ID} progname=conntrack` : ''}\n`);
      out.flush();
    },
  });
  return () => {
    end();
    if (count > 0 && formats.has('xml')) out.write(XML_FOOT);
    finish(call, `${count} flow events have been shown.`);
  };
}

/** The kernel's number of the socket that a change came by; all of ours come by one. */
const PORT_ID = 1;

export function watchExpectations(call: Call, conntrack: Conntrack, formats: Formats): Interrupt {
  const { out } = call.io;
  let count = 0;
  const end = conntrack.watch({
    expectation(kind, expectation) {
      count++;
      out.write(`${stamp(call, formats)}${EVENT_TEXTS[kind]}${conntrack.describeExpectation(expectation)}\n`);
      out.flush();
    },
  });
  return () => {
    end();
    finish(call, `${count} expectation events have been shown.`);
  };
}

function finish(call: Call, message: string): void {
  call.io.err.write(`${VERSION}: ${message}\n`);
  call.exit(0);
}

/** `[1795184025.731517]` and a tab, with -o timestamp. */
function stamp({ clock }: Call, formats: Formats): string {
  if (!formats.has('timestamp')) return '';
  const us = Math.floor(clock.now);
  return `[${Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, '0')}]\t`;
}

function eventsOf(text: string | undefined): ReadonlySet<EventKind> {
  const kinds = new Set<EventKind>();
  for (const name of (text ?? 'ALL').split(',')) {
    const found = Object.hasOwn(MASKS, name.toUpperCase()) ? MASKS[name.toUpperCase()]! : null;
    if (found === null) throw new BadWords(`Bad parameter \`${text!}'`);
    for (const kind of found) kinds.add(kind);
  }
  return kinds;
}

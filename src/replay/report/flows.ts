/**
 * The flow table: a row for each control connection that a helper watched. For people as a table, for programs as one
 * object a row. The ladder of a row is ladder.ts.
 */
import type { Endpoint, Flow } from '../../alg/index.ts';
import { escapeJson, escapeText } from './escape.ts';
import { padText, padTextStart, textWidth } from './text-width.ts';
import { formatDuration } from './times.ts';

interface Column {
  readonly name: string;
  readonly isNumber?: boolean;
  readonly text: (flow: Flow, lastUs: number) => string;
}

const NONE = '–';

const COLUMNS: readonly Column[] = [
  { name: 'flow', isNumber: true, text: ({ id }) => String(id) },
  { name: 'helper', text: ({ helper }) => helper },
  { name: 'client', text: ({ client }) => endpointText(client) },
  { name: 'server', text: ({ server }) => endpointText(server) },
  { name: 'packets', isNumber: true, text: ({ packets }) => String(packets) },
  { name: 'command', text: ({ command }) => command || NONE },
  { name: 'negotiated', text: (flow) => negotiatedText(flow) },
  { name: 'code', isNumber: true, text: ({ code }) => (code === 0 ? NONE : String(code)) },
  { name: 'state', text: ({ state }) => state || NONE },
  {
    name: 'for',
    isNumber: true,
    text: ({ state, stateUs }, lastUs) => (state === '' ? NONE : formatDuration(lastUs - stateUs)),
  },
  { name: 'opened', isNumber: true, text: ({ expected }) => String(expected) },
  { name: 'used', isNumber: true, text: ({ used }) => String(used) },
];

/** Lines with their ends; `lastUs` is when the capture ended. */
export function flowTableText(flows: readonly Flow[], lastUs: number): string {
  if (flows.length === 0) return 'no connection was watched by a helper\n';
  const rows = flows.map((flow) => COLUMNS.map(({ text }) => escapeText(text(flow, lastUs))));
  const widths = COLUMNS.map(({ name }, i) =>
    Math.max(textWidth(name), ...rows.map((row) => textWidth(row[i]!))),
  );
  const line = (cells: readonly string[]): string =>
    `${cells
      .map((cell, i) => (COLUMNS[i]!.isNumber === true ? padTextStart : padText)(cell, widths[i]!))
      .join('  ')
      .trimEnd()}\n`;
  return [COLUMNS.map(({ name }) => name), ...rows].map(line).join('');
}

export function endpointText({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function negotiatedText({ address, port }: Flow): string {
  return port === 0 ? NONE : endpointText({ address, port });
}

/** One object a line and row. */
export function flowLines(flows: readonly Flow[]): string {
  return flows
    .map((flow) => `${escapeJson(JSON.stringify({ type: 'flow', ...flowFields(flow) }))}\n`)
    .join('');
}

/** The fields of a row as the JSON reports have them. */
export function flowFields(flow: Flow): object {
  const { id, helper, client, server, firstUs, packets, state, stateUs, command, address, port, code } = flow;
  return {
    id,
    helper,
    client,
    server,
    first: firstUs / 1e6,
    packets,
    command,
    address,
    port,
    code,
    state,
    since: stateUs / 1e6,
    opened: flow.expected,
    used: flow.used,
    ended: flow.isEnded,
    ...(flow.events.length === 0
      ? {}
      : {
          events: flow.events.map(({ n, timeUs, kind, from, text }) => ({
            n,
            time: timeUs / 1e6,
            kind,
            from,
            text,
          })),
        }),
  };
}

/** TCP options of our segments as scripts write them. */
import * as tcpOptions from '../../../../src/wire/tcp-options.ts';
import type { TcpOption } from './script.ts';
import type { Timestamps } from './timestamps.ts';

export function outboundOptions(
  bytes: Uint8Array,
  l4: number,
  end: number,
  spec: readonly TcpOption[],
  timestamps: Timestamps,
): TcpOption[] {
  const expected = spec.find(({ kind }) => kind === 'TS');
  return tcpOptions.parse(bytes, l4, end).map(({ kind, data: value }): TcpOption => {
    const view = new DataView(value.buffer, value.byteOffset, value.length);
    switch (kind) {
      case tcpOptions.MSS:
        return { kind: 'mss', values: [view.getUint16(0)] };
      case tcpOptions.WINDOW_SCALE:
        return { kind: 'wscale', values: [view.getUint8(0)] };
      case tcpOptions.SACK_PERMITTED:
        return { kind: 'sackOK', values: [] };
      case tcpOptions.TIMESTAMPS: {
        const said = timestamps.script(view.getUint32(0), expected?.values[0]);
        return { kind: 'TS', values: [said, view.getUint32(4)] };
      }
      case tcpOptions.SACK: {
        const values = Array.from({ length: value.length / 4 }, (_, i) => view.getUint32(4 * i));
        return { kind: 'sack', values };
      }
      default:
        return { kind: 'nop', values: [] };
    }
  });
}

export function optionsText(options: readonly TcpOption[]): string {
  return options.map(({ kind, values }) => [kind, ...values].join(' ')).join(',');
}

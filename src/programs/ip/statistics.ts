/** The counters of a device, as `ip -s link` and `ip -s addr` print them: columns as wide as their widest figure. */
import type { Device } from '../../stack/device.ts';

/** Widths of the columns while figures are small: those of "*X errors:", packets, errors, dropped, heartbt, overrun. */
const WIDTHS = [10, 7, 6, 7, 7, 7];
/** The column of compressed packets, which no device here has. */
const NO_COMPRESSED = ' '.repeat(11);

/** @param andErrors - `-s -s`: what kinds of errors there were */
export function statisticsOf(device: Device, andErrors: boolean): string[] {
  const rx = [device.rxBytes, device.rxPackets, device.rxErrors, device.rxDropped, 0, device.rxMulticast];
  const tx = [device.txBytes, device.txPackets, device.txErrors, device.txDropped, 0, 0];
  const widths = WIDTHS.map((width, i) => Math.max(width, String(rx[i]).length, String(tx[i]).length));
  const row = (cells: readonly (string | number)[], from = 0) =>
    cells.map((cell, i) => String(cell).padStart(widths[from + i]!)).join(' ');
  const headed = (name: string, heads: readonly string[]) =>
    `    ${name} ${heads[0]!.padStart(widths[0]! - 4)} ${row(heads.slice(1), 1)}${NO_COMPRESSED}`;
  const errors = (name: string, heads: readonly string[], values: readonly number[]) => [
    `    ${name.padEnd(widths[0]!)} ${row(heads, 1)}`,
    `    ${' '.repeat(widths[0]!)} ${row(values, 1)} `,
  ];
  const changes = device.up && !device.isLoopback ? 2 : 0;
  return [
    headed('RX:', ['bytes', 'packets', 'errors', 'dropped', 'missed', 'mcast']),
    `    ${row(rx)} `,
    ...(andErrors
      ? errors('RX errors:', ['length', 'crc', 'frame', 'fifo', 'overrun'], [0, 0, 0, 0, 0])
      : []),
    headed('TX:', ['bytes', 'packets', 'errors', 'dropped', 'carrier', 'collsns']),
    `    ${row(tx)} `,
    ...(andErrors
      ? errors('TX errors:', ['aborted', 'fifo', 'window', 'heartbt', 'transns'], [0, 0, 0, 0, changes])
      : []),
  ];
}

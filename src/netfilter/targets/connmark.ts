/**
 * `-j CONNMARK`: changes the connection's mark, or copies it to or from the packet's. Linux: xt_connmark (revision 2).
 */
import { defineTarget, type Given, type TargetAction } from '../extension.ts';
import type { ConntrackView } from '../conntrack/view.ts';
import { ValueError } from '../syntax/value-error.ts';
import { bits32, flag, hex, uint, type Masked } from '../syntax/values/index.ts';
import { Verdict } from '../verdict.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { listMarkChange, markWays } from './mark-ways.ts';

const ALL_BITS = -1;

/** What the kernel is told: a mode, both masks, and a shift (positive to the left). */
interface Change {
  readonly mode: 'set' | 'save' | 'restore';
  readonly ctMark: number;
  readonly ctMask: number;
  readonly nfMask: number;
  readonly shift: number;
}

interface Written {
  readonly xmark?: Given<Masked> | undefined;
  readonly save?: Given<true> | undefined;
  readonly restore?: Given<true> | undefined;
  readonly nfmask?: Given<number> | undefined;
  readonly ctmask?: Given<number> | undefined;
  readonly mask?: Given<number> | undefined;
  readonly leftShift?: Given<number> | undefined;
  readonly rightShift?: Given<number> | undefined;
}

function changeOf(info: Written): Change {
  const shift = (info.leftShift?.value ?? 0) - (info.rightShift?.value ?? 0);
  if (info.xmark !== undefined) {
    return {
      mode: 'set',
      ctMark: info.xmark.value.value,
      ctMask: info.xmark.value.mask,
      nfMask: ALL_BITS,
      shift,
    };
  }
  return {
    mode: info.save !== undefined ? 'save' : 'restore',
    ctMark: 0,
    ctMask: info.mask?.value ?? info.ctmask?.value ?? ALL_BITS,
    nfMask: info.mask?.value ?? info.nfmask?.value ?? ALL_BITS,
    shift,
  };
}

class ConnmarkAction implements TargetAction {
  private readonly conntrack: ConntrackView;
  private readonly mode: Change['mode'];
  private readonly ctMark: number;
  private readonly ctMask: number;
  private readonly nfMask: number;
  private readonly shift: number;

  constructor(conntrack: ConntrackView, change: Change) {
    this.conntrack = conntrack;
    this.mode = change.mode;
    this.ctMark = change.ctMark;
    this.ctMask = change.ctMask;
    this.nfMask = change.nfMask;
    this.shift = change.shift;
  }

  run(pkt: PacketBuffer): number {
    if (pkt.ct <= 0) return Verdict.CONTINUE;
    const marks = this.conntrack.mark;
    const now = marks[pkt.ct]!;
    switch (this.mode) {
      case 'set':
        marks[pkt.ct] = this.shifted((now & ~this.ctMask) ^ this.ctMark);
        break;
      case 'save':
        marks[pkt.ct] = (now & ~this.ctMask) ^ this.shifted(pkt.mark & this.nfMask);
        break;
      case 'restore':
        pkt.mark = (pkt.mark & ~this.nfMask) ^ this.shifted(now & this.ctMask);
        break;
    }
    return Verdict.CONTINUE;
  }

  private shifted(value: number): number {
    return this.shift < 0 ? (value >>> -this.shift) | 0 : value << this.shift;
  }
}

function shiftText(info: Written): string {
  if (info.leftShift !== undefined) return ` --left-shift-mark ${info.leftShift.value}`;
  return info.rightShift === undefined ? '' : ` --right-shift-mark ${info.rightShift.value}`;
}

function listText(info: Written): string {
  const { mode, ctMask, nfMask } = changeOf(info);
  const shift = shiftText(info).replace(' --', ' ');
  if (mode === 'set') return `CONNMARK ${listMarkChange(info.xmark!.value)}${shift}`;
  let masks = '';
  if (nfMask === ctMask) masks = nfMask === ALL_BITS ? '' : ` mask ${hex(nfMask)}`;
  else if (mode === 'save') masks = ` nfmask ${hex(nfMask)} ctmask ~${hex(ctMask)}`;
  else masks = ` ctmask ${hex(ctMask)} nfmask ~${hex(nfMask)}`;
  return `CONNMARK ${mode}${masks}${shift}`;
}

export const connmarkTarget = defineTarget({
  name: 'CONNMARK',
  about: "changes the connection's mark",
  needsConntrack: true,
  options: {
    ...markWays,
    save: { value: flag, name: 'save-mark', group: 'way', about: "copy the packet's mark to the connection" },
    restore: {
      value: flag,
      name: 'restore-mark',
      group: 'way',
      about: "copy the connection's mark to the packet",
    },
    nfmask: { value: bits32, about: "bits of the packet's mark" },
    ctmask: { value: bits32, about: "bits of the connection's mark" },
    mask: { value: bits32, about: 'bits of both' },
    leftShift: { value: uint(1, 31), name: 'left-shift-mark', group: 'shift', about: 'shift the mark left' },
    rightShift: {
      value: uint(1, 31),
      name: 'right-shift-mark',
      group: 'shift',
      about: 'shift the mark right',
    },
  },
  check(info) {
    const ways = [info.xmark, info.save, info.restore].filter((way) => way !== undefined).length;
    if (ways === 0) throw new ValueError('CONNMARK target: No operation specified');
    if (ways > 1) throw new ValueError('CONNMARK: only one operation can be given');
    if (info.xmark !== undefined && (info.mask ?? info.nfmask ?? info.ctmask) !== undefined) {
      throw new ValueError('CONNMARK: masks go with --save-mark and --restore-mark');
    }
    if (info.mask !== undefined && (info.nfmask ?? info.ctmask) !== undefined) {
      throw new ValueError(
        'CONNMARK: option "--mask" cannot be used together with "--nfmask" or "--ctmask".',
      );
    }
  },
  save(info) {
    const { mode, ctMark, ctMask, nfMask } = changeOf(info);
    if (mode === 'set') return `--set-xmark ${hex(ctMark)}/${hex(ctMask)}${shiftText(info)}`;
    return `--${mode}-mark --nfmask ${hex(nfMask)} --ctmask ${hex(ctMask)}${shiftText(info)}`;
  },
  list: listText,
  create: (info, services) => new ConnmarkAction(services.conntrack, changeOf(info)),
});

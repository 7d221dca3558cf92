/**
 * The options of pcapng blocks: those of an interface, which are read once, and those of a packet, which are checked
 * (and their flags word taken) on the way past; comments are decoded by the record when somebody asks for them.
 *
 * Source: draft-ietf-opsawg-pcapng, "Options" and the option tables of each block. An option that runs past the end of
 * its block is an error; a list without opt_endofopt ends with its block; what stands behind opt_endofopt is ignored.
 */
import { CaptureError } from './errors.ts';
import * as ng from './pcapng-format.ts';
import { type CaptureInterface, decodeText } from './record.ts';
import type { InputWindow } from './source.ts';

/** Checks the options between two indices of the window and returns the epb_flags word, 0 when there is none. */
export function walkOptions(window: InputWindow, from: number, end: number, littleEndian: boolean): number {
  const view = window.view;
  let flags = 0;
  let at = from;
  while (at < end) {
    const length = optionLength(window, at, end, littleEndian);
    const code = view.getUint16(at, littleEndian);
    if (code === ng.OPT_END) break;
    if (code === ng.EPB_FLAGS) {
      expectLength(window, at, 'epb_flags', length, 4);
      flags = view.getUint32(at + ng.OPTION_HEADER_BYTES, littleEndian);
    }
    at += ng.OPTION_HEADER_BYTES + ng.paddedLength(length);
  }
  return flags;
}

export function readInterfaceOptions(
  window: InputWindow,
  from: number,
  end: number,
  littleEndian: boolean,
  declared: CaptureInterface,
): void {
  let at = from;
  while (at < end) {
    const length = optionLength(window, at, end, littleEndian);
    const code = window.view.getUint16(at, littleEndian);
    if (code === ng.OPT_END) break;
    readInterfaceOption(window, at, code, length, littleEndian, declared);
    at += ng.OPTION_HEADER_BYTES + ng.paddedLength(length);
  }
}

function readInterfaceOption(
  window: InputWindow,
  at: number,
  code: number,
  length: number,
  littleEndian: boolean,
  declared: CaptureInterface,
): void {
  const value = at + ng.OPTION_HEADER_BYTES;
  switch (code) {
    case ng.IF_NAME:
      declared.name = decodeText(window.bytes, value, length);
      break;
    case ng.IF_DESCRIPTION:
      declared.description = decodeText(window.bytes, value, length);
      break;
    case ng.IF_TSRESOL:
      expectLength(window, at, 'if_tsresol', length, 1);
      declared.clock.setResolution(window.bytes[value]!);
      break;
    case ng.IF_TSOFFSET: {
      expectLength(window, at, 'if_tsoffset', length, 8);
      const seconds = window.view.getBigInt64(value, littleEndian);
      // Beyond this no sum with a time stamp is a date that the rest of Sluice can hold.
      if (seconds > 0x2_0000_0000n || seconds < -0x1000_0000_0000n) {
        throw error(window, at, 'CAPTURE_TIME', `if_tsoffset of ${seconds} seconds is out of range`);
      }
      declared.clock.offsetSeconds = Number(seconds);
      break;
    }
    case ng.IF_FCSLEN:
      expectLength(window, at, 'if_fcslen', length, 1);
      declared.fcsLength = fcsBytes(window.bytes[value]!);
      break;
    default:
      // Addresses, speed, filter, operating system: nothing that changes how packets are read.
      break;
  }
}

/** The draft counts if_fcslen in bits and gives 4 as its example; writers do both. Other values say nothing. */
function fcsBytes(value: number): number {
  if (value === 2 || value === 4) return value;
  return value === 16 || value === 32 ? value / 8 : 0;
}

/** The length of the option at `at`, which with its header and padding lies before `end`. */
function optionLength(window: InputWindow, at: number, end: number, littleEndian: boolean): number {
  const room = end - at - ng.OPTION_HEADER_BYTES;
  if (room < 0) throw error(window, at, 'CAPTURE_OPTION', 'an option header runs past the end of its block');
  const length = window.view.getUint16(at + 2, littleEndian);
  if (ng.paddedLength(length) > room) {
    const code = window.view.getUint16(at, littleEndian);
    const message = `option ${code} claims ${length} bytes, but its block has ${room} left`;
    throw error(window, at, 'CAPTURE_OPTION', message);
  }
  return length;
}

function expectLength(window: InputWindow, at: number, name: string, length: number, expected: number): void {
  if (length === expected) return;
  throw error(window, at, 'CAPTURE_OPTION', `${name} has ${length} bytes instead of ${expected}`);
}

function error(window: InputWindow, at: number, code: CaptureError['code'], message: string): CaptureError {
  return new CaptureError(code, message, window.source.name, window.origin + at);
}

/** A Linux guest in v86, in this process, told what to do over its second serial line. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { V86, type V86Image } from 'v86';
import { guestOptions } from '../../../examples/browser/guest/options.ts';
import type { CommandResult } from '../qemu/guest.ts';

/** From the root of the repository, where tests run. */
const SCRIPT = 'examples/browser/guest/make-guest.sh';
const WASM = fileURLToPath(new URL('v86.wasm', import.meta.resolve('v86')));
const LINE = 1;

let made: ReturnType<typeof guestOptions> | null = null;

/** The guest's files, made once a process. */
function options(): ReturnType<typeof guestOptions> {
  if (made !== null) return made;
  const { status, stdout, stderr } = spawnSync('bash', [SCRIPT], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`make-guest.sh: ${stderr}`);
  const [kernel, disk, bios, vgaBios] = stdout.trim().split('\n').map(image);
  made = guestOptions({ kernel: kernel!, disk: disk!, bios: bios!, vgaBios: vgaBios! }, []);
  return made;
}

function image(path: string): V86Image {
  return { buffer: Uint8Array.from(readFileSync(path)).buffer };
}

export class V86Guest {
  readonly emulator: V86;
  private text = '';
  private waiting: ((result: CommandResult) => void) | null = null;

  constructor(card: 'virtio' | 'ne2k') {
    this.emulator = new V86({
      ...options(),
      wasm_path: WASM,
      net_device: { type: card },
      uart1: true,
    });
    this.emulator.add_listener('serial1-output-byte', (byte) => this.hear(byte));
  }

  /** Fulfilled when the guest takes commands. */
  booted(): Promise<CommandResult> {
    return this.answer();
  }

  run(command: string): Promise<CommandResult> {
    const answer = this.answer();
    this.emulator.serial_send_bytes(LINE, Buffer.from(`${command}\n`));
    return answer;
  }

  /** From one moment to the next. */
  kill(): Promise<void> {
    return this.emulator.destroy();
  }

  private answer(): Promise<CommandResult> {
    return new Promise((done) => (this.waiting = done));
  }

  private hear(byte: number): void {
    this.text += String.fromCharCode(byte);
    if (byte !== 0x0a) return;
    const end = /\r?\n<<< (\d+)\r?\n$/.exec(this.text);
    if (end === null) return;
    const output = this.text.slice(0, end.index).replaceAll('\r', '');
    this.text = '';
    this.waiting?.({ status: Number(end[1]), output });
    this.waiting = null;
  }
}

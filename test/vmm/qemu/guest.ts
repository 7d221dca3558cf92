/** A Linux guest in QEMU (TCG), told what to do over its second serial line. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** From the root of the repository, where tests and benchmarks run. */
const SCRIPT = 'test/vmm/qemu/make-guest.sh';
const BOOT_MS = 60_000;
const COMMAND_MS = 60_000;
export const KERNEL_WORDS = 'console=ttyS0 quiet panic=-1';

export interface CommandResult {
  readonly status: number;
  readonly output: string;
}

const made = new Map<string, readonly [kernel: string, disk: string]>();

/** Kernel and memory disk, made once a process. */
export function guestFiles(programs: string): readonly [kernel: string, disk: string] {
  const before = made.get(programs);
  if (before !== undefined) return before;
  const env = { ...process.env, GUEST_PROGRAMS: programs };
  const { status, stdout, stderr } = spawnSync('bash', [SCRIPT], { encoding: 'utf8', env });
  if (status !== 0) throw new Error(`make-guest.sh: ${stderr}`);
  const [kernel, disk] = stdout.trim().split('\n');
  const files = [kernel!, disk!] as const;
  made.set(programs, files);
  return files;
}

export class QemuGuest {
  private readonly folder = mkdtempSync(join(tmpdir(), 'sluice-guest-'));
  private readonly process: ChildProcess;
  private line: Socket | null = null;
  private text = '';
  private waiting: ((result: CommandResult) => void) | null = null;

  /**
   * @param network - QEMU's arguments for its network cards
   * @param programs - of this machine, that the guest has beside busybox
   * @param fromNetwork - its card's firmware boots it; else it is given its kernel
   */
  constructor(network: readonly string[], programs: readonly string[] = [], fromNetwork = false) {
    const [kernel, disk] = guestFiles(programs.join(' '));
    const boot = fromNetwork ? ['-boot', 'n'] : ['-kernel', kernel, '-initrd', disk, '-append', KERNEL_WORDS];
    this.process = spawn(
      'qemu-system-x86_64',
      [
        ...[
          '-name',
          'guest,debug-threads=on',
          '-accel',
          'tcg',
          '-m',
          '192',
          '-smp',
          '1',
          '-display',
          'none',
          '-no-reboot',
          '-nodefaults',
        ],
        ...boot,
        ...['-serial', `file:${join(this.folder, 'console')}`],
        ...['-serial', `unix:${this.serialPath},server=on,wait=off`],
        ...network,
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
  }

  private get serialPath(): string {
    return join(this.folder, 'serial');
  }

  /** Waits until the guest takes commands. */
  async boot(withinMs = BOOT_MS): Promise<void> {
    const until = Date.now() + withinMs;
    while (this.line === null) {
      if (Date.now() > until || this.process.exitCode !== null) throw new Error('the guest did not start');
      this.line = await attempt(this.serialPath);
    }
    this.line.on('data', (chunk) => this.hear(chunk.toString()));
    this.line.on('error', () => {});
    await this.answer(withinMs);
  }

  async run(command: string): Promise<CommandResult> {
    const answer = this.answer(COMMAND_MS);
    this.line!.write(`${command}\n`);
    return answer;
  }

  get pid(): number {
    return this.process.pid!;
  }

  kill(): void {
    this.line?.destroy();
    this.process.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private answer(withinMs: number): Promise<CommandResult> {
    return new Promise((done, failed) => {
      const timer = setTimeout(
        () => failed(new Error(`no answer from the guest; it said: ${this.text}`)),
        withinMs,
      );
      this.waiting = (result) => {
        clearTimeout(timer);
        done(result);
      };
    });
  }

  private hear(text: string): void {
    this.text += text;
    const end = /\r?\n<<< (\d+)\r?\n/.exec(this.text);
    if (end === null) return;
    const output = this.text.slice(0, end.index).replaceAll('\r', '');
    this.text = this.text.slice(end.index + end[0].length);
    this.waiting?.({ status: Number(end[1]), output });
    this.waiting = null;
  }
}

function attempt(path: string): Promise<Socket | null> {
  return new Promise((done) => {
    const socket = connect({ path });
    socket.once('connect', () => done(socket));
    socket.once('error', () => setTimeout(() => done(null), 100));
  });
}

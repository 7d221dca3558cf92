/** A Linux guest in QEMU (TCG), told what to do over its second serial line. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const BOOT_MS = 60_000;
const COMMAND_MS = 60_000;

export interface CommandResult {
  readonly status: number;
  readonly output: string;
}

let made: readonly [kernel: string, disk: string] | undefined;

/** Kernel and memory disk, made once a process. */
function guestFiles(): readonly [kernel: string, disk: string] {
  if (made !== undefined) return made;
  const { status, stdout, stderr } = spawnSync('bash', [join(HERE, 'make-guest.sh')], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`make-guest.sh: ${stderr}`);
  const [kernel, disk] = stdout.trim().split('\n');
  return (made = [kernel!, disk!]);
}

export class QemuGuest {
  private readonly folder = mkdtempSync(join(tmpdir(), 'sluice-guest-'));
  private readonly process: ChildProcess;
  private line: Socket | null = null;
  private text = '';
  private waiting: ((result: CommandResult) => void) | null = null;

  /** @param network - QEMU's arguments for its network cards */
  constructor(network: readonly string[]) {
    const [kernel, disk] = guestFiles();
    this.process = spawn(
      'qemu-system-x86_64',
      [
        ...['-accel', 'tcg', '-m', '192', '-smp', '1', '-display', 'none', '-no-reboot', '-nodefaults'],
        ...['-kernel', kernel, '-initrd', disk, '-append', 'console=ttyS0 quiet panic=-1'],
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
  async boot(): Promise<void> {
    const until = Date.now() + BOOT_MS;
    while (this.line === null) {
      if (Date.now() > until || this.process.exitCode !== null) throw new Error('the guest did not start');
      this.line = await attempt(this.serialPath);
    }
    this.line.on('data', (chunk) => this.hear(chunk.toString()));
    this.line.on('error', () => {});
    await this.answer(BOOT_MS);
  }

  async run(command: string): Promise<CommandResult> {
    const answer = this.answer(COMMAND_MS);
    this.line!.write(`${command}\n`);
    return answer;
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

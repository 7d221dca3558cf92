/**
 * QEMU's monitor, as programs speak to it: a line of JSON for each command, answer and event (QEMU docs/interop/qmp-spec). One command at
 * a time.
 */
import { connect, type Socket } from 'node:net';

type Message = { readonly event?: string; readonly error?: { readonly desc: string } };
type Taker = (message: Message) => boolean;

export class Monitor {
  private readonly line: Socket;
  private text = '';
  private readonly takers = new Set<Taker>();

  private constructor(line: Socket) {
    this.line = line;
    line.on('data', (chunk) => this.hear(String(chunk)));
  }

  /** What makes QEMU listen there. */
  static words(path: string): string[] {
    return ['-qmp', `unix:${path},server=on,wait=off`];
  }

  static async at(path: string): Promise<Monitor> {
    const monitor = new Monitor(connect({ path }));
    await monitor.next((message) => 'QMP' in message);
    await monitor.execute('qmp_capabilities');
    return monitor;
  }

  async execute(command: string, words: object = {}): Promise<void> {
    const answer = this.next((message) => 'return' in message || 'error' in message);
    this.line.write(`${JSON.stringify({ execute: command, arguments: words })}\n`);
    const { error } = await answer;
    if (error !== undefined) throw new Error(`${command}: ${error.desc}`);
  }

  async event(name: string): Promise<void> {
    await this.next(({ event }) => event === name);
  }

  close(): void {
    this.line.destroy();
  }

  private next(isIt: (message: Message) => boolean): Promise<Message> {
    return new Promise((done, failed) => {
      const fail = () => failed(new Error('the monitor was closed'));
      this.line.once('close', fail);
      const taker = (message: Message) => {
        if (!isIt(message)) return false;
        this.line.off('close', fail);
        done(message);
        return true;
      };
      this.takers.add(taker);
    });
  }

  private hear(text: string): void {
    const lines = (this.text + text).split('\n');
    this.text = lines.pop()!;
    for (const line of lines) {
      const message = JSON.parse(line) as Message;
      for (const taker of this.takers) if (taker(message)) this.takers.delete(taker);
    }
  }
}

/** The file of an audit log: lines are appended as they come, and only its owner reads them. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { SluiceError } from '../base/errors.ts';
import type { LineSink } from './audit.ts';

const PRIVATE = 0o600;

export class AuditFile implements LineSink {
  private readonly fd: number;

  /** Throws SluiceError when it cannot be had. */
  constructor(path: string) {
    try {
      this.fd = openSync(path, 'a', PRIVATE);
    } catch (error) {
      throw new SluiceError('FILE', (error as Error).message, { file: path });
    }
  }

  append(line: string): void {
    writeSync(this.fd, line);
  }

  close(): void {
    closeSync(this.fd);
  }
}

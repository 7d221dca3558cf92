/** Files of a folder, for guests to boot from: what is below it, and nothing that a name or a link leads to outside of it. */
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import { SluiceError } from '../../base/errors.ts';
import type { TftpFile, TftpFiles } from '../../services/tftp-server.ts';

export class TftpFolder implements TftpFiles {
  private readonly root: string;

  /** Throws SluiceError when there is no such folder. */
  constructor(folder: string) {
    try {
      this.root = realpathSync(folder);
    } catch (error) {
      throw new SluiceError('FILE', `boot: ${(error as Error).message}`, { file: folder });
    }
  }

  open(name: string): TftpFile | undefined {
    const path = this.find(name);
    if (path === undefined) return undefined;
    // A pipe would have us wait for whoever writes to it.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    if (!stat.isFile()) {
      closeSync(fd);
      return undefined;
    }
    return {
      size: stat.size,
      read: (at, into) => void readSync(fd, into, 0, into.length, at),
      close: () => closeSync(fd),
    };
  }

  private find(name: string): string | undefined {
    if (name.includes('\0')) return undefined;
    try {
      const path = realpathSync(join(this.root, name));
      return path.startsWith(this.root + sep) ? path : undefined;
    } catch {
      return undefined;
    }
  }
}

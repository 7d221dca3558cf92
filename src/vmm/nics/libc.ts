/** The calls of the C library that TAP devices take, by koffi, which is an optional dependency. Linux only. */
import { SluiceError } from '../../base/errors.ts';

export interface Libc {
  open(path: string, flags: number): number;
  close(fd: number): number;
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  read(fd: number, into: Uint8Array, length: number): number;
  write(fd: number, from: Uint8Array, length: number): number;
  setns(fd: number, kind: number): number;
  /** In a thread of its own; calls back when there is something, or the time is over. */
  poll(request: Uint8Array, timeoutMs: number, done: () => void): void;
  /** What went wrong last, in the system's words. */
  error(): string;
}

let loaded: Libc | null = null;

/** Rejects with a SluiceError that says what to install. */
export async function loadLibc(): Promise<Libc> {
  if (loaded !== null) return loaded;
  if (process.platform !== 'linux') throw new SluiceError('NIC', 'TAP devices are for Linux');
  const { default: koffi } = await import('koffi').catch(() => {
    throw new SluiceError('NIC', 'TAP devices need the npm package koffi: npm install koffi');
  });
  const library = koffi.load(null);
  const poll = library.func('int poll(_Inout_ uint8_t *fds, unsigned long count, int timeout)');
  const strerror = library.func('const char *strerror(int error)') as (error: number) => string;
  loaded = {
    open: library.func('int open(const char *path, int flags)') as Libc['open'],
    close: library.func('int close(int fd)') as Libc['close'],
    ioctl: library.func(
      'int ioctl(int fd, unsigned long request, _Inout_ uint8_t *argument)',
    ) as Libc['ioctl'],
    read: library.func('long read(int fd, _Out_ uint8_t *into, unsigned long length)') as Libc['read'],
    write: library.func('long write(int fd, const uint8_t *from, unsigned long length)') as Libc['write'],
    setns: library.func('int setns(int fd, int kind)') as Libc['setns'],
    poll: (request, timeoutMs, done) => poll.async(request, 1, timeoutMs, () => done()),
    error: () => strerror(koffi.errno()),
  };
  return loaded;
}

/** Errors of system calls, in words. */
const REASONS = new Map([
  ['ENOENT', 'no such file or directory'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'operation not permitted'],
  ['EISDIR', 'is a directory'],
  ['ENOTDIR', 'a part of its path is not a directory'],
  ['ENOSPC', 'no space left on the device'],
  ['EPIPE', 'the reader of the pipe is gone'],
  ['EIO', 'input/output error'],
]);

/** `ENOENT` and the like; the empty string where there is none. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** An error of a system call in words, without its code and path. */
export function describeSystemError(error: unknown): string {
  return REASONS.get(errorCode(error)) ?? (error instanceof Error ? error.message : String(error));
}

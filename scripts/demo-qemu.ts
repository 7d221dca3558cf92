/**
 * `npm run demo:qemu`: what a guest network does for Linux guests, played before your eyes: commands, what they say, and whether
 * each act held. Installs nothing: what is missing is said. The acts are tests, too (test/vmm/qemu-acts.test.ts).
 */
import { spawnSync } from 'node:child_process';
import { ACTS, PROGRAMS, Stage } from '../test/vmm/qemu/acts.ts';

const PACKAGES =
  'qemu-system-x86 ipxe-qemu busybox-static cpio xz-utils iproute2 vsftpd lftp curl iputils-ping';

const missing = PROGRAMS.filter((name) => spawnSync('sh', ['-c', 'command -v "$0"', name]).status !== 0);
if (missing.length > 0) {
  console.error(`missing: ${missing.join(', ')} (Debian: apt-get install ${PACKAGES})`);
  process.exit(2);
}
if (process.getuid?.() !== 0) {
  console.error('missing: root, for a network namespace in which an FTP server has port 21');
  process.exit(2);
}

const stage = new Stage((line) => console.log(`    ${line}`));
process.once('SIGINT', () => void stage.close().finally(() => process.exit(130)));
let status = 0;
try {
  await stage.open();
  for (const [i, { says, play }] of ACTS.entries()) {
    console.log(`\n${i + 1}. ${says}`);
    await play(stage);
  }
  console.log(`\nAll ${ACTS.length} acts held.`);
} catch (error) {
  console.error(`\nThis act did not hold: ${(error as Error).message}`);
  status = 1;
} finally {
  await stage.close();
}
process.exit(status);

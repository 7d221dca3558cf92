/** The page with all that belongs to it, bundled and served on this machine. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const HERE = dirname(fileURLToPath(import.meta.url));
const WASM = fileURLToPath(new URL('v86.wasm', import.meta.resolve('v86')));
/** Programs that make the guest. */
const NEEDED = ['apt-get', 'dpkg-deb', 'cpio', 'gzip'];
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript',
  css: 'text/css',
  wasm: 'application/wasm',
};
/** Nothing is evaluated but WebAssembly; the terminal sets styles; guests may ask any site that lets them, or any relay. */
const POLICY =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; worker-src blob:; connect-src * ws: wss:";

/** Which of the programs are not there. */
export function missingPrograms(): string[] {
  return NEEDED.filter((name) => spawnSync('sh', ['-c', 'command -v "$0"', name]).status !== 0);
}

/** Serves the page on a port of the loopback interface; 0 takes a free one. */
export async function servePage(port: number): Promise<{ readonly server: Server; readonly url: string }> {
  const files = await filesOfPage();
  const server = createServer((request, response) => {
    const [path = ''] = (request.url ?? '/').split('?');
    const name = path.slice(1) || 'index.html';
    const body = files.get(name);
    if (body === undefined) return response.writeHead(404).end();
    const type = TYPES[name.split('.')[1] ?? ''] ?? 'application/octet-stream';
    return response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY }).end(body);
  });
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen({ host: '127.0.0.1', port }, done);
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

async function filesOfPage(): Promise<ReadonlyMap<string, Uint8Array>> {
  const { status, stdout, stderr } = spawnSync('bash', [join(HERE, 'guest/make-guest.sh')], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`make-guest.sh: ${stderr}`);
  const [kernel, disk, bios, vgaBios] = stdout.trim().split('\n');
  const { outputFiles } = await build({
    entryPoints: [join(HERE, 'page/page.ts'), join(HERE, 'page/page.css')],
    outdir: 'page',
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    // v86 asks for them in Node only.
    external: ['node:*', 'crypto', 'fs', 'perf_hooks'],
  });
  return new Map<string, Uint8Array>([
    ['index.html', readFileSync(join(HERE, 'page/index.html'))],
    ...outputFiles.map(({ path, contents }) => [path.split('/').pop()!, contents] as const),
    ['v86.wasm', readFileSync(WASM)],
    ['guest/kernel', readFileSync(kernel!)],
    ['guest/disk', readFileSync(disk!)],
    ['guest/bios', readFileSync(bios!)],
    ['guest/vga-bios', readFileSync(vgaBios!)],
  ]);
}

/**
 * `sluice conform --ask` from the sources, what the kernel does:
 *
 *     npx tsx test/kernel/ask.ts --rules FILE [--rules6 FILE] --gateway FILE --in IFACE=CAPTURE ...
 */
import { main } from '../../src/cli/main.ts';

const [node, script, ...words] = process.argv;
process.exitCode = await main([node!, script!, 'conform', '--ask', ...words]);

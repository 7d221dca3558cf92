/**
 * `sluice conform` from the sources, with nothing built and cases in TypeScript:
 *
 *     npx tsx test/kernel/conform.ts --random --cases 20
 */
import { main } from '../../src/cli/main.ts';

const [node, script, ...words] = process.argv;
process.exitCode = await main([node!, script!, 'conform', ...words]);

#!/usr/bin/env node
import './v8-flags.js';
import { main } from '../dist/cli/main.js';

process.exitCode = await main(process.argv);

import { describeConformance } from './conformance.ts';
import { askReplay } from '../../src/conform/sluice.ts';
import { askSluice } from './program.ts';

describeConformance('replay in this process', askReplay);
describeConformance('sluice replay', askSluice);

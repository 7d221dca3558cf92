import { describeConformance } from './conformance.ts';
import { askReplay, askSluice } from './sluice.ts';

describeConformance('replay in this process', askReplay);
describeConformance('sluice replay', askSluice);

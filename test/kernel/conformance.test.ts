import { describeConformance } from './conformance.ts';
import { askSluice } from './sluice.ts';

describeConformance('sluice', askSluice);

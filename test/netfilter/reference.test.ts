import { engineSuite } from './engine/index.ts';

describe('the reference interpreter', () => engineSuite('reference'));

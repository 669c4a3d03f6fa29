// What pages do beyond being read. Everything here is an addition: without it they still tell all.

import { tellTimes } from './times.js';

tellTimes(document);

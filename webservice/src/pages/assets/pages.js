// What pages do beyond being read. Everything here is an addition: without it they still tell all.

import { showFault } from './edit.js';
import { offerFilter } from './find.js';
import { tellTimes } from './times.js';

tellTimes(document);

for (const box of document.querySelectorAll('[data-filter]')) offerFilter(box);
for (const text of document.querySelectorAll('textarea[data-line]')) showFault(text);

// What pages do beyond being read. Everything here is an addition: without it they still tell all.

import { useOwnDays } from './days.js';
import { showFault } from './edit.js';
import { offerFilter } from './find.js';
import { follow } from './live.js';
import { tellTimes } from './times.js';

tellTimes(document);

for (const box of document.querySelectorAll('[data-filter]')) offerFilter(box);
for (const field of document.querySelectorAll('input[type=date]')) useOwnDays(field);
for (const text of document.querySelectorAll('textarea[data-line]')) showFault(text);

const page = document.querySelector('[data-live]');
const state = document.getElementById('state');
if (page) follow(page, (words) => { state.textContent = words; });

// What is not asked for does not have to stand in the address.
for (const form of document.querySelectorAll('form[role=search]')) {
  form.addEventListener('formdata', ({ formData }) => {
    for (const [name, value] of [...formData]) if (!value.trim()) formData.delete(name);
  });
}

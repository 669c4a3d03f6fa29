// Times in the reader's zone, with the exact one on hover; lengths that go on.

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const dayOfYear = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Tells every time below this element in the reader's words. */
export function tellTimes(root) {
  for (const time of root.querySelectorAll('time')) {
    const at = new Date(time.dateTime);
    time.textContent = short(at, new Date());
    time.title = `${exact.format(at)} (${time.dateTime})`;
  }
  for (const span of root.querySelectorAll('[data-since]')) count(span);
  for (const place of root.querySelectorAll('[data-zone]')) place.textContent = zone;
}

function count(span) {
  span.textContent = length(Math.max(0, (Date.now() - Date.parse(span.dataset.since)) / 1000));
}

/** As much of a time as tells it apart from now: today's without the day, this year's without the year. */
function short(at, now) {
  const time = clock.format(at);
  if (at.toDateString() === now.toDateString()) return time;
  const date = at.getFullYear() === now.getFullYear() ? day : dayOfYear;
  return `${date.format(at)}, ${time}`;
}

/** A length of time as the service says it. */
function length(seconds) {
  const [minutes, hours, days] = [60, 3600, 86400].map((unit) => Math.floor(seconds / unit));
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${days} d ${hours % 24} h`;
}

setInterval(() => {
  if (document.hidden) return;
  for (const span of document.querySelectorAll('[data-since]')) count(span);
}, 1000);

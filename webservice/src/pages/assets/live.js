// Keeps an open page up to date: the service sends those parts that changed, rendered as the page is.

import { tellTimes } from './times.js';

/** How long to wait before a service that refuses is asked again: longer each time. */
const PATIENCE = { first: 2000, most: 60000 };

/** Follows what the page shows for as long as somebody looks at it. */
export function follow(page, tellState) {
  let { seen } = page.dataset;
  let source, again;
  let patience = PATIENCE.first;

  function open() {
    source = new EventSource(withSeen(page.dataset.live, seen));
    source.onopen = () => { patience = PATIENCE.first; tellState('live'); };
    source.onmessage = ({ data, lastEventId }) => {
      seen = lastEventId;
      show(JSON.parse(data));
    };
    source.addEventListener('over', () => { close(); stop(); tellState(''); });
    source.onerror = () => {
      tellState('reconnecting…');
      // A browser comes back by itself to a service that was away, but not to one that refuses.
      if (source.readyState !== EventSource.CLOSED) return;
      again = setTimeout(open, patience);
      patience = Math.min(2 * patience, PATIENCE.most);
    };
  }

  function close() {
    clearTimeout(again);
    source?.close();
  }

  const visibility = new AbortController();
  const stop = () => visibility.abort();
  document.addEventListener('visibilitychange', () => {
    close();
    if (document.hidden) tellState('paused');
    else open();
  }, { signal: visibility.signal });
  if (!document.hidden) open();
}

function withSeen(address, seen) {
  return `${address}${address.includes('?') ? '&' : '?'}seen=${encodeURIComponent(seen)}`;
}

/** Puts the new parts in their places, and every list in its order. */
function show({ lists, parts }) {
  for (const [id, order] of Object.entries(lists)) {
    const list = document.getElementById(id);
    if (!list) continue;
    const elements = order
      .map((part) => renewed(document.getElementById(part), parts[part]))
      .filter(Boolean);
    for (const child of [...list.children]) if (!elements.includes(child)) child.remove();
    elements.forEach((element, at) => {
      if (list.children[at] !== element) list.insertBefore(element, list.children[at] ?? null);
    });
  }
}

/** The element as it is to be: the one that is there, changed where it differs, or a new one. */
function renewed(element, html) {
  if (html === undefined) return element;
  const fresh = parse(html);
  tellTimes(fresh);
  if (element?.nodeName !== fresh.nodeName) return fresh;
  adapt(element, fresh);
  return element;
}

function parse(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  return template.content.firstElementChild;
}

/** Makes a node like another and touches nothing else, so that what is selected, focused or opened stays so. */
function adapt(node, fresh) {
  if (node.nodeName !== fresh.nodeName) return node.replaceWith(fresh);
  if (node.nodeType !== Node.ELEMENT_NODE) {
    if (node.data !== fresh.data) node.data = fresh.data;
    return;
  }
  for (const { name } of [...node.attributes]) {
    if (!fresh.hasAttribute(name) && name !== 'open') node.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  }
  const [present, wanted] = [[...node.childNodes], [...fresh.childNodes]];
  wanted.forEach((child, at) => (present[at] ? adapt(present[at], child) : node.append(child)));
  for (const child of present.slice(wanted.length)) child.remove();
}

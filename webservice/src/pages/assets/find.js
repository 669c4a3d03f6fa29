// A box that leaves of a long text only the lines with some words, and the lines those belong to.

/** Makes the box work on the text that it names, and shows it. */
export function offerFilter(box) {
  const lines = split(document.getElementById(box.dataset.filter));
  const count = box.parentElement.querySelector('output');
  box.parentElement.hidden = false;
  box.addEventListener('input', () => {
    const found = show(lines, box.value.trim().toLowerCase());
    count.textContent = found === null ? '' : `${found} of ${lines.length} lines`;
  });
}

/** Gives every line an element of its own, which knows how deep it is indented. */
function split(text) {
  const lines = text.textContent.split('\n').map((line) => {
    const element = document.createElement('span');
    element.textContent = `${line}\n`;
    return { element, words: line.toLowerCase(), depth: line.search(/\S|$/) };
  });
  text.replaceChildren(...lines.map(({ element }) => element));
  return lines;
}

/** Shows the lines with these words and those that they stand in; tells how many there are. */
function show(lines, words) {
  let found = 0;
  let depth = 0; // Whatever is less deep, further up, holds what is shown.
  for (const { element, words: line, depth: own } of lines.toReversed()) {
    const wanted = words !== '' && line.includes(words);
    const shown = wanted || own < depth;
    if (shown) depth = own;
    if (wanted) found += 1;
    element.hidden = words !== '' && !shown;
    element.classList.toggle('found', wanted);
  }
  return words === '' ? null : found;
}

// Leads whoever edits a text to the line that is wrong.

/** Selects the line that the text names, and scrolls to it. */
export function showFault(text) {
  const line = Number(text.dataset.line);
  const lines = text.value.split('\n');
  const begin = lines.slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0);
  text.focus({ preventScroll: true });
  text.setSelectionRange(begin, begin + (lines[line - 1] ?? '').length);
  const height = text.scrollHeight / lines.length;
  text.scrollTop = Math.max(0, (line - 4) * height);
}

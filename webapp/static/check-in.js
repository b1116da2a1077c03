// The list at the door by keyboard: `/` goes to the search, arrows move along the list, Enter checks in or undoes it. Without
// it every button works all the same.
'use strict';

const field = () => document.getElementById('q');
const toggles = () => [...document.querySelectorAll('#door .tick')];
let isDirty = false; // the list is not yet that of the words in the field
let isEntered = false; // Enter was pressed meanwhile
let sent = '';

// Enter in the search: one person is checked in, of several the first gets the focus, so that the next Enter is about a name
// that can be read.
function enter() {
  const found = toggles();
  if (found.length === 1) { found[0].click(); field().select(); } else found[0]?.focus();
}

document.addEventListener('input', (event) => { if (event.target === field()) isDirty = true; });

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !field()) return;
  const at = toggles().indexOf(document.activeElement);
  const inField = document.activeElement === field();
  if (event.key === '/' && !inField) {
    event.preventDefault();
    field().focus();
    field().select();
  } else if (event.key === 'Enter' && inField) {
    if (isDirty) { isEntered = true; return; } // the form is submitted
    event.preventDefault();
    enter();
  } else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && (at >= 0 || inField)) {
    event.preventDefault();
    const next = at + (event.key === 'ArrowDown' ? 1 : -1);
    if (next < 0) field().focus(); else toggles()[next]?.focus();
  } else if (at >= 0 && /^[\p{L}\p{N}]$/u.test(event.key)) { // the next name
    field().focus();
    field().select();
  }
});

document.addEventListener('htmx:before:request', (event) => {
  if (event.detail.ctx.sourceElement.id === 'find') sent = field().value;
});

document.addEventListener('htmx:after:swap', (event) => {
  if (event.detail.ctx?.sourceElement?.id === 'find') {
    isDirty = field() !== null && field().value !== sent;
    if (isEntered && !isDirty) { isEntered = false; enter(); }
  } else if (document.activeElement === document.body && event.detail.ctx?.sourceElement?.closest?.('#door')) {
    field()?.focus(); // the row that had the focus is gone
  }
});

// What the dashboard does beyond its forms and htmx: everything here is comfort, nothing depends on it.
'use strict';

// The page follows what others do, but never under somebody's hands: not while a menu is open or a field has the focus. A
// search keeps what is typed.
document.addEventListener('htmx:before:request', (event) => {
  if (event.detail.ctx.sourceElement.id !== 'live') return;
  if (document.querySelector('#notice[data-outcome="signed-out"]')) return event.preventDefault();
  const busy = document.hidden || document.querySelector(':popover-open, #work details.drop[open]')
    || document.activeElement?.closest('#work form:not([role="search"])');
  if (busy) event.preventDefault();
});

// What was done is done: close and empty what it was done in. A refused form stays open.
document.addEventListener('htmx:after:swap', (event) => {
  const ctx = event.detail.ctx;
  if (!ctx?.response || ctx.response.status >= 400 || ctx.sourceElement?.id === 'live') return;
  for (const open of document.querySelectorAll('.menu:popover-open')) open.hidePopover();
  for (const search of document.querySelectorAll('#work details.drop:not([open]) form[role="search"]')) search.reset();
});

// An answer that led to another page: the address says which, for a reload and for who copies it.
document.addEventListener('htmx:after:swap', (event) => {
  const answer = event.detail.ctx?.response?.raw;
  if (answer?.redirected && event.detail.ctx.target?.id === 'work') history.replaceState(history.state, '', answer.url);
});

// Signed in again: the forms of the page that stayed are sent with the token of the new session.
document.addEventListener('htmx:after:swap', () => {
  const token = document.getElementById('notice')?.dataset.csrf;
  if (token) for (const field of document.getElementsByName('csrf')) field.value = token;
});

// A form that leads to another page is sent once the session is known to live; otherwise the page stays, and says so. The pages
// that sign somebody in have no place for that: their forms need no session.
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (!document.getElementById('notice') || form.method !== 'post' || form.matches('[hx-post], [data-live]') || !form.closest('#work')) return;
  event.preventDefault();
  sendWhileSignedIn(form, event.submitter);
});

async function sendWhileSignedIn(form, submitter) {
  const answer = await fetch('/dashboard/sign-in/renewal', { headers: { 'HX-Request': 'true' } }).catch(() => null);
  if (answer?.status === 204) {
    htmx.ajax('GET', '/dashboard', { target: '#notice', swap: 'outerHTML' });
    return;
  }
  const token = answer?.ok && /data-csrf="([0-9a-f]+)"/.exec(await answer.text());
  if (token) form.elements.csrf.value = token[1];
  form.dataset.live = '';
  form.requestSubmit(submitter);
  delete form.dataset.live;
}

// Beside the page the navigation is no menu: one that was open when the window grew is closed.
matchMedia('(min-width: 900px)').addEventListener('change', (wide) => {
  const nav = document.getElementById('nav');
  if (wide.matches && nav?.matches(':popover-open')) nav.hidePopover();
});

function closeDrops(except) {
  for (const open of document.querySelectorAll('details.drop[open]')) if (!open.contains(except)) open.open = false;
}
document.addEventListener('click', (event) => {
  closeDrops(event.target);
  const copier = event.target.closest('[data-copy]');
  if (copier) copy(copier);
  if (event.target.closest('[data-retry]')) location.reload();
  if (event.target.closest('[data-print]')) print();
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  const open = document.querySelector('details.drop[open]');
  if (!open) return;
  open.open = false;
  open.querySelector('summary').focus();
});

async function copy(button) {
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
  const label = button.querySelector('span');
  label.textContent = button.dataset.copied;
  label.setAttribute('role', 'status');
}

// A poll's form has a line for each option it may have; the empty ones come as the others are filled.
function showLines() {
  const lines = [...document.querySelectorAll('[data-line]')];
  const filled = lines.findLastIndex((line) => line.querySelector('input').value !== '');
  lines.forEach((line, number) => { line.hidden = number > Math.max(2, filled + 1); });
}
document.addEventListener('input', (event) => { if (event.target.closest('[data-line]')) showLines(); });
document.addEventListener('DOMContentLoaded', showLines);
document.addEventListener('htmx:after:swap', showLines);

// A preview says what is being typed.
document.addEventListener('input', (event) => {
  const mirror = event.target.dataset?.mirror;
  if (mirror) document.getElementById(mirror).textContent = event.target.value;
});

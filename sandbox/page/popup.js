// Dialogs inside the phone, as a client draws them over the Mini App.
import { el } from './dom.js';

// Resolves with the pressed button's id, or undefined when it was dismissed. One at a time.
export function popup(phone, { title = '', message, buttons, input }) {
  return new Promise((resolve) => {
    const before = document.activeElement;
    const close = (id) => {
      veil.remove();
      before?.focus?.();
      resolve(id);
    };
    const field = input === undefined ? null : el('input', { class: 'in', 'aria-label': input });
    const row = buttons.map(({ id, type, text }) => el('button', {
      type: 'button', class: type === 'destructive' ? type : undefined, on: { click: () => close(field && id === 'ok' ? field.value : id) },
    }, text || { ok: 'OK', close: 'Close', cancel: 'Cancel' }[type] || id));
    const box = el('div', { class: 'pop', role: 'alertdialog', 'aria-modal': 'true', 'aria-label': title || message },
      title && el('h2', {}, title), el('p', {}, message), field, el('div', { class: 'row' }, ...row));
    const veil = el('div', { class: 'veil' }, box);
    veil.addEventListener('click', (event) => { if (event.target === veil) close(undefined); });
    veil.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') close(undefined);
      if (event.key === 'Enter' && field && event.target === field) close(field.value);
    });
    phone.append(veil);
    (field ?? row.at(-1)).focus();
  });
}

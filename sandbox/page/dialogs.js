// Toasts and dialogs of the chat side.
import { byId, el, icon } from './dom.js';

export function toast(text, sign = 'check') {
  const shown = el('div', { class: 'toast' }, icon(sign, true), el('span', {}, text));
  byId('toasts').append(shown);
  setTimeout(() => shown.remove(), 2500 + 40 * text.length);
}

// Opens the one dialog; resolves with the value of the button, or '' when it was dismissed.
export function openDialog({ title, text = '', body = [], buttons = [['ok', 'OK']] }) {
  const dialog = byId('dialog');
  return new Promise((resolve) => {
    const choose = (value) => () => dialog.close(value);
    dialog.replaceChildren(
      el('h2', { id: 'dialog-title' }, title),
      text && el('p', {}, text),
      ...body,
      el('div', { class: 'row' }, ...buttons.map(([value, label]) => el('button', { type: 'button', on: { click: choose(value) } }, label))),
    );
    dialog.returnValue = '';
    dialog.addEventListener('close', () => resolve(dialog.returnValue), { once: true });
    dialog.showModal();
  });
}

export const showAlert = (title, text) => openDialog({ title, text });

// Choose one of several; resolves with its value, or null.
export async function chooseOne(title, choices) {
  const dialog = byId('dialog');
  const list = el('div', { class: 'pick' }, ...choices.map(([value, label, mark]) =>
    el('button', { type: 'button', on: { click: () => dialog.close(`=${value}`) } }, mark && el('span', { 'aria-hidden': 'true' }, mark), label)));
  const chosen = await openDialog({ title, body: [list], buttons: [['', 'Cancel']] });
  return chosen.startsWith('=') ? chosen.slice(1) : null;
}

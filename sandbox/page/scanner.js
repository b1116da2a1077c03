// The scanner over the Mini App: it stays open, code after code, until the app or the person closes it. A field stands in
// for the camera.
import { el } from './dom.js';

export function openScanner(phone, text) {
  if (phone.state.scanner) return;  // as on Android: nothing opens while one is open, without any event
  const field = el('input', { class: 'in', 'aria-label': 'Text of the code', autocomplete: 'off' });
  const sendCode = () => {
    const data = field.value;
    field.value = '';
    field.focus();
    if (data) phone.postToApp('qr_text_received', { data });
  };
  const veil = el('div', { class: 'veil' }, el('div', { class: 'pop scanner', role: 'alertdialog', 'aria-modal': 'true', 'aria-label': 'Scan a code' },
    el('h2', {}, 'Scan a code'), text && el('p', {}, text), el('p', { class: 'sub' }, 'There is no camera here. What does the code say?'), field,
    el('div', { class: 'row' },
      el('button', { type: 'button', on: { click: () => closeScanner(phone) } }, 'Cancel'),
      el('button', { type: 'button', on: { click: sendCode } }, 'OK'))));
  veil.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') closeScanner(phone);
    if (event.key === 'Enter' && event.target === field) sendCode();
  });
  phone.state.scanner = veil;
  phone.node.append(veil);
  field.focus();
}

// The app gets the event, whoever closes it.
export function closeScanner(phone) {
  if (!phone.state.scanner) return;
  phone.state.scanner.remove();
  phone.state.scanner = null;
  phone.postToApp('scan_qr_popup_closed');
}

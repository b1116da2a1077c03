// Check-in by Telegram's scanner, one code after another. Each code is put into the form it could be typed into, and sent.
// After a success the scanner stays open and only vibrates. Any other result is shown in the scanner, which has to be opened
// again for that, and on the screen behind it.
(() => {
  const app = window.Telegram?.WebApp;
  const button = () => document.querySelector('[data-scan]');
  const REPEAT_AFTER = 3000, CLOSED_AFTER = 1000;  // ms: a code in view is read many times a second; some clients do not report that the scanner closed
  let isOpen = false, nextText = null, timer, last = '', lastAt = 0;

  // A notice with the field to type a code into: for clients that have no scanner, or may have none.
  function showTypingHint(text) {
    const notice = Object.assign(document.createElement('div'), { id: 'notice', className: 'status' });
    notice.setAttribute('role', 'status');
    notice.append(Object.assign(document.createElement('p'), { textContent: text }));
    document.getElementById('notice').replaceWith(notice);
    document.getElementById('typing').open = true;
  }

  function startScanning() {
    if (!native.supports('6.4')) return showTypingHint(button().dataset.cannot);
    if (!/^(android|ios)/.test(app.platform)) showTypingHint(button().dataset.maybe);
    // If the button can be pressed, the scanner is closed; this client did not report it.
    if (isOpen) { isOpen = false; app.closeScanQrPopup(); }
    last = '';
    openScanner(button().dataset.words);
  }

  function openScanner(text) {
    if (isOpen || !button()) return;
    isOpen = true;
    app.showScanQrPopup({ text: text.slice(0, 64) }, onCode);
  }

  function onCode(text) {
    const isRepeat = text === last && Date.now() - lastAt < REPEAT_AFTER;
    [last, lastAt] = [text, Date.now()];
    const form = button() && document.getElementById(button().dataset.scan);
    if (isRepeat || !text) return false;
    if (!form) { isOpen = false; return true; }
    form.elements.scanned.value = text;
    form.requestSubmit();
    return false;
  }

  function reopen(text) {
    nextText = text;
    app.closeScanQrPopup();
    timer = setTimeout(onClosed, CLOSED_AFTER);
  }

  function onClosed() {
    const text = nextText;
    clearTimeout(timer);
    [isOpen, nextText] = [false, null];
    if (text !== null) openScanner(text);
  }

  document.addEventListener('htmx:after:swap', event => {
    const { ctx } = event.detail;
    if (ctx.sourceElement?.id !== 'by-code') return;
    const notice = document.querySelector('#notice strong')?.textContent, form = document.getElementById('by-code');
    if (ctx.response.status < 400 || isOpen) form?.reset();
    if (!isOpen) document.getElementById('typing')?.setAttribute('open', '');
    else if (ctx.response.status >= 400 || document.getElementById('screen').dataset.outcome !== 'here') reopen(notice ?? button()?.dataset.words ?? '');
  });
  // No connection: the banner is behind the scanner, so close it.
  document.addEventListener('htmx:error', event => { if (isOpen && event.detail.ctx?.sourceElement?.id === 'by-code') app.closeScanQrPopup(); });
  document.addEventListener('click', event => { if (event.target.closest('[data-scan]')) startScanning(); });
  if (native.supports('6.4')) app.onEvent('scanQrPopupClosed', onClosed);
})();

// The door: Telegram's scanner, one code after another. Each goes into the form it could be typed into, and is sent as if it
// had been. While all goes well the scanner stays open and only buzzes; what does not is said in the scanner itself, which
// has to be opened anew for that, and on the screen behind it.
(() => {
  const app = window.Telegram?.WebApp;
  const button = () => document.querySelector('[data-scan]');
  const AGAIN = 3000, LATEST = 1000;  // a code held up is read many times a second; a client that does not say it has closed has by then
  let open = false, words = null, timer, last = '', at = 0;

  // Said near the finger, with the field to type into: for clients that have no scanner, or may have none.
  function instead(said) {
    const notice = Object.assign(document.createElement('div'), { id: 'notice', className: 'status' });
    notice.setAttribute('role', 'status');
    notice.append(Object.assign(document.createElement('p'), { textContent: said }));
    document.getElementById('notice').replaceWith(notice);
    document.getElementById('typing').open = true;
  }

  function start() {
    if (!native.can('6.4')) return instead(button().dataset.cannot);
    if (!/^(android|ios)/.test(app.platform)) instead(button().dataset.maybe);
    // Who can press the button sees no scanner: it was put away by a client that does not say so.
    if (open) { open = false; app.closeScanQrPopup(); }
    last = '';
    show(button().dataset.words);
  }

  function show(said) {
    if (open || !button()) return;
    open = true;
    app.showScanQrPopup({ text: said.slice(0, 64) }, read);
  }

  function read(text) {
    const known = text === last && Date.now() - at < AGAIN;
    [last, at] = [text, Date.now()];
    const form = button() && document.getElementById(button().dataset.scan);
    if (known || !text) return false;
    if (!form) { open = false; return true; }
    form.elements.scanned.value = text;
    form.requestSubmit();
    return false;
  }

  function anew(said) {
    words = said;
    app.closeScanQrPopup();
    timer = setTimeout(closed, LATEST);
  }

  function closed() {
    const said = words;
    clearTimeout(timer);
    [open, words] = [false, null];
    if (said !== null) show(said);
  }

  document.addEventListener('htmx:after:swap', event => {
    const { ctx } = event.detail;
    if (ctx.sourceElement?.id !== 'by-code') return;
    const notice = document.querySelector('#notice strong')?.textContent, form = document.getElementById('by-code');
    if (ctx.response.status < 400 || open) form?.reset();
    if (!open) document.getElementById('typing')?.setAttribute('open', '');
    else if (ctx.response.status >= 400 || document.getElementById('screen').dataset.outcome !== 'here') anew(notice ?? button()?.dataset.words ?? '');
  });
  // The net is gone: what the banner says is behind the scanner.
  document.addEventListener('htmx:error', event => { if (open && event.detail.ctx?.sourceElement?.id === 'by-code') app.closeScanQrPopup(); });
  document.addEventListener('click', event => { if (event.target.closest('[data-scan]')) start(); });
  if (native.can('6.4')) app.onEvent('scanQrPopupClosed', closed);
})();

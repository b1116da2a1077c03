// Telegram's own parts: theme, buttons, haptics, popups, links. Each behind its version: an old client and a plain browser
// get the same page with its own buttons.
const native = (() => {
  const app = window.Telegram?.WebApp;
  const inside = Boolean(app && app.platform !== 'unknown');
  const can = version => inside && app.isVersionAtLeast(version);
  const root = document.documentElement;
  const paint = document.createElement('canvas').getContext('2d', { willReadFrequently: true });

  // Any CSS colour as #rrggbb, which is all Telegram takes.
  function hex(colour) {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    return '#' + [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3).map(v => v.toString(16).padStart(2, '0')).join('');
  }

  function theme() {
    if (inside) root.dataset.scheme = app.colorScheme;
    guard(root);
    if (can('6.1')) {
      app.setHeaderColor('secondary_bg_color');
      app.setBackgroundColor('secondary_bg_color');
    }
    dress();
  }

  // Native buttons take the words, colours and deeds of the page's own, which step back behind them.
  const twins = { main: null, second: null };
  const buttons = () => ({ main: can('6.0') ? app.MainButton : null, second: can('7.10') ? app.SecondaryButton : null });

  function dress() {
    const screen = document.getElementById('screen');
    for (const [kind, button] of Object.entries(buttons())) {
      const twin = [...screen?.querySelectorAll(`[data-native="${kind}"]`) ?? []].find(one => !one.closest('[hidden]')) ?? null;
      twins[kind] = button ? twin : null;
      if (!button) continue;
      if (!twin) { if (button.isVisible) button.hide(); continue; }
      twin.removeAttribute('data-behind');
      const style = getComputedStyle(twin);
      const flat = style.backgroundColor === 'rgba(0, 0, 0, 0)' ? 'white' : style.backgroundColor;
      button.setParams({ text: twin.textContent.trim(), color: hex(flat), text_color: hex(style.color), is_visible: true, is_active: !twin.disabled });
      if (kind === 'second' && can('7.10')) button.setParams({ position: 'left' });
      twin.setAttribute('data-behind', '');
    }
    const bar = screen?.querySelector('.answer');
    if (bar) bar.toggleAttribute('data-behind', [...bar.children].every(child => child.hasAttribute('data-behind')));
    // What cannot be taken down here, the bot sends.
    if (inside && !can('8.0')) screen?.querySelectorAll('[data-in-chat]').forEach(button => { button.hidden = false; button.previousElementSibling.hidden = true; });
    screen?.querySelector('[data-close]')?.toggleAttribute('hidden', !inside);
    if (can('6.1')) app.BackButton[screen?.dataset.back ? 'show' : 'hide']();
    offerHome(screen);
  }

  // The one that was pressed shows that it is at work; nothing else does.
  let pressed = null;
  const press = kind => () => {
    if (!twins[kind]?.isConnected) return;
    pressed = twins[kind].href ? null : buttons()[kind];
    twins[kind].click();
  };

  function busy(is) {
    if (!pressed) return;
    if (is) return pressed.showProgress(false);
    pressed.hideProgress();
    pressed = null;
  }

  // Success on booked, warning on waiting, error on refusal; nothing for what only moves about.
  const FEEL = { booked: 'success', voted: 'success', here: 'success', done: 'success', already: 'warning', waiting: 'warning', replacing: 'warning', offered: 'warning', refused: 'error' };
  function feel(outcome) { if (can('6.1') && FEEL[outcome]) app.HapticFeedback.notificationOccurred(FEEL[outcome]); }
  function tick() { if (can('6.1')) app.HapticFeedback.selectionChanged(); }

  // Telegram asks before it closes only while something would be lost.
  function unsaved(is) { if (can('6.2') && is !== app.isClosingConfirmationEnabled) app.isClosingConfirmationEnabled = is; }

  // A question before what cannot be taken back; yes is a red button with the deed's own name.
  function confirm(question, yes, then) {
    const answer = said => { if (!said) pressed = null; then(said); };
    if (!can('6.2')) return answer(window.confirm(question));
    try {
      app.showPopup({ message: question.slice(0, 256), buttons: [{ id: 'yes', type: 'destructive', text: yes }, { type: 'cancel' }] }, id => answer(id === 'yes'));
    } catch { answer(false); }  // another popup is open: the question was not asked, so nothing is done
  }

  // Links out of the app. In a frame, the official script would let a t.me link lead the frame itself away.
  function follow(event) {
    const link = event.target.closest?.('a[href^="http"]');
    if (!link || !inside || new URL(link.href).origin === location.origin && !link.target) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (link.matches('[data-write]') && can('6.9')) return write();
    if (link.dataset.share && can('8.0')) return share(link);
    if (link.dataset.download && can('8.0')) return app.downloadFile({ url: link.href, file_name: link.dataset.download });
    if (new URL(link.href).hostname === 't.me' && can('6.1')) app.openTelegramLink(link.href);
    else app.openLink(link.href);
  }

  // A message that Telegram sends for the reader, with a button that leads back here. It is made now; where that cannot be,
  // the link is sent on instead, and nobody is told of it.
  let sharing = null;
  async function share(link) {
    if (link.ariaBusy) return;
    sharing = link;
    link.ariaBusy = 'true';
    const id = await session.ask(link.dataset.share, { method: 'POST', headers: {} }).then(answer => answer.status === 200 ? answer.text() : '', () => '');
    link.ariaBusy = null;
    if (!id) return app.openTelegramLink(link.href);
    try { app.shareMessage(id); } catch { app.openTelegramLink(link.href); }
  }

  // Telegram's own question whether the bot may write to the reader. Were our server away just then, the next launch tells it.
  function write() {
    try { app.requestWriteAccess(allowed => { if (allowed) session.ask('/app/me/writing', { method: 'POST', headers: {} }).then(mayWrite, () => {}); }); } catch { /* it is being asked */ }
  }
  const mayWrite = answer => { if (answer.ok) document.querySelectorAll('[data-write]').forEach(link => link.closest('li').remove()); };

  // Asked at the moment it matters, which is when someone books or waits and the bot may not write to them yet: first why, in
  // words, then Telegram's question. Once: Telegram keeps for us, on all their devices, that it was. The row with the same
  // offer stays, for those who come to think otherwise and for old clients.
  const ASKED = 'asked_to_write';
  function askToWrite({ why, yes, no }) {
    if (!can('6.9')) return;
    app.CloudStorage.getItem(ASKED, (error, asked) => {
      if (error || asked) return;
      try {
        app.showPopup({ message: why, buttons: [{ id: 'yes', type: 'default', text: yes }, { id: 'no', type: 'default', text: no }] }, id => { if (id === 'yes') write(); });
        app.CloudStorage.setItem(ASKED, '1');
      } catch { /* another popup is open: it was not asked */ }
    });
  }

  // A way to the home screen, while the client says that there is one and not that it was taken; some cannot tell.
  let home = '';
  function offerHome(screen) {
    const row = screen?.querySelector('#home-screen');
    if (!row || !can('8.0')) return;
    row.hidden = home !== 'missed' && home !== 'unknown';
    if (home) return;
    home = 'asked';
    app.checkHomeScreenStatus(status => { home = status; offerHome(document.getElementById('screen')); });
  }

  function begin(back, settings) {
    document.addEventListener('click', follow, true);
    document.addEventListener('click', event => { if (event.target.closest('[data-home]')) app.addToHomeScreen(); });
    document.addEventListener('click', event => { if (inside && event.target.closest('[data-close]')) app.close(); });
    if (/Telegram-Android.*; LOW\)/.test(navigator.userAgent)) root.dataset.calm = '';
    if (inside) {
      app.ready();
      app.expand();
      app.onEvent('themeChanged', theme);
      if (can('6.0')) app.MainButton.onClick(press('main'));
      if (can('7.10')) app.SecondaryButton.onClick(press('second'));
      if (can('6.1')) app.BackButton.onClick(back);
      // A minimised app is as good as hidden, and may not be told so by its browser.
      if (can('8.0')) app.onEvent('activated', () => document.dispatchEvent(new Event('visibilitychange')));
      if (can('7.0')) app.SettingsButton.show().onClick(settings);
      app.onEvent('homeScreenAdded', () => { home = 'added'; dress(); });
      app.onEvent('shareMessageFailed', ({ error }) => { if (error !== 'USER_DECLINED' && sharing) app.openTelegramLink(sharing.href); });
    }
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', theme);
    theme();
  }

  return { askToWrite, begin, busy, can, confirm, dress, feel, inside, tick, unsaved };
})();

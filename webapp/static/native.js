// Telegram's native parts: theme, buttons, haptics, popups, links. Each is used from the version that has it; old clients
// and plain browsers get the same page with its own buttons.
const native = (() => {
  const app = window.Telegram?.WebApp;
  const isInTelegram = Boolean(app && app.platform !== 'unknown');
  const supports = version => isInTelegram && app.isVersionAtLeast(version);
  const root = document.documentElement;
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });

  // Any CSS colour as #rrggbb, the only form that Telegram accepts.
  function hex(colour) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return '#' + [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map(v => v.toString(16).padStart(2, '0')).join('');
  }

  function applyTheme() {
    if (isInTelegram) root.dataset.scheme = app.colorScheme;
    ensureContrast(root);
    if (supports('6.1')) {
      app.setHeaderColor('secondary_bg_color');
      app.setBackgroundColor('secondary_bg_color');
    }
    syncButtons();
  }

  // Native buttons copy the text, colours and action of the page's own buttons, which are then hidden.
  const pageButtons = { main: null, second: null };
  const nativeButtons = () => ({ main: supports('6.0') ? app.MainButton : null, second: supports('7.10') ? app.SecondaryButton : null });

  function syncButtons() {
    const screen = document.getElementById('screen');
    for (const [kind, button] of Object.entries(nativeButtons())) {
      const pageButton = [...screen?.querySelectorAll(`[data-native="${kind}"]`) ?? []].find(one => !one.closest('[hidden]')) ?? null;
      pageButtons[kind] = button ? pageButton : null;
      if (!button) continue;
      if (!pageButton) { if (button.isVisible) button.hide(); continue; }
      pageButton.removeAttribute('data-behind');
      const style = getComputedStyle(pageButton);
      const flat = style.backgroundColor === 'rgba(0, 0, 0, 0)' ? 'white' : style.backgroundColor;
      button.setParams({ text: pageButton.textContent.trim(), color: hex(flat), text_color: hex(style.color), is_visible: true, is_active: !pageButton.disabled });
      if (kind === 'second' && supports('7.10')) button.setParams({ position: 'left' });
      pageButton.setAttribute('data-behind', '');
    }
    const bar = screen?.querySelector('.answer');
    if (bar) bar.toggleAttribute('data-behind', [...bar.children].every(child => child.hasAttribute('data-behind')));
    // Clients that cannot download files get a button that has the bot send them.
    if (isInTelegram && !supports('8.0')) screen?.querySelectorAll('[data-in-chat]').forEach(button => { button.hidden = false; button.previousElementSibling.hidden = true; });
    screen?.querySelector('[data-close]')?.toggleAttribute('hidden', !isInTelegram);
    if (supports('6.1')) app.BackButton[screen?.dataset.back ? 'show' : 'hide']();
    offerHomeScreen(screen);
  }

  // Only the pressed native button shows progress.
  let pressed = null;
  const clickPageButton = kind => () => {
    if (!pageButtons[kind]?.isConnected) return;
    pressed = pageButtons[kind].href ? null : nativeButtons()[kind];
    pageButtons[kind].click();
  };

  function setBusy(is) {
    if (!pressed) return;
    if (is) return pressed.showProgress(false);
    pressed.hideProgress();
    pressed = null;
  }

  // Haptic feedback by outcome: success, warning or error; none for navigation.
  const HAPTICS = { booked: 'success', voted: 'success', here: 'success', done: 'success', already: 'warning', waiting: 'warning', replacing: 'warning', offered: 'warning', refused: 'error' };
  function hapticResult(outcome) { if (supports('6.1') && HAPTICS[outcome]) app.HapticFeedback.notificationOccurred(HAPTICS[outcome]); }
  function hapticTick() { if (supports('6.1')) app.HapticFeedback.selectionChanged(); }

  // Telegram asks for confirmation before closing only while input would be lost.
  function setUnsaved(is) { if (supports('6.2') && is !== app.isClosingConfirmationEnabled) app.isClosingConfirmationEnabled = is; }

  // A question before an act that cannot be undone; the confirming button is red and named after the act.
  function confirm(question, yes, then) {
    const answer = confirmed => { if (!confirmed) pressed = null; then(confirmed); };
    if (!supports('6.2')) return answer(window.confirm(question));
    try {
      app.showPopup({ message: question.slice(0, 256), buttons: [{ id: 'yes', type: 'destructive', text: yes }, { type: 'cancel' }] }, id => answer(id === 'yes'));
    } catch { answer(false); }  // another popup is open, so the question was not asked: do nothing
  }

  // Links out of the app. In a frame, the official script would navigate the frame itself to a t.me link.
  function openLink(event) {
    const link = event.target.closest?.('a[href^="http"]');
    if (!link || !isInTelegram || new URL(link.href).origin === location.origin && !link.target) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (link.matches('[data-write]') && supports('6.9')) return requestWriteAccess();
    if (link.dataset.share && supports('8.0')) return share(link);
    if (link.dataset.signsIn) return openSignedIn(link);
    if (link.dataset.download && supports('8.0')) return app.downloadFile({ url: link.href, file_name: link.dataset.download });
    if (new URL(link.href).hostname === 't.me' && supports('6.1')) app.openTelegramLink(link.href);
    else app.openLink(link.href);
  }

  // Share a prepared message with a button that opens this screen. When it cannot be prepared, share the link instead, without
  // an error.
  let sharing = null;
  async function share(link) {
    if (link.ariaBusy) return;
    sharing = link;
    link.ariaBusy = 'true';
    const id = await session.request(link.dataset.share, { method: 'POST', headers: {} }).then(answer => answer.status === 200 ? answer.text() : '', () => '');
    link.ariaBusy = null;
    if (!id) return app.openTelegramLink(link.href);
    try { app.shareMessage(id); } catch { app.openTelegramLink(link.href); }
  }

  // Open the dashboard in the reader's browser by a link that signs them in, once; without one, it asks them to sign in.
  async function openSignedIn(link) {
    if (link.ariaBusy) return;
    link.ariaBusy = 'true';
    const address = await session.request(link.dataset.signsIn, { method: 'POST', headers: {} }).then(answer => answer.status === 200 ? answer.text() : '', () => '');
    link.ariaBusy = null;
    app.openLink(address || link.href);
  }

  // Telegram's own question whether the bot may write to the reader. If our server misses the answer, the next launch has it.
  function requestWriteAccess() {
    try { app.requestWriteAccess(allowed => { if (allowed) session.request('/app/me/writing', { method: 'POST', headers: {} }).then(hideWriteRows, () => {}); }); } catch { /* the question is open already */ }
  }
  const hideWriteRows = answer => { if (answer.ok) document.querySelectorAll('[data-write]').forEach(link => link.closest('li').remove()); };

  // After a booking, when the bot may not write to the reader yet: first the reason, then Telegram's question. Only once:
  // Telegram's CloudStorage remembers it on all their devices. The row with the same offer stays for later and for old
  // clients.
  const ASKED = 'asked_to_write';
  function askToWrite({ why, yes, no }) {
    if (!supports('6.9')) return;
    app.CloudStorage.getItem(ASKED, (error, asked) => {
      if (error || asked) return;
      try {
        app.showPopup({ message: why, buttons: [{ id: 'yes', type: 'default', text: yes }, { id: 'no', type: 'default', text: no }] }, id => { if (id === 'yes') requestWriteAccess(); });
        app.CloudStorage.setItem(ASKED, '1');
      } catch { /* another popup is open, so the question was not asked */ }
    });
  }

  // The row that adds a shortcut to the home screen: shown unless the client says that it cannot, or that there is one.
  let homeStatus = '';
  function offerHomeScreen(screen) {
    const row = screen?.querySelector('#home-screen');
    if (!row || !supports('8.0')) return;
    row.hidden = homeStatus !== 'missed' && homeStatus !== 'unknown';
    if (homeStatus) return;
    homeStatus = 'asked';
    app.checkHomeScreenStatus(status => { homeStatus = status; offerHomeScreen(document.getElementById('screen')); });
  }

  function init(back, settings) {
    document.addEventListener('click', openLink, true);
    document.addEventListener('click', event => { if (event.target.closest('[data-home]')) app.addToHomeScreen(); });
    document.addEventListener('click', event => { if (isInTelegram && event.target.closest('[data-close]')) app.close(); });
    if (/Telegram-Android.*; LOW\)/.test(navigator.userAgent)) root.dataset.calm = '';
    if (isInTelegram) {
      app.ready();
      app.expand();
      app.onEvent('themeChanged', applyTheme);
      if (supports('6.0')) app.MainButton.onClick(clickPageButton('main'));
      if (supports('7.10')) app.SecondaryButton.onClick(clickPageButton('second'));
      if (supports('6.1')) app.BackButton.onClick(back);
      // A minimised app is hidden, but its browser may send no visibilitychange.
      if (supports('8.0')) app.onEvent('activated', () => document.dispatchEvent(new Event('visibilitychange')));
      if (supports('7.0')) app.SettingsButton.show().onClick(settings);
      app.onEvent('homeScreenAdded', () => { homeStatus = 'added'; syncButtons(); });
      app.onEvent('shareMessageFailed', ({ error }) => { if (error !== 'USER_DECLINED' && sharing) app.openTelegramLink(sharing.href); });
    }
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', applyTheme);
    applyTheme();
  }

  return { askToWrite, init, setBusy, supports, confirm, syncButtons, hapticResult, isInTelegram, hapticTick, setUnsaved };
})();

// The page around the screens: the first screen, checking for changes, working without a connection. The screens come from
// the server; htmx swaps them into #screen.
(() => {
  const screen = () => document.getElementById('screen');
  const show = id => document.getElementById(id)?.removeAttribute('hidden');
  const isCheck = ctx => ctx.sourceElement?.hasAttribute?.('data-live');
  const hide = id => document.getElementById(id)?.setAttribute('hidden', '');
  let retry = null;  // what the Retry button does
  let unsent = null;  // the element whose change did not reach the server

  // --- the first screen ---

  function start() {
    const { path } = session;
    if (!session.isKnown) return showOutside(path);
    retry = () => go(path, { replace: path });
    retry();
  }

  function go(path, history) {
    return htmx.ajax('GET', path, { target: '#screen', swap: 'outerSync', ...history });
  }

  // Outside Telegram the reader is unknown: a link opens the same screen inside Telegram. A public event has a page of its own.
  async function showOutside(path) {
    const [, noun, code] = /^\/app\/(event|poll)s\/([a-z0-9]+)/.exec(path) ?? [];
    if (code) document.getElementById('open-in-telegram').href = `${document.body.dataset.link}?startapp=${noun[0]}_${code}`;
    if (noun === 'event' && !native.isInTelegram && await isPublic(`/e/${code}`)) return location.replace(`/e/${code}`);
    document.getElementById('loading').hidden = true;
    show('outside');
  }
  const isPublic = page => fetch(page, { method: 'HEAD' }).then(answer => answer.ok, () => false);

  function showStale() {
    hide('loading');
    if (document.getElementById('stale')) return show('stale');
    location.reload();
  }

  // --- every request ---

  document.addEventListener('htmx:config:request', event => {
    const { ctx } = event.detail;
    // After an erasure a request would register the person again.
    if ('ended' in screen().dataset) return event.preventDefault();
    if (isCheck(ctx)) ctx.asked = ctx.sourceElement.getAttribute('hx-get');
    ctx.fetch = session.request;
  });

  document.addEventListener('htmx:before:request', event => {
    const { ctx } = event.detail;
    if (isCheck(ctx)) return;
    const notice = document.getElementById('notice');
    if (notice?.className) notice.replaceWith(Object.assign(document.createElement('div'), { id: 'notice' }));
    if (ctx.request.method !== 'GET') { native.setBusy(true); screen().setAttribute('aria-busy', 'true'); }
    const { sourceElement, sourceEvent } = ctx;
    retry = sourceEvent?.type && sourceElement !== document.body
      ? () => sourceElement.isConnected ? htmx.trigger(sourceElement, sourceEvent.type) : reloadScreen()
      : retry ?? reloadScreen;
  });

  document.addEventListener('htmx:finally:request', () => { native.setBusy(false); screen().removeAttribute('aria-busy'); });

  document.addEventListener('htmx:after:request', event => {
    const { ctx } = event.detail;
    const failed = isUnavailable(ctx.response.status);
    if (!isCheck(ctx)) unsent = failed ? changeSource(ctx) : null;
    if (failed) return isCheck(ctx) && onNoAnswer(ctx.response.headers.get('Retry-After'));
    hideOffline();
    onAnswer();
  });

  // A response that is neither a screen nor retargeted is not swapped in: a proxy's error, a page for documents.
  document.addEventListener('htmx:before:swap', event => {
    const { ctx } = event.detail;
    const { status } = ctx.response ?? {};
    focusTarget = document.activeElement !== document.body && (ctx.request.method === 'GET' && !isCheck(ctx) ? 'another screen' : 'result');
    if (!status || status === 204) return;
    if (isCheck(ctx) && (isUnavailable(status) || !ctx.sourceElement.isConnected || ctx.sourceElement.getAttribute('hx-get') !== ctx.asked)) return event.preventDefault();
    if (status === 401) { event.preventDefault(); return showStale(); }
    if (ctx.hx?.retarget || ctx.text.includes('id="screen"')) return;
    event.preventDefault();
    showOffline();
  });

  // Keyboard and screen reader users keep their place: when the element they pressed is gone, the result gets the focus.
  let focusTarget = false;  // set before the swap, which may remove the focused element
  function restoreFocus() {
    if (!focusTarget || document.activeElement !== document.body) return;
    const result = focusTarget === 'result' && document.querySelector('#notice[role], #standing [role=status], .status[role=status]');
    const place = result || screen();
    place.tabIndex = -1;
    place.focus({ preventScroll: true });
  }

  document.addEventListener('htmx:after:swap', event => {
    const { ctx } = event.detail;
    // The server has accepted what was typed: reset the form to the values it sent.
    if (ctx.request.method !== 'GET' && ctx.response.status < 400 && ctx.sourceElement.matches?.('form[data-typed]')) ctx.sourceElement.reset();
    restoreFocus();
    if (ctx.request.method !== 'GET') {
      const { outcome = screen().dataset.outcome, why, yes, no } = document.getElementById('standing')?.dataset ?? {};
      native.hapticResult(ctx.response.status >= 400 ? 'refused' : outcome);
      if (why) native.askToWrite({ why, yes, no });
    }
    onScreen();
  });

  // No connection: the screen stays, and says how old it is.
  document.addEventListener('htmx:error', event => {
    const { ctx } = event.detail;
    if (!ctx || ctx.response) return;
    if (isCheck(ctx)) return onNoAnswer();
    unsent = changeSource(ctx);
    showOffline();
  });

  document.addEventListener('htmx:confirm', event => {
    const { ctx, issueRequest, dropRequest } = event.detail;
    event.preventDefault();
    native.confirm(ctx.confirm, ctx.sourceElement.dataset.yes ?? 'OK', yes => yes ? issueRequest() : dropRequest());
  });

  const reloadScreen = () => go(location.pathname + location.search, { replace: location.pathname + location.search });

  // --- checking for changes: a visible screen asks every few seconds whether it is fresh; its #live element listens to look ---

  // Milliseconds from a response to the next check: changes are on the screen within three seconds, round trip included. The
  // interval varies a little, so that a thousand screens do not ask at once, and grows while there is no answer.
  const INTERVAL = 2300, MAX_INTERVAL = 10000;
  let interval = INTERVAL, failures = 0, timer = null, lastAnswerAt = Date.now();

  function checkNow() {
    clearTimeout(timer);
    const live = document.getElementById('live');
    if (!live || document.hidden || !navigator.onLine) return;
    scheduleCheck();  // htmx drops the check while a tap is under way
    htmx.trigger(live, 'look');
  }

  function scheduleCheck() {
    clearTimeout(timer);
    timer = setTimeout(checkNow, interval * (.9 + Math.random() * .2));
  }

  function onAnswer() {
    lastAnswerAt = Date.now();
    [interval, failures] = [INTERVAL, 0];
    scheduleCheck();
  }

  // No answer, or “not now”: shown from the second time on. `seconds` is Retry-After.
  function onNoAnswer(seconds) {
    if (++failures > 1) showOffline();
    interval = Math.min(MAX_INTERVAL, Math.max(INTERVAL * 2 ** (failures - 1), 1000 * seconds || 0));
    scheduleCheck();
  }

  const isUnavailable = status => status >= 500 || status === 429;
  const changeSource = ctx => ctx.request.method === 'GET' ? null : ctx.sourceElement;

  // The hour of an instant where the reader is. The server's zone data may be newer than this device's, so the server sends
  // how many minutes the reader's clock is ahead of UTC.
  const localHour = (instant, { lang, dataset }) =>
    new Date(instant + 60000 * Number(dataset.utcOffset)).toLocaleTimeString(lang, { timeStyle: 'short', timeZone: 'UTC' });

  // The screen may be outdated: the banner says from when it is.
  function showOffline() {
    const hour = document.querySelector('#offline time');
    if (hour) hour.textContent = localHour(lastAnswerAt, hour);
    document.querySelector('[data-unsent]')?.toggleAttribute('hidden', !unsent?.isConnected);
    show('offline');
    native.syncButtons();
  }

  // While a tap is still unsent the banner stays, with its Retry button.
  function hideOffline() {
    if (unsent?.isConnected || document.getElementById('offline')?.hidden !== false) return;
    hide('offline');
    native.syncButtons();
  }

  addEventListener('offline', showOffline);
  addEventListener('online', () => {
    [interval, failures] = [INTERVAL, 0];
    if (document.getElementById('live')) checkNow();
    else if (document.getElementById('loading')) retry?.();
    else hideOffline();  // keep what is typed on this screen
  });
  document.addEventListener('visibilitychange', checkNow);

  // --- history: its depth tells Telegram's back button whether there is a screen to go back to ---

  document.addEventListener('htmx:before:history:update', event => {
    // Without sessionStorage a reload needs Telegram's part of the address, so it stays in it.
    if (!session.canStore && location.hash) event.detail.history.path = event.detail.history.path.split('#')[0] + location.hash;
  });
  document.addEventListener('htmx:after:history:push', () => history.replaceState({ htmx: true, depth: depth + 1 }, ''));
  document.addEventListener('htmx:after:history:replace', () => history.replaceState({ htmx: true, depth }, ''));
  let depth = history.state?.depth ?? 0;
  document.addEventListener('htmx:after:history:update', () => { depth = history.state?.depth ?? 0; });
  document.addEventListener('htmx:before:history:restore', () => { depth = history.state?.depth ?? 0; });

  function back() {
    const up = screen().dataset.back;
    if (depth > 0) history.back();
    else if (up) go(up, { replace: up });
  }

  // --- forms ---

  function changeGuests(button) {
    const steps = button.closest('[data-steps]'), field = steps.querySelector('[name=guests]');
    const most = Number(steps.dataset.most), guests = Math.min(most, Math.max(0, Number(field.value) + Number(button.dataset.step)));
    if (guests === Number(field.value)) return;
    field.value = guests;
    steps.querySelector('output').textContent = guests;
    steps.querySelectorAll('[name=name]').forEach((name, n) => { name.disabled = name.closest('li').hidden = n >= guests; });
    document.getElementById('brings-whose').hidden = !guests;
    steps.querySelectorAll('[data-step]').forEach(b => { b.disabled = b.dataset.step < 0 ? guests === 0 : guests >= most; });
    native.hapticTick();
  }

  // The vote button appears once the choice differs from the vote that was sent. It says how many options are chosen, and
  // the others are disabled at the maximum.
  function updateVoteButton(button) {
    const ballot = button.form;
    button.parentElement.hidden = ![...ballot.querySelectorAll('input')].some(box => box.checked !== box.defaultChecked);
    if (!ballot.dataset.labels) return;
    const boxes = [...ballot.querySelectorAll('input[type=checkbox]')], chosen = boxes.filter(box => box.checked).length;
    const most = Number(ballot.dataset.most);
    boxes.forEach(box => { box.disabled = 'full' in box.dataset || (!box.checked && chosen >= most); });
    button.textContent = JSON.parse(ballot.dataset.labels)[Math.min(chosen, most)];
  }

  // --- countdowns of offers, by the server's clock; when one ends, the screen checks for changes ---

  const clockSkews = new WeakMap();
  function clockSkew(clock) {
    const cached = clockSkews.get(clock);
    if (cached?.now === clock.dataset.now) return cached.skew;
    const skew = Number(clock.dataset.now) - Date.now();
    clockSkews.set(clock, { now: clock.dataset.now, skew });
    return skew;
  }

  function updateCountdown(clock) {
    const left = Math.max(0, Number(clock.dataset.until) - Date.now() - clockSkew(clock)), seconds = Math.ceil(left / 1000);
    clock.querySelector('b').textContent = seconds < 3600
      ? `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
      : clock.dataset.hours.replace('#', Math.ceil(seconds / 3600));
    clock.querySelector('.t2').setAttribute('stroke-dasharray', `${Math.min(100, 100 * left / Number(clock.dataset.whole)).toFixed(1)} 100`);
    clock.classList.toggle('soon', seconds < 300);
    if (!left && clock.dataset.ended !== clock.dataset.until) { clock.dataset.ended = clock.dataset.until; checkNow(); }
  }

  const updateCountdowns = () => document.querySelectorAll('[data-until]').forEach(updateCountdown);
  setInterval(updateCountdowns, 1000);

  // Copy an address; where the browser forbids it, the address stays selected.
  async function copy(button) {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    if (await navigator.clipboard?.writeText(field.value).then(() => true, () => document.execCommand('copy'))) button.textContent = button.dataset.copied;
    native.hapticTick();
  }

  // Input that is not sent yet and would be lost when the app closes. Forms that send themselves lose nothing.
  const FIELDS = 'form:not([hx-trigger]) :is(input:not([type=hidden]), textarea, select), #party [name=name]';
  const isChanged = field => field.options ? field.selectedIndex !== Math.max(0, [...field.options].findIndex(option => option.defaultSelected))
    : /^(checkbox|radio)$/.test(field.type) ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
  const hasUnsaved = () => [...screen().querySelectorAll(FIELDS)].some(isChanged);

  function onScreen() {
    updateCountdowns();
    native.setUnsaved(hasUnsaved());
    const ballot = document.querySelector('[data-ballot]');
    if (ballot) updateVoteButton(ballot);
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone, choose = document.querySelector('[data-zone-now]');
    if (choose && zone && zone !== choose.dataset.zoneNow) { choose.name = 'zone'; choose.value = zone; choose.hidden = false; }
    native.syncButtons();
  }

  document.addEventListener('click', event => {
    const stepper = event.target.closest('[data-step]');
    if (stepper) changeGuests(stepper);
    else if (event.target.closest('.steps button')) native.hapticTick();
    const copier = event.target.closest('[data-copy]');
    if (copier) copy(copier);
    if (event.target.closest('[data-retry]')) (retry ?? reloadScreen)();
  });
  // Enter in a guest's name leaves the field; it does not send the form.
  document.addEventListener('keydown', event => {
    if (event.key !== 'Enter' || event.target.name !== 'name') return;
    event.preventDefault();
    event.target.blur();
  });
  // Arrow keys move between the choices; only a press is a vote.
  document.addEventListener('keydown', event => {
    const radio = event.target.closest('[role=radio]'), direction = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!radio || !direction) return;
    event.preventDefault();
    const all = [...radio.closest('[role=radiogroup]').querySelectorAll('[role=radio]:enabled')];
    all.at((all.indexOf(radio) + direction) % all.length).focus();
  });
  // A swipe over a month shows the next one.
  let swipeStart = null;
  document.addEventListener('touchstart', event => {
    const { clientX: x, clientY: y } = event.touches[0];
    swipeStart = event.touches.length === 1 && event.target.closest('[data-swipe]') ? { x, y } : null;
  }, { passive: true });
  document.addEventListener('touchend', event => {
    if (!swipeStart) return;
    const { clientX, clientY } = event.changedTouches[0], [x, y] = [clientX - swipeStart.x, clientY - swipeStart.y];
    swipeStart = null;
    if (Math.abs(x) > 60 && Math.abs(x) > 2 * Math.abs(y)) document.getElementById(x > 0 ? 'month-before' : 'month-after')?.click();
  });
  document.addEventListener('change', event => {
    // The dates are in a list and, on wide screens, in a table: an answer in one is set in the other.
    const other = { days: 'table', table: 'days' }[event.target.form?.id];
    if (other) document.querySelector(`#${other} [name="${event.target.name}"][value="${event.target.value}"]`).checked = true;
    const ballot = document.querySelector('[data-ballot]');
    if (ballot && event.target.closest('#ballot, #days, #table')) updateVoteButton(ballot);
    if (event.target.matches('select, [type=checkbox], [type=radio]')) native.hapticTick();
    if (event.target.closest('#ballot, #days, #table')) native.syncButtons();
  });
  document.addEventListener('input', () => native.setUnsaved(hasUnsaved()));

  function settings() {
    if (session.isKnown && location.pathname !== '/app/me') go('/app/me', { push: '/app/me' });
  }

  native.init(back, settings);
  start();
})();

// The page around the screens: where to begin, what follows by itself, what to do when the net is gone. The screens come from
// the server; htmx puts them into #screen.
(() => {
  const screen = () => document.getElementById('screen');
  const show = id => document.getElementById(id)?.removeAttribute('hidden');
  const isLive = ctx => ctx.sourceElement?.hasAttribute?.('data-live');
  const hide = id => document.getElementById(id)?.setAttribute('hidden', '');
  let again = null;  // what Retry does
  let unsent = null;  // the source of a change that did not reach the server

  // --- where to begin ---

  function start() {
    const { path } = session;
    if (!session.known) return outside(path);
    again = () => go(path, { replace: path });
    again();
  }

  function go(path, history) {
    return htmx.ajax('GET', path, { target: '#screen', swap: 'outerSync', ...history });
  }

  // Without Telegram there is nobody to show anything to; the link leads to the same place inside. What anybody with the link
  // may see has a page of its own.
  async function outside(path) {
    const [, noun, code] = /^\/app\/(event|poll)s\/([a-z0-9]+)/.exec(path) ?? [];
    if (code) document.getElementById('open-in-telegram').href = `${document.body.dataset.link}?startapp=${noun[0]}_${code}`;
    if (noun === 'event' && !native.inside && await isPublic(`/e/${code}`)) return location.replace(`/e/${code}`);
    document.getElementById('loading').hidden = true;
    show('outside');
  }
  const isPublic = page => fetch(page, { method: 'HEAD' }).then(answer => answer.ok, () => false);

  function stale() {
    hide('loading');
    if (document.getElementById('stale')) return show('stale');
    location.reload();
  }

  // --- every request ---

  document.addEventListener('htmx:config:request', event => {
    const { ctx } = event.detail;
    // Who was erased would be met anew by asking anything.
    if ('ended' in screen().dataset) return event.preventDefault();
    if (isLive(ctx)) ctx.asked = ctx.sourceElement.getAttribute('hx-get');
    ctx.fetch = session.ask;
  });

  document.addEventListener('htmx:before:request', event => {
    const { ctx } = event.detail;
    if (isLive(ctx)) return;
    const notice = document.getElementById('notice');
    if (notice?.className) notice.replaceWith(Object.assign(document.createElement('div'), { id: 'notice' }));
    if (ctx.request.method !== 'GET') { native.busy(true); screen().setAttribute('aria-busy', 'true'); }
    const { sourceElement, sourceEvent } = ctx;
    again = sourceEvent?.type && sourceElement !== document.body
      ? () => sourceElement.isConnected ? htmx.trigger(sourceElement, sourceEvent.type) : here()
      : again ?? here;
  });

  document.addEventListener('htmx:finally:request', () => { native.busy(false); screen().removeAttribute('aria-busy'); });

  document.addEventListener('htmx:after:request', event => {
    const { ctx } = event.detail;
    const gone = isGone(ctx.response.status);
    if (!isLive(ctx)) unsent = gone ? changeOf(ctx) : null;
    if (gone) return isLive(ctx) && missed(ctx.response.headers.get('Retry-After'));
    reached();
    answered();
  });

  // What is no screen and has no place of its own must not be put into the page: a proxy's error, a page for documents.
  document.addEventListener('htmx:before:swap', event => {
    const { ctx } = event.detail;
    const { status } = ctx.response ?? {};
    held = document.activeElement !== document.body && (ctx.request.method === 'GET' && !isLive(ctx) ? 'another screen' : 'what came of it');
    if (!status || status === 204) return;
    if (isLive(ctx) && (isGone(status) || !ctx.sourceElement.isConnected || ctx.sourceElement.getAttribute('hx-get') !== ctx.asked)) return event.preventDefault();
    if (status === 401) { event.preventDefault(); return stale(); }
    if (ctx.hx?.retarget || ctx.text.includes('id="screen"')) return;
    event.preventDefault();
    away();
  });

  // Whoever goes by keyboard, or listens, keeps their place: when what they pressed is gone, what came of it has the focus.
  let held = false;  // asked before the swap, which may take away what asked
  function keepPlace() {
    if (!held || document.activeElement !== document.body) return;
    const told = held === 'what came of it' && document.querySelector('#notice[role], #reader-status [role=status], .status[role=status]');
    const place = told || screen();
    place.tabIndex = -1;
    place.focus({ preventScroll: true });
  }

  document.addEventListener('htmx:after:swap', event => {
    const { ctx } = event.detail;
    // What was typed has been taken: the form is as the server has it.
    if (ctx.request.method !== 'GET' && ctx.response.status < 400 && ctx.sourceElement.matches?.('form[data-typed]')) ctx.sourceElement.reset();
    keepPlace();
    if (ctx.request.method !== 'GET') {
      const { outcome = screen().dataset.outcome, why, yes, no } = document.getElementById('reader-status')?.dataset ?? {};
      native.feel(ctx.response.status >= 400 ? 'refused' : outcome);
      if (why) native.askToWrite({ why, yes, no });
    }
    settle();
  });

  // The network is gone: what is on the screen stays, and says from when it is.
  document.addEventListener('htmx:error', event => {
    const { ctx } = event.detail;
    if (!ctx || ctx.response) return;
    if (isLive(ctx)) return missed();
    unsent = changeOf(ctx);
    away();
  });

  document.addEventListener('htmx:confirm', event => {
    const { ctx, issueRequest, dropRequest } = event.detail;
    event.preventDefault();
    native.confirm(ctx.confirm, ctx.sourceElement.dataset.yes ?? 'OK', yes => yes ? issueRequest() : dropRequest());
  });

  const here = () => go(location.pathname + location.search, { replace: location.pathname + location.search });

  // --- what follows by itself: a screen that shows what others change asks whether it is still so, while somebody sees it ---

  // From an answer to the next question, so that what changes is on the screen within three seconds, the way there and
  // back included; a little early or late, so that a thousand screens do not ask in step. Who gets no answer asks less often.
  const PACE = 2300, SLOWEST = 10000;
  let pace = PACE, misses = 0, next = null, known = Date.now();

  function look() {
    clearTimeout(next);
    const live = document.getElementById('live');
    if (!live || document.hidden || !navigator.onLine) return;
    plan();  // while a tap is under way, the question is not put
    htmx.trigger(live, 'look');
  }

  function plan() {
    clearTimeout(next);
    next = setTimeout(look, pace * (.9 + Math.random() * .2));
  }

  function answered() {
    known = Date.now();
    [pace, misses] = [PACE, 0];
    plan();
  }

  // Nothing, or not now: once is no matter; the second time the reader is told. `seconds` is when to ask again.
  function missed(seconds) {
    if (++misses > 1) away();
    pace = Math.min(SLOWEST, Math.max(PACE * 2 ** (misses - 1), 1000 * seconds || 0));
    plan();
  }

  const isGone = status => status >= 500 || status === 429;
  const changeOf = ctx => ctx.request.method === 'GET' ? null : ctx.sourceElement;

  // The hour of an instant where the reader is. Zones are the server's business: its data may be newer than this device's,
  // so it says how many minutes the reader's clock is ahead of UTC.
  const hourOf = (instant, { lang, dataset }) =>
    new Date(instant + 60000 * Number(dataset.utcOffset)).toLocaleTimeString(lang, { timeStyle: 'short', timeZone: 'UTC' });

  // What stays on the screen may be true no more: it says from when it is, and its buttons step back.
  function away() {
    const hour = document.querySelector('#offline time');
    if (hour) hour.textContent = hourOf(known, hour);
    document.querySelector('[data-unsent]')?.toggleAttribute('hidden', !unsent?.isConnected);
    show('offline');
    native.dress();
  }

  // The net may be back while a tap is still unsent: then the banner stays, with its way to send it.
  function reached() {
    if (unsent?.isConnected || document.getElementById('offline')?.hidden !== false) return;
    hide('offline');
    native.dress();
  }

  addEventListener('offline', away);
  addEventListener('online', () => {
    [pace, misses] = [PACE, 0];
    if (document.getElementById('live')) look();
    else if (document.getElementById('loading')) again?.();
    else reached();  // what is typed here stays
  });
  document.addEventListener('visibilitychange', look);

  // --- history: how deep the reader is, so that Telegram's back button knows whether there is a way back ---

  document.addEventListener('htmx:before:history:update', event => {
    // Where nothing can be stored, a reload would lose who the reader is: Telegram's own part of the address stays in it.
    if (!session.stored && location.hash) event.detail.history.path = event.detail.history.path.split('#')[0] + location.hash;
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

  // --- what the page does by hand ---

  function step(button) {
    const steps = button.closest('[data-steps]'), field = steps.querySelector('[name=guests]');
    const most = Number(steps.dataset.most), next = Math.min(most, Math.max(0, Number(field.value) + Number(button.dataset.step)));
    if (next === Number(field.value)) return;
    field.value = next;
    steps.querySelector('output').textContent = next;
    steps.querySelectorAll('[name=name]').forEach((name, n) => { name.disabled = name.closest('li').hidden = n >= next; });
    document.getElementById('brings-whose').hidden = !next;
    steps.querySelectorAll('[data-step]').forEach(b => { b.disabled = b.dataset.step < 0 ? next === 0 : next >= most; });
    native.tick();
  }

  // A ballot has a button once something else is chosen than what was sent; of several choices there are no more than
  // allowed, and the button says for how many.
  function count(button) {
    const ballot = button.form;
    button.parentElement.hidden = ![...ballot.querySelectorAll('input')].some(box => box.checked !== box.defaultChecked);
    if (!ballot.dataset.labels) return;
    const boxes = [...ballot.querySelectorAll('input[type=checkbox]')], chosen = boxes.filter(box => box.checked).length;
    const most = Number(ballot.dataset.most);
    boxes.forEach(box => { box.disabled = 'full' in box.dataset || (!box.checked && chosen >= most); });
    button.textContent = JSON.parse(ballot.dataset.labels)[Math.min(chosen, most)];
  }

  // --- what runs out: an offer's ring and digits count on by the server's clock, and at its end the server is asked ---

  const skews = new WeakMap();
  function skewOf(clock) {
    const known = skews.get(clock);
    if (known?.now === clock.dataset.now) return known.skew;
    const skew = Number(clock.dataset.now) - Date.now();
    skews.set(clock, { now: clock.dataset.now, skew });
    return skew;
  }

  function runOut(clock) {
    const left = Math.max(0, Number(clock.dataset.until) - Date.now() - skewOf(clock)), seconds = Math.ceil(left / 1000);
    clock.querySelector('b').textContent = seconds < 3600
      ? `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
      : clock.dataset.hours.replace('#', Math.ceil(seconds / 3600));
    clock.querySelector('.t2').setAttribute('stroke-dasharray', `${Math.min(100, 100 * left / Number(clock.dataset.whole)).toFixed(1)} 100`);
    clock.classList.toggle('soon', seconds < 300);
    if (!left && clock.dataset.ended !== clock.dataset.until) { clock.dataset.ended = clock.dataset.until; look(); }
  }

  const tick = () => document.querySelectorAll('[data-until]').forEach(runOut);
  setInterval(tick, 1000);

  // An address is copied; where a browser does not let us, it stands marked for the reader's own hand.
  async function copy(button) {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    if (await navigator.clipboard?.writeText(field.value).then(() => true, () => document.execCommand('copy'))) button.textContent = button.dataset.copied;
    native.tick();
  }

  // What is chosen or typed and not sent: what a closed app would lose. Forms that send themselves lose nothing.
  const FIELDS = 'form:not([hx-trigger]) :is(input:not([type=hidden]), textarea, select), #party [name=name]';
  const differs = field => field.options ? field.selectedIndex !== Math.max(0, [...field.options].findIndex(option => option.defaultSelected))
    : /^(checkbox|radio)$/.test(field.type) ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
  const unsaved = () => [...screen().querySelectorAll(FIELDS)].some(differs);

  function settle() {
    tick();
    native.unsaved(unsaved());
    const ballot = document.querySelector('[data-ballot]');
    if (ballot) count(ballot);
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone, choose = document.querySelector('[data-zone-now]');
    if (choose && zone && zone !== choose.dataset.zoneNow) { choose.name = 'zone'; choose.value = zone; choose.hidden = false; }
    native.dress();
  }

  document.addEventListener('click', event => {
    const stepper = event.target.closest('[data-step]');
    if (stepper) step(stepper);
    else if (event.target.closest('.steps button')) native.tick();
    const copier = event.target.closest('[data-copy]');
    if (copier) copy(copier);
    if (event.target.closest('[data-retry]')) (again ?? here)();
  });
  // Enter in a guest's name is done with that name, not with the whole form.
  document.addEventListener('keydown', event => {
    if (event.key !== 'Enter' || event.target.name !== 'name') return;
    event.preventDefault();
    event.target.blur();
  });
  // Arrows lead from choice to choice; only a press is a vote.
  document.addEventListener('keydown', event => {
    const radio = event.target.closest('[role=radio]'), step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!radio || !step) return;
    event.preventDefault();
    const all = [...radio.closest('[role=radiogroup]').querySelectorAll('[role=radio]:enabled')];
    all.at((all.indexOf(radio) + step) % all.length).focus();
  });
  // A swipe over a month turns the sheet.
  let from = null;
  document.addEventListener('touchstart', event => {
    const { clientX: x, clientY: y } = event.touches[0];
    from = event.touches.length === 1 && event.target.closest('[data-swipe]') ? { x, y } : null;
  }, { passive: true });
  document.addEventListener('touchend', event => {
    if (!from) return;
    const { clientX, clientY } = event.changedTouches[0], [x, y] = [clientX - from.x, clientY - from.y];
    from = null;
    if (Math.abs(x) > 60 && Math.abs(x) > 2 * Math.abs(y)) document.getElementById(x > 0 ? 'month-before' : 'month-after')?.click();
  });
  document.addEventListener('change', event => {
    // The dates stand in a list and, on wide screens, in a table: what is said in one is said in the other.
    const other = { days: 'table', table: 'days' }[event.target.form?.id];
    if (other) document.querySelector(`#${other} [name="${event.target.name}"][value="${event.target.value}"]`).checked = true;
    const ballot = document.querySelector('[data-ballot]');
    if (ballot && event.target.closest('#ballot, #days, #table')) count(ballot);
    if (event.target.matches('select, [type=checkbox], [type=radio]')) native.tick();
    if (event.target.closest('#ballot, #days, #table')) native.dress();
  });
  document.addEventListener('input', () => native.unsaved(unsaved()));

  function settings() {
    if (session.known && location.pathname !== '/app/me') go('/app/me', { push: '/app/me' });
  }

  native.begin(back, settings);
  start();
})();

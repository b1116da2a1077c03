// Who the reader is: Telegram's initData, exchanged once for a session that every request carries in a header.
// The session lives in memory, and in sessionStorage where the browser lets us, so that a reload is cheap; never in a cookie
// or an address. It belongs to one initData: when another person opens the app in the same tab, it is not used.
//
// This runs before everything else on the page, Telegram's own script too: what the reader came for is asked for at once, with
// initData itself when there is no session yet, and has come by the time that somebody can show it.
const session = (() => {
  const KEY = 'emerald.session', PATIENCE = 15000;
  const told = new URLSearchParams(location.hash.slice(1)).get('tgWebAppData') ?? '';
  const initData = () => told || window.Telegram?.WebApp?.initData || '';
  const owner = new URLSearchParams(told).get('hash') ?? '';
  let token = '', opening = null;

  const stored = (() => {
    try {
      sessionStorage.setItem(KEY + '.probe', '1');
      sessionStorage.removeItem(KEY + '.probe');
      return true;
    } catch { return false; }
  })();

  function keep(value) {
    token = value;
    if (stored) sessionStorage.setItem(KEY, JSON.stringify({ owner, value }));
  }

  if (stored) {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEY));
      if (kept && (!told || kept.owner === owner)) token = kept.value;
    } catch { sessionStorage.removeItem(KEY); }
  }

  // e_<code> is an event, p_<code> a poll. Anybody can make such a link: the server decides what is there for the reader.
  const path = (() => {
    if (!/^\/app\/?$/.test(location.pathname)) return location.pathname + location.search;
    const asked = new URLSearchParams(location.search).get('tgWebAppStartParam') ?? new URLSearchParams(told).get('start_param');
    const named = /^([ep])_([a-z0-9]{1,40})$/.exec(asked ?? '');
    return named ? `/app/${named[1] === 'e' ? 'events' : 'polls'}/${named[2]}` : '/app/events';
  })();

  function opener() {
    const headers = { Authorization: `tma ${initData()}`, 'HX-Request': 'true' };
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone) headers['X-Time-Zone'] = zone;
    return headers;
  }
  const bearer = () => ({ Authorization: `Bearer ${token}`, 'HX-Request': 'true' });

  // Exchange initData for a session; the answer. Several who ask at once share one exchange.
  function open() {
    opening ??= (async () => {
      const answer = await fetch('/app/session', { method: 'POST', headers: opener() });
      if (answer.ok) keep(answer.headers.get('X-Session'));
      return answer;
    })().finally(() => { opening = null; });
    return opening.then(answer => answer.clone());
  }

  let first = token || told ? fetch(path, { headers: token ? bearer() : opener(), signal: AbortSignal.timeout?.(PATIENCE) }) : null;
  first?.catch(() => {});  // whoever asks for it is told

  // fetch with the session; one that has ended is made anew from initData, once, without the reader noticing. A server that
  // is away for the exchange is told as such: it does not mean that the reader is unknown.
  async function ask(action, request) {
    const attempt = () => fetch(action, { ...request, headers: { ...request.headers, ...bearer() } });
    const begun = action === path && request.method === 'GET' ? first : null;
    first = null;
    const opened = !begun && !token && initData() ? await open() : null;
    if (opened && !opened.ok) return opened;
    let answer = await (begun ?? attempt());
    if (answer.status === 401 && initData()) {
      const anew = await open();
      if (!anew.ok) return anew;
      answer = await attempt();
    }
    const renewed = answer.headers.get('X-Session');
    if (renewed) keep(renewed);
    return answer;
  }

  return { ask, get known() { return Boolean(token || initData()); }, path, stored };
})();

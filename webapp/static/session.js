// The reader's session: Telegram's initData is exchanged once for a session that every request sends in a header.
// It is kept in memory, and in sessionStorage where the browser allows it, so that a reload is cheap; never in a cookie or an
// address. It belongs to one initData: when another person opens the app in the same tab, it is not used.
//
// This runs before every other script of the page: the first screen is requested at once, with initData itself when there is
// no session yet, and has arrived by the time the page can show it.
const session = (() => {
  const KEY = 'emerald.session', PATIENCE = 15000;
  const launchData = new URLSearchParams(location.hash.slice(1)).get('tgWebAppData') ?? '';
  const initData = () => launchData || window.Telegram?.WebApp?.initData || '';
  const owner = new URLSearchParams(launchData).get('hash') ?? '';
  let token = '', opening = null;

  const canStore = (() => {
    try {
      sessionStorage.setItem(KEY + '.probe', '1');
      sessionStorage.removeItem(KEY + '.probe');
      return true;
    } catch { return false; }
  })();

  function store(value) {
    token = value;
    if (canStore) sessionStorage.setItem(KEY, JSON.stringify({ owner, value }));
  }

  if (canStore) {
    try {
      const saved = JSON.parse(sessionStorage.getItem(KEY));
      if (saved && (!launchData || saved.owner === owner)) token = saved.value;
    } catch { sessionStorage.removeItem(KEY); }
  }

  // e_<code> is an event, p_<code> a poll. Anybody can make such a link: the server decides what the reader may see.
  const path = (() => {
    if (!/^\/app\/?$/.test(location.pathname)) return location.pathname + location.search;
    const startParam = new URLSearchParams(location.search).get('tgWebAppStartParam') ?? new URLSearchParams(launchData).get('start_param');
    const named = /^([ep])_([a-z0-9]{1,40})$/.exec(startParam ?? '');
    return named ? `/app/${named[1] === 'e' ? 'events' : 'polls'}/${named[2]}` : '/app/events';
  })();

  function openHeaders() {
    const headers = { Authorization: `tma ${initData()}`, 'HX-Request': 'true' };
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone) headers['X-Time-Zone'] = zone;
    return headers;
  }
  const bearerHeaders = () => ({ Authorization: `Bearer ${token}`, 'HX-Request': 'true' });

  // Exchange initData for a session; the response. Concurrent callers share one exchange.
  function openSession() {
    opening ??= (async () => {
      const answer = await fetch('/app/session', { method: 'POST', headers: openHeaders() });
      if (answer.ok) store(answer.headers.get('X-Session'));
      return answer;
    })().finally(() => { opening = null; });
    return opening.then(answer => answer.clone());
  }

  let firstResponse = token || launchData ? fetch(path, { headers: token ? bearerHeaders() : openHeaders(), signal: AbortSignal.timeout?.(PATIENCE) }) : null;
  firstResponse?.catch(() => {});  // `request` reports the error

  // fetch with the session; an ended session is replaced once, from initData, without the reader noticing. When the exchange
  // fails, its response is returned: an unavailable server does not mean that the reader is unknown.
  async function request(action, options) {
    const attempt = () => fetch(action, { ...options, headers: { ...options.headers, ...bearerHeaders() } });
    const started = action === path && options.method === 'GET' ? firstResponse : null;
    firstResponse = null;
    const opened = !started && !token && initData() ? await openSession() : null;
    if (opened && !opened.ok) return opened;
    let answer = await (started ?? attempt());
    if (answer.status === 401 && initData()) {
      const reopened = await openSession();
      if (!reopened.ok) return reopened;
      answer = await attempt();
    }
    const renewed = answer.headers.get('X-Session');
    if (renewed) store(renewed);
    return answer;
  }

  return { request, get isKnown() { return Boolean(token || initData()); }, path, canStore };
})();

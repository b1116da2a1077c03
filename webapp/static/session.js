// Who the reader is: Telegram's initData, exchanged once for a session that every request carries in a header.
// The session lives in memory, and in sessionStorage where the browser lets us, so that a reload is cheap; never in a cookie
// or an address. It belongs to one initData: when another person opens the app in the same tab, it is not used.
const session = (() => {
  const KEY = 'emerald.session';
  const telegram = window.Telegram?.WebApp;
  const initData = telegram?.initData ?? '';
  const owner = new URLSearchParams(initData).get('hash') ?? '';
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
      if (kept && (!initData || kept.owner === owner)) token = kept.value;
    } catch { sessionStorage.removeItem(KEY); }
  }

  // Exchange initData for a session; the answer. Several who ask at once share one exchange.
  function open() {
    opening ??= (async () => {
      const headers = { Authorization: `tma ${initData}`, 'HX-Request': 'true' };
      const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
      if (zone) headers['X-Time-Zone'] = zone;
      const answer = await fetch('/app/session', { method: 'POST', headers });
      if (answer.ok) keep(answer.headers.get('X-Session'));
      return answer;
    })().finally(() => { opening = null; });
    return opening.then(answer => answer.clone());
  }

  // fetch with the session; one that has ended is made anew from initData, once, without the reader noticing. A server that
  // is away for the exchange is told as such: it does not mean that the reader is unknown.
  async function ask(action, request) {
    const attempt = () => fetch(action, { ...request, headers: { ...request.headers, Authorization: `Bearer ${token}` } });
    const opened = !token && initData ? await open() : null;
    if (opened && !opened.ok) return opened;
    let answer = await attempt();
    if (answer.status === 401 && initData) {
      const anew = await open();
      if (!anew.ok) return anew;
      answer = await attempt();
    }
    const renewed = answer.headers.get('X-Session');
    if (renewed) keep(renewed);
    return answer;
  }

  return { ask, initData, get known() { return Boolean(token || initData); }, stored };
})();

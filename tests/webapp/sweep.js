// What a sweep asks of a page, beside axe-core: each answers with what is wrong, in words a person can find it by.
window.sweep = (() => {
  const INTERACTIVE = 'a[href], button:not([disabled]), input:not([type=hidden], [disabled]), select, textarea, summary, [tabindex="0"]';
  const seen = e => e.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true }) && !e.closest('[hidden]');
  const name = e => {
    const words = (e.getAttribute('aria-label') ?? e.innerText ?? e.value ?? '').trim().replace(/\s+/g, ' ').slice(0, 40);
    return `${e.tagName.toLowerCase()}${e.id ? '#' + e.id : ''}${[...e.classList].map(c => '.' + c).join('')} “${words}”`;
  };
  const all = (selector, within = document) => [...within.querySelectorAll(selector)].filter(seen);

  // What a finger hits: a control that is hidden behind its label is as large as the label. Links within a sentence are exempt
  // (WCAG 2.5.8), and so is what is only scrolled by keys.
  const target = e => e.matches('.hide') || e.matches('input[type=radio], input[type=checkbox]') ? e.closest('label') ?? e : e;
  const inSentence = e => e.matches('a') && getComputedStyle(e).display === 'inline'
    && [...e.parentElement.childNodes].some(n => n.nodeType === 3 && /\p{L}{2}|\d/u.test(n.textContent));

  // From its middle outwards: what lies over it, or is not its own, does not count.
  function targets(least = 44) {
    const small = [];
    for (const e of new Set(all(INTERACTIVE).map(target))) {
      if (inSentence(e) || e.matches('[role=group], .scroll')) continue;
      if (e.closest('.chips')) e.scrollIntoView({ block: 'nearest', inline: 'center' });
      const box = e.getBoundingClientRect(), [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
      const hit = (dx, dy) => {
        const found = document.elementFromPoint(x + dx, y + dy);
        return found && (e.contains(found) || found.control === e);
      };
      const reach = (dx, dy) => { let far = 0; while (far < least && hit(dx * (far + 1), dy * (far + 1))) far += 1; return far; };
      const half = least / 2 - 1;
      if ([[0, 0], [-half, 0], [half, 0], [0, -half], [0, half]].every(way => hit(...way))) continue;
      const [wide, high] = hit(0, 0) ? [reach(-1, 0) + reach(1, 0) + 1, reach(0, -1) + reach(0, 1) + 1] : [0, 0];
      if (wide < least - 1 || high < least - 1) small.push(`${name(e)} is hit on ${wide}×${high}`);
    }
    return small;
  }

  // Nothing wider than the window, and no word that hangs out of its box or is cut by it. In the dashboard a link that only the focus
  // brings in stands outside, and a form whose bar reaches from edge to edge holds more than its width.
  const MAY_CUT = '.line, .name, .hide, .sprite, .scroll, .chips, select, input, .bone, .ring, .ring *, .seats i, .face, :is(textarea, .dates label, .skip, form.two):not(.app *)';
  function fits() {
    const wide = [], root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) wide.push(`the page is ${root.scrollWidth} wide in a window of ${root.clientWidth}`);
    for (const e of all('.chip')) if (e.scrollWidth > e.clientWidth + 1) wide.push(`${name(e)} holds ${e.scrollWidth} in ${e.clientWidth}`);
    for (const e of all('body *')) {
      if (e.matches(MAY_CUT) || e.closest('.hide, .scroll, .chips, svg, .name, .ring, .line')) continue;
      const box = e.getBoundingClientRect();
      if (box.width && (box.right > root.clientWidth + 1 || box.left < -1)) wide.push(`${name(e)} reaches ${Math.round(box.left)}…${Math.round(box.right)}`);
      else if (e.clientWidth && e.scrollWidth > e.clientWidth + 1) wide.push(`${name(e)} holds ${e.scrollWidth} in ${e.clientWidth}`);
      else if (e.clientHeight && getComputedStyle(e).overflowY !== 'visible' && e.scrollHeight > e.clientHeight + 1) wide.push(`${name(e)} is ${e.scrollHeight} high in ${e.clientHeight}`);
    }
    return [...new Set(wide)];
  }

  // With reduced motion nothing moves, nor would.
  function moving() {
    const told = document.getAnimations().map(a => a.animationName ?? a.transitionProperty);
    for (const e of document.querySelectorAll('body *'))
      for (const part of [null, '::before', '::after']) {
        const style = getComputedStyle(e, part);
        if (style.animationName !== 'none' || !/^0s(, 0s)*$/.test(style.transitionDuration)) told.push(`${name(e)}${part ?? ''} ${style.animationName} ${style.transitionDuration}`);
      }
    return [...new Set(told)];
  }

  // Where Tab leads: each control once (of radios that belong together, one), with an outline that is seen.
  let reached = [];
  const outlined = e => {
    const style = getComputedStyle(e);
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && style.outlineColor !== 'rgba(0, 0, 0, 0)';
  };
  document.addEventListener('focusin', event => {
    const e = event.target;
    reached.push({ e, shown: outlined(e) && !e.matches('.hide') || outlined(target(e)) || [...e.parentElement.children].some(outlined) });
  });
  const stops = () => all(INTERACTIVE).filter(e => e.tabIndex >= 0 && !(e.type === 'radio' && !e.checked
    && [...document.getElementsByName(e.name)].some((one, i, them) => them.some(x => x.checked) || i > 0 && one === e)));
  function startTabbing() {
    document.activeElement?.blur();
    getSelection().removeAllRanges();
    reached = [];
    // Tab leads through the parts of a date before it leads on.
    return stops().length + 6 * all('[type=date], [type=time], [type=datetime-local]').length;
  }
  function tabbed() {
    const there = new Set(reached.map(one => one.e));
    return [
      ...stops().filter(e => !there.has(e)).map(e => `${name(e)} is not reached`),
      ...reached.filter(one => !one.shown).map(one => `${name(one.e)} does not show that it has the focus`),
      ...all('[tabindex]').filter(e => e.tabIndex > 0).map(e => `${name(e)} jumps the order`),
      ...all('[hx-get], [hx-post], [hx-put], [hx-patch], [hx-delete]').filter(e => !e.matches('a, button, form, input, select') && /click|^$/.test(e.getAttribute('hx-trigger') ?? '')).map(e => `${name(e)} answers to a finger only`),
    ];
  }

  // How the texts look, each look once: its contrast follows from the colours, the size, and the grounds below.
  let looking = new Map();
  const hash = words => {
    let [a, b] = [1, 2];
    for (let i = 0; i < words.length; i += 1) [a, b] = [Math.imul(a ^ words.charCodeAt(i), 0x9e3779b1), Math.imul(b ^ words.charCodeAt(i), 0x85ebca6b)];
    return `${a}.${b}`;
  };
  function looks() {
    const known = new Map([[null, '']]);
    const look = e => {
      if (known.has(e)) return known.get(e);
      const style = getComputedStyle(e), of = [look(e.parentElement), e.tagName, e.getAttribute('class'), e.matches(':disabled, [aria-disabled=true]')];
      for (const part of ['color', 'backgroundColor', 'backgroundImage', 'opacity', 'fontSize', 'fontWeight', 'textDecorationLine', 'textShadow']) of.push(style[part]);
      known.set(e, hash(of.join()));
      return known.get(e);
    };
    const texts = all('body *').filter(e => e.matches('input, select, textarea') || [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()));
    looking = new Map(texts.map(e => [look(e), e]));
    return [...looking.keys()];
  }
  const textsOf = chosen => chosen.map(one => looking.get(one));

  // To be the next reader on the next screen without loading everything anew: their session goes with each request, as it
  // would after a launch of theirs.
  let token = '';
  const ask = window.fetch;
  window.fetch = (address, how = {}) => ask(address, token ? { ...how, headers: { ...how.headers, Authorization: `Bearer ${token}` } } : how);
  async function be(reader, path) {
    token = reader;
    document.documentElement.style.fontSize = '';
    document.getElementById('screen').dataset.before = '';
    history.replaceState(null, '', path);
    await htmx.ajax('GET', path, { target: '#screen', swap: 'outerSync' });
  }

  // To be on another page without loading styles, scripts and axe-core anew: the status it has, or 0 where its styles or
  // scripts are others.
  async function go(path) {
    const answer = await fetch(path, { headers: { Accept: 'text/html' } });
    const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const loads = page => [...page.head.querySelectorAll('link, script')].map(e => e.outerHTML).join();
    if (loads(next) !== loads(document)) return 0;
    history.replaceState(null, '', answer.url);
    const root = document.documentElement;
    for (const { name } of [...root.attributes]) root.removeAttribute(name);
    for (const { name, value } of next.documentElement.attributes) root.setAttribute(name, value);
    document.title = next.title;
    document.body.replaceWith(document.adoptNode(next.body));
    document.dispatchEvent(new Event('DOMContentLoaded'));
    window.htmx?.process(document.body);
    scrollTo(0, 0);
    return answer.status;
  }

  return { be, fits, go, looks, moving, startTabbing, tabbed, targets, textsOf };
})();

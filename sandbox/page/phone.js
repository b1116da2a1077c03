// A phone with the Mini App in a frame: the client's side of the protocol of Telegram's own script.
import { el, icon } from './dom.js';
import { popup } from './popup.js';
import { appEvents } from './events.js';

// The same attributes as of the frame in Telegram Web A.
const SANDBOX = 'allow-scripts allow-same-origin allow-popups allow-forms allow-modals allow-storage-access-by-user-activation';
const ALLOW = 'camera; microphone; geolocation; clipboard-write;';

export class Phone {
  constructor(person, bot, actions) {
    this.person = person;
    this.bot = bot;
    this.actions = actions;
    // Status of the home screen icon, kept as long as the page is open: missed, then added.
    this.home = 'missed';
    this.node = el('section', { class: 'phone', 'aria-label': `${person.first_name}'s phone` });
    window.addEventListener('message', (event) => this.receive(event));
    this.applyTheme(actions.theme());
    this.showIdle();
  }

  get isOpen() { return this.frame !== null; }

  showIdle() {
    this.frame = null;
    this.state = {};
    this.minimised = false;
    this.node.replaceChildren(el('div', { class: 'idle' }, icon('gem'),
      el('b', {}, 'The app opens here'),
      el('p', {}, `Tap “Open” under a card in the chat, or look in as ${this.person.first_name} right away.`),
      el('button', { type: 'button', class: 'btn yes', on: { click: () => this.actions.launch() } }, `Open as ${this.person.first_name}`)));
    this.actions.closed();
  }

  open(launch) {
    this.launch = launch;
    this.minimised = false;
    this.origin = new URL(launch.url).origin;
    this.state = { back: false, settings: false, confirm: false, main: {}, secondary: {}, popups: 0, reloads: false };
    const button = (about, ...inside) => el('button', { type: 'button', ...about }, ...inside);
    this.left = button({ on: { click: () => this.leftPressed() } });
    this.more = button({ 'aria-label': 'More', 'aria-expanded': 'false', on: { click: () => this.toggleMenu() } }, icon('dots'));
    this.top = el('div', { class: 'top' }, this.left, el('div', { class: 'who' }, this.bot.name, el('small', {}, 'mini app')), this.more);
    this.loading = el('div', { class: 'loading', role: 'status', 'aria-label': 'Opening' }, icon('gem'));
    this.frame = el('iframe', { title: `Mini App as ${this.person.first_name} sees it`, sandbox: SANDBOX, allow: ALLOW, allowfullscreen: true, referrerpolicy: 'no-referrer' });
    this.frame.addEventListener('load', () => this.hideLoading());
    this.screen = el('div', { class: 'screen' }, this.frame, this.loading);
    this.bottom = el('div', { class: 'bottom', hidden: true });
    this.frame.src = launch.url;
    this.node.replaceChildren(this.top, this.screen, this.bottom);
    this.applyTheme(launch.theme);
    this.drawTop();
    this.watch?.disconnect();
    this.watch = new ResizeObserver(() => this.postViewport());
    this.watch.observe(this.screen);
  }

  hideLoading() { this.loading.remove(); }

  close() {
    this.watch?.disconnect();
    this.showIdle();
  }

  // -- messages --------------------------------------------------------------------------------
  postToApp(eventType, eventData = {}) {
    // Before the app's first message, the frame is still empty and has no origin.
    if (this.state.hasSpoken) this.frame?.contentWindow?.postMessage(JSON.stringify({ eventType, eventData }), this.origin);
  }

  receive(event) {
    if (!this.frame || event.source !== this.frame.contentWindow || event.origin !== this.origin || typeof event.data !== 'string') return;
    let message;
    try { message = JSON.parse(event.data); } catch { return; }
    this.state.hasSpoken = true;
    const handle = appEvents[message?.eventType];
    if (handle) handle(this, message.eventData || {});
    else console.info(`The sandbox does not model ${message?.eventType}.`);
  }

  postViewport() {
    if (!this.frame) return;
    const { width, height } = this.screen.getBoundingClientRect();
    if (width && height) this.postToApp('viewport_changed', { width, height, is_expanded: true, is_state_stable: true });
  }

  // -- appearance -----------------------------------------------------------------------------
  applyTheme(theme) {
    this.theme = theme;
    const set = (name, value) => this.node.style.setProperty(name, value);
    set('--p-bg', theme.bg_color); set('--p-ink', theme.text_color); set('--p-hint', theme.hint_color);
    set('--p-page', theme.secondary_bg_color); set('--p-fill', theme.button_color); set('--p-on-fill', theme.button_text_color);
    set('--p-link', theme.link_color); set('--p-alarm', theme.destructive_text_color); set('--p-bar', theme.bottom_bar_bg_color); set('--p-head', theme.header_bg_color);
  }

  setTheme(theme) {
    this.applyTheme(theme);
    this.postToApp('theme_changed', { theme_params: theme });
  }

  setHeaderColor(color) {
    this.node.style.setProperty('--p-head', color);
    this.node.style.setProperty('--p-head-ink', isBright(color) ? '#101418' : '#ffffff');
  }

  drawTop() {
    const { back } = this.state;
    this.left.replaceChildren(...(back ? [icon('back', true), 'Back'] : ['Close']));
  }

  drawBottom() {
    const { main, secondary } = this.state;
    const make = (kind, one) => {
      if (!one.is_visible || !(one.text ?? '').trim()) return null;
      const node = el('button', {
        type: 'button', class: `${kind}${one.has_shine_effect ? ' shines' : ''}`, disabled: !one.is_active,
        'aria-busy': one.is_progress_visible ? 'true' : undefined, on: { click: () => this.postToApp(`${kind}_button_pressed`) },
      }, one.is_progress_visible && el('span', { class: 'spin', 'aria-hidden': 'true' }), one.text);
      if (one.color) node.style.setProperty('--b', one.color);
      if (one.text_color) node.style.setProperty('--t', one.text_color);
      return node;
    };
    const first = make('main', main);
    const second = make('secondary', secondary);
    const place = secondary.position ?? 'left';
    const row = place === 'left' || place === 'top' ? [second, first] : [first, second];
    this.bottom.dataset.flow = place === 'top' || place === 'bottom' ? 'column' : 'row';
    this.bottom.replaceChildren(...row.filter(Boolean));
    this.bottom.hidden = !first && !second;
  }

  // -- buttons --------------------------------------------------------------------------------
  async leftPressed() {
    if (this.state.back) { this.postToApp('back_button_pressed'); return; }
    await this.askToClose();
  }

  async askToClose() {
    if (this.state.confirm) {
      const id = await popup(this.node, { message: 'Changes that you made may not be saved.', buttons: [{ id: 'cancel', type: 'cancel' }, { id: 'close', type: 'destructive', text: 'Close anyway' }] });
      if (id !== 'close') return;
    }
    this.close();
  }

  toggleMenu() {
    const open = this.node.querySelector('.menu-list');
    this.more.setAttribute('aria-expanded', String(!open));
    if (open) { open.remove(); return; }
    const menuItem = (iconName, text, action) => el('button', { type: 'button', on: { click: () => { this.toggleMenu(); action(); } } }, icon(iconName, true), text);
    this.node.append(el('div', { class: 'menu-list' },
      this.state.back && menuItem('close', 'Close', () => this.askToClose()),
      this.state.settings && menuItem('gear', 'Settings', () => this.postToApp('settings_button_pressed')),
      menuItem('reload', 'Reload', () => this.reload())));
  }

  // As in Web A: ask the app to reload itself; if it does not, load its URL again.
  reload() {
    const { frame } = this;
    this.state.reloading = true;
    this.postToApp('reload_iframe');
    setTimeout(() => { if (this.state.reloading && this.frame === frame) frame.src = this.launch.url; this.state.reloading = false; }, 500);
  }

  showHaptic({ type, impact_style: style, notification_type: kind }) {
    const word = type === 'notification' ? kind : type === 'impact' ? style : 'tick';
    this.node.querySelector('.buzz')?.remove();
    const shown = el('span', { class: 'buzz', 'data-haptic': word }, `bzz · ${word}`);
    shown.addEventListener('animationend', () => shown.remove());
    this.node.append(shown);
    this.node.classList.remove('shakes', 'hard');
    void this.node.offsetWidth;
    this.node.classList.add('shakes', ...(['heavy', 'error', 'rigid'].includes(word) ? ['hard'] : []));
    if (type === 'notification') {
      this.node.classList.add(`glows-${word}`);
      setTimeout(() => this.node.classList.remove(`glows-${word}`), 700);
    }
  }
}

function isBright(color) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
  return r * 0.299 + g * 0.587 + b * 0.114 > 150;
}

// The page: the person one acts as, the open chat, and the results of taps.
import { Refused, act, get, post } from './api.js';
import { ChatView } from './chat.js';
import { showAlert, openDialog, chooseOne, toast } from './dialogs.js';
import { byId, el, avatar, botAvatar, icon } from './dom.js';
import { Phone } from './phone.js';
import { drawFaultButtons } from './fault_buttons.js';
import { InlineResults } from './inline.js';

const THEMES = [['light', 'Light'], ['dark', 'Dark'], ['odd', 'Odd']];
// `#start=…` is like t.me/<bot>?start=… in Telegram: the bot's chat with a Start button, as Olga, who organises.
const START = location.hash.match(/start=([\w-]{1,64})/)?.[1] ?? '';
const state = {
  who: Number(location.hash.match(/who=(\d+)/)?.[1] ?? (START ? 1001 : 1002)), chat: Number(location.hash.match(/chat=(-?\d+)/)?.[1] ?? (START ? 1001 : 0)) || null,
  thread: null, payload: START, view: null, seen: new Map(), phones: new Map(), drawn: '',
  theme: matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light',
};
const inline = new InlineResults(byId('commands'), {
  async ask(query, offset) {
    const done = await runOrAlert(() => act(state.view.me, 'inline', { chat_id: state.view.chat.id, query, offset }));
    return done?.answer ?? null;
  },
  async choose(query, result) {
    byId('text').value = '';
    const topic = state.thread && state.thread !== 1 ? { thread_id: state.thread } : {};
    await runOrAlert(() => act(state.view.me, 'choose', { query_id: query, result_id: result, chat_id: state.view.chat.id, ...topic }));
    byId('text').focus();
  },
  async start(payload) { byId('text').value = ''; await openChat(state.who, payload); },
});
const chatView = new ChatView(byId('talk'), byId('said'), { tap, followLink });

// -- polling ------------------------------------------------------------------------------------
async function refresh() {
  const requested = `${state.who}/${state.chat}`;
  const view = await get(`view?who=${state.who}${state.chat ? `&chat_id=${state.chat}` : ''}`);
  if (requested !== `${state.who}/${state.chat}`) return;
  state.view = view;
  if (state.chat !== view.chat.id) state.chat = view.chat.id;
  draw();
}

async function pollChanges() {
  for (;;) {
    try {
      await refresh();
      byId('toasts').querySelector('.lost')?.remove();
      const { version, run } = state.view;
      await get(`changes?after=${version}&run=${run}`);
    } catch (error) {
      if (!byId('toasts').querySelector('.lost')) byId('toasts').append(el('div', { class: 'toast lost' }, icon('close', true), 'The sandbox does not answer. Trying again …'));
      console.info(error.message);
      if (error instanceof Refused) Object.assign(state, { who: 1002, chat: null });
      await new Promise((resolve) => { setTimeout(resolve, 1000); });
    }
  }
}

async function runOrAlert(work) {
  try { return await work(); } catch (error) {
    if (!(error instanceof Refused)) throw error;
    await showAlert('That did not work', error.message);
    return null;
  }
}

// -- drawing ----------------------------------------------------------------------------------
function draw() {
  const { view } = state;
  history.replaceState(null, '', `#who=${state.who}&chat=${state.chat}`);
  if (view.chat.is_forum && !view.chat.topics.some((topic) => topic.id === state.thread)) state.thread = 1;
  if (!view.chat.is_forum) state.thread = null;
  drawPeople(view);
  drawChats(view);
  drawHeader(view);
  chatView.draw(view, state.thread);
  state.seen.set(`${state.who}/${view.chat.id}`, view.now);
  drawInput(view);
  if (byId('text').value.startsWith('/')) showCommands(byId('text').value);
  drawFaultButtons(byId('trouble'), view);
  showPhone();
}

function renderIfChanged(box, key, make) {
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  box.replaceChildren(...make());
  // In a narrow window the rows of people and chats scroll sideways: the chosen one stays in sight.
  box.querySelector('[aria-current=true], [aria-pressed=true]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
}

function drawPeople({ people }) {
  const marks = people.map((person) => [person.id, person.name, state.phones.get(person.id)?.isOpen]);
  renderIfChanged(byId('people'), JSON.stringify([state.who, marks]), () => people.map((person) => el('li', {},
    el('button', { type: 'button', 'aria-pressed': String(person.id === state.who), on: { click: () => switchPerson(person.id) } },
      avatar(person), el('span', {}, el('b', {}, person.first_name, state.phones.get(person.id)?.isOpen && el('i', { title: 'has the app open' })), el('span', { class: 'sub' }, person.about))))));
}

function drawChats(view) {
  const news = (chat) => chat.id !== view.chat.id && chat.last && chat.last.by !== state.who && chat.last.at > (state.seen.get(`${state.who}/${chat.id}`) ?? 0);
  const key = JSON.stringify([state.who, view.chat.id, view.chats.map((chat) => [chat.id, chat.title, Boolean(news(chat))])]);
  renderIfChanged(byId('rooms'), key, () => [...view.chats.map((chat) => el('button', {
    type: 'button', 'aria-current': chat.id === view.chat.id ? 'true' : undefined, on: { click: () => openChat(chat.id) },
  }, el('span', { 'aria-hidden': 'true' }, chat.type === 'private' ? '💎' : chat.emoji || '💬'), chat.title, news(chat) ? el('i', { title: 'something new' }) : null)),
  el('button', { type: 'button', class: 'new', 'aria-label': 'New group', title: 'New group', on: { click: newGroup } }, icon('plus', true))]);
}

function drawHeader({ chat, bot, me }) {
  const away = ['left', 'kicked'].includes(chat.bot.status);
  const under = chat.type === 'private' ? (me.blocks_bot ? 'bot · blocked' : 'bot') : `${chat.people} ${chat.people === 1 ? 'member' : 'members'}, ${away ? 'the bot is not here' : `${bot.name} bot`}${chat.bot.status === 'restricted' ? ' (may not write)' : ''}`;
  renderIfChanged(byId('room'), JSON.stringify([chat.id, chat.title, under]), () => [
    chat.type === 'private' ? botAvatar('big') : el('span', { class: `face big h${chat.hue}`, 'aria-hidden': 'true' }, chat.emoji || [...chat.title][0]),
    el('div', {}, el('b', {}, chat.title), el('span', { class: 'sub' }, under)),
    chat.type !== 'private' && away && el('button', { type: 'button', class: 'btn', on: { click: () => runOrAlert(() => post(`chats/${chat.id}/bot`, { status: 'administrator', by: me.first_name })) } }, 'Add the bot'),
  ].filter(Boolean));
  byId('topics').hidden = !chat.is_forum;
  renderIfChanged(byId('topics'), JSON.stringify([chat.id, chat.topics, state.thread]), () => chat.topics.map((topic) => el('button', {
    type: 'button', 'aria-pressed': String(topic.id === state.thread), on: { click: () => { state.thread = topic.id; draw(); } },
  }, `${topic.name}${topic.closed ? ' · closed' : ''}`)));
  byId('pinned').hidden = !chat.pinned_text;
  byId('pinned').lastElementChild.textContent = chat.pinned_text.split('\n')[0];
}

function drawInput({ chat, me, bot }) {
  const asleep = chat.type === 'private' && (me.blocks_bot || !chat.messages.some((one) => one.service === null) || state.payload);
  const start = byId('start');
  start.hidden = !asleep;
  start.textContent = me.blocks_bot ? 'RESTART BOT' : 'START';
  for (const part of ['text', 'menu']) byId(part).hidden = Boolean(asleep);
  byId('say').querySelector('.round').hidden = Boolean(asleep);
  const menu = byId('menu');
  if (chat.type !== 'private') menu.hidden = true;
  const button = chat.menu_button;
  const key = JSON.stringify(button);
  renderIfChanged(menu, key, () => [icon(button.type === 'web_app' ? 'gem' : 'menu', true), button.type === 'web_app' ? button.text : 'Menu']);
  menu.onclick = () => (button.type === 'web_app' ? openApp({ path: 'menu', url: button.web_app.url, chat_id: me.id }) : openMenu());
  byId('text').placeholder = chat.type === 'private' ? `Message to ${bot.name}, or / for commands` : `Message, / for commands, or @${bot.username} and a space`;
}

// -- actions ----------------------------------------------------------------------------------
async function switchPerson(id) {
  Object.assign(state, { who: id, payload: '' });
  hideCommands();
  await runOrAlert(refresh);
}

async function openChat(id, payload = '') {
  Object.assign(state, { chat: id, payload, thread: null });
  hideCommands();
  await runOrAlert(refresh);
}

async function tap(message, button) {
  if (button.url && !isBotLink(button.url)) { openOutside(button.url); return; }
  const { view } = state;
  const place = { row: message.buttons.findIndex((row) => row.includes(button)) };
  place.col = message.buttons[place.row].indexOf(button);
  const done = await runOrAlert(() => act(view.me, 'tap', { chat_id: view.chat.id, message_id: message.id, timeout: 15, ...place }));
  if (done) await showResult(done);
}

async function showResult(result) {
  switch (result.kind) {
    case 'callback':
      if (result.answer === null) toast('The bot did not answer.', 'close');
      else if (result.answer.url) await followLink(result.answer.url);
      else if (result.answer.text && result.answer.show_alert) await showAlert(state.view.bot.name, result.answer.text);
      else if (result.answer.text) toast(result.answer.text);
      break;
    case 'app': showApp(result); break;
    case 'start': await openChat(state.who, result.payload || ' '); break;
    case 'copy': await navigator.clipboard?.writeText(result.text); toast('Copied.'); break;
    default: openOutside(result.url);
  }
}

function isBotLink(address) {
  try {
    const url = new URL(address.includes('://') ? address : `https://${address}`);
    return ['t.me', 'telegram.me'].includes(url.hostname) && url.pathname.split('/')[1].toLowerCase() === state.view.bot.username.toLowerCase();
  } catch { return false; }
}

// A link, or a command in a text.
async function followLink(address, command) {
  if (command) { await sendText(command); return; }
  if (!isBotLink(address)) { openOutside(address); return; }
  const done = await runOrAlert(() => act(state.view.me, 'open', { url: address, chat_id: state.view.chat.id, theme: state.theme }));
  if (done) await showResult(done);
}

function openOutside(address) {
  if (/^https?:/i.test(address)) window.open(address, '_blank', 'noopener,noreferrer');
  else toast(`Nothing here opens ${address}`, 'close');
}

async function newGroup() {
  const name = el('input', { class: 'in', 'aria-label': 'Name of the group', value: 'Wednesday sauna', maxlength: '128' });
  const bot = el('input', { type: 'checkbox', checked: true });
  const done = await openDialog({ title: 'New group', text: `${state.view.me.first_name} makes a group with everyone of Kallio Yoga.`, body: [name, el('label', { class: 'check' }, bot, 'Add the bot')], buttons: [['', 'Cancel'], ['make', 'Make it']] });
  if (done !== 'make') return;
  const people = state.view.people.filter((one) => one.id !== 1009).map((one) => String(one.id));
  const made = await runOrAlert(() => post('chats', { title: name.value, creator: String(state.who), people, with_bot: bot.checked }));
  if (made) await openChat(made.id);
}

// -- writing ----------------------------------------------------------------------------------
async function sendText(text) {
  const { chat, me } = state.view;
  const topic = state.thread && state.thread !== 1 ? { thread_id: state.thread } : {};
  return runOrAlert(() => act(me, 'send', { chat_id: chat.id, text, ...topic }));
}

function matching(text) {
  const typed = text.match(/^\/(\w*)$/);
  return typed ? state.view.chat.commands.filter((one) => one.command.startsWith(typed[1])) : [];
}

let chosen = 0;
function showCommands(text) {
  const found = matching(text);
  const box = byId('commands');
  chosen = Math.min(chosen, Math.max(found.length - 1, 0));
  box.hidden = !found.length;
  box.replaceChildren(...found.map((one, i) => el('button', {
    type: 'button', role: 'option', 'aria-selected': String(i === chosen), on: { click: () => sendCommand(one) },
  }, el('b', {}, `/${one.command}`), el('span', {}, one.description))));
}

function openMenu() {
  if (state.view.chat.commands.length) showCommands('/');
  else toast('The bot has not named its commands yet.', 'close');
}

function hideCommands() { inline.hide(); byId('commands').hidden = true; chosen = 0; }

async function sendCommand({ command }) {
  hideCommands();
  byId('text').value = '';
  await sendText(state.view.chat.type === 'private' ? `/${command}` : `/${command}@${state.view.bot.username}`);
  byId('text').focus();
}

byId('text').addEventListener('input', () => {
  const { value } = byId('text');
  if (inline.read(value, state.view.bot.username)) return;
  if (value.startsWith('/')) showCommands(value); else hideCommands();
});
byId('text').addEventListener('keydown', (event) => {
  if (inline.press(event)) { event.preventDefault(); return; }
  const found = byId('commands').hidden ? [] : matching(byId('text').value);
  if (event.key === 'Escape') hideCommands();
  else if (found.length && ['ArrowDown', 'ArrowUp'].includes(event.key)) {
    event.preventDefault();
    chosen = (chosen + (event.key === 'ArrowDown' ? 1 : found.length - 1)) % found.length;
    showCommands(byId('text').value);
  } else if (event.key === 'Tab' && found.length) {
    event.preventDefault();
    byId('text').value = `/${found[chosen].command} `;
    hideCommands();
  } else if (event.key === 'Enter' && !event.shiftKey) { event.preventDefault(); byId('say').requestSubmit(); }
});
byId('say').addEventListener('submit', async (event) => {
  event.preventDefault();
  const text = byId('text').value;
  hideCommands();
  if (!text.trim()) return;
  byId('text').value = '';
  if (await sendText(text) === null) byId('text').value = text;
});
byId('start').addEventListener('click', async () => {
  const payload = state.payload.trim();
  state.payload = '';
  await runOrAlert(() => act(state.view.me, 'start', { payload }));
});
byId('toapp').addEventListener('click', () => { phoneFor(state.view.me).minimised = false; showPhone(); });
byId('tools').addEventListener('click', () => {
  const open = document.body.classList.toggle('tools-open');
  byId('tools').setAttribute('aria-expanded', String(open));
});

// -- the phone --------------------------------------------------------------------------------
function phoneFor(person) {
  const known = state.phones.get(person.id);
  if (known) return known;
  const { bot } = state.view;
  const who = () => state.view.people.find((one) => one.id === person.id);
  const phone = new Phone(person, bot, {
    theme: () => state.view.themes[state.theme],
    launch: () => openApp({ path: 'profile' }),
    closed: () => { queueMicrotask(() => { if (state.view) { drawPeople(state.view); showPhone(); } }); },
    mayWrite: () => who().may_be_written_to && !who().blocks_bot,
    allowWriting: () => act(person, 'write-access', { allowed: true }),
    storage: (method, params) => act(person, 'storage', { method, params }),
    openOutside,
    download(url, name) { el('a', { href: url, download: name, target: '_blank', rel: 'noopener noreferrer' }).click(); },
    async followLink(address) { if (isBotLink(address)) { phone.minimised = true; showPhone(); } await followLink(address); },
    async share(id) {
      const chat = await chooseOne('Share with', state.view.chats.map((chat) => [chat.id, chat.title, chat.emoji || '💎']));
      if (chat === null) return 'USER_DECLINED';
      try { await act(person, 'share', { prepared: id, chat_id: Number(chat) }); return ''; } catch (error) { return error.message; }
    },
  });
  phone.node.hidden = true;
  byId('phones').append(phone.node);
  state.phones.set(person.id, phone);
  return phone;
}

function showPhone() {
  const mine = phoneFor(state.view.me);
  for (const phone of state.phones.values()) phone.node.hidden = phone !== mine;
  document.querySelector('.hand').classList.toggle('open', mine.isOpen && !mine.minimised);
  byId('toapp').hidden = !(mine.isOpen && mine.minimised);
}

async function openApp(how) {
  const done = await runOrAlert(() => act(state.view.me, 'launch', { theme: state.theme, ...how }));
  if (done) showApp(done);
}

function showApp(launch) {
  const phone = phoneFor(state.view.me);
  const theme = state.view.themes[state.theme];
  // The result of a tap does not know the theme of this page: the client sets its own.
  const url = launch.url.replace(/tgWebAppThemeParams=[^&]*/, `tgWebAppThemeParams=${encodeURIComponent(JSON.stringify(theme))}`);
  phone.open({ ...launch, theme, url });
  drawPeople(state.view);
  showPhone();
}

function setTheme(name) {
  state.theme = name;
  document.documentElement.dataset.scheme = name === 'dark' ? 'dark' : 'light';
  for (const button of document.querySelectorAll('[data-themes] button')) button.setAttribute('aria-pressed', String(button.value === name));
  for (const phone of state.phones.values()) phone.setTheme(state.view.themes[name]);
}

for (const box of document.querySelectorAll('[data-themes]')) {
  box.append(...THEMES.map(([value, label]) => el('button', { type: 'button', value, on: { click: () => setTheme(value) } }, label)));
}
setTheme(state.theme);
pollChanges();

// The open chat: its messages with their buttons, and service messages. Only changed ones are drawn again.
import { el, avatar, botAvatar, icon } from './dom.js';
import { renderEntities } from './entities.js';

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const dayName = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });

export class ChatView {
  constructor(box, list, actions) {
    this.box = box;
    this.list = list;
    this.actions = actions;
    this.drawn = new Map();
    this.sceneKey = '';
  }

  draw(view, thread) {
    const sceneKey = `${view.run}/${view.me.id}/${view.chat.id}/${thread ?? ''}`;
    const isNewScene = sceneKey !== this.sceneKey;
    const atEnd = isNewScene || this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 80;
    if (isNewScene) { this.drawn.clear(); this.list.replaceChildren(); this.sceneKey = sceneKey; }
    const shown = view.chat.messages.filter((message) => inThread(view.chat, message, thread));
    const nodes = [];
    let day = '';
    let last = null;
    for (const message of shown) {
      const today = new Date(message.at * 1000).toDateString();
      if (today !== day) { nodes.push(this.serviceLine(`day ${today}`, formatDay(message.at))); day = today; last = null; }
      nodes.push(this.message(view, message, message.service === null && last === message.from.id));
      last = message.service === null ? message.from.id : null;
    }
    if (!shown.some((message) => message.service === null)) nodes.push(this.emptyState(view, thread));
    else this.drawn.delete('empty');
    const kept = new Set(nodes);
    for (const node of [...this.list.children]) if (!kept.has(node)) node.remove();
    nodes.forEach((node, i) => { if (this.list.children[i] !== node) this.list.insertBefore(node, this.list.children[i] ?? null); });
    if (atEnd) this.box.scrollTop = this.box.scrollHeight;
  }

  reuse(key, fingerprint, make) {
    const old = this.drawn.get(key);
    if (old?.fingerprint === fingerprint) return old.node;
    const node = make(old !== undefined);
    this.drawn.set(key, { fingerprint, node });
    return node;
  }

  serviceLine(key, text) {
    return this.reuse(key, text, () => el('span', { class: 'stamp' }, text));
  }

  emptyState(view, thread) {
    const { chat, bot, me } = view;
    const key = JSON.stringify([chat.bot, bot.description, me.may_be_written_to, me.blocks_bot, thread]);
    return this.reuse('empty', key, () => chat.type === 'private'
      ? el('div', { class: 'empty' }, botAvatar(), el('b', {}, 'What can this bot do?'),
        el('p', {}, bot.description || 'This is the private chat with the bot. What it tells only you appears here: a seat that came free, a reminder, a change.'),
        el('p', {}, 'Press START below, as everybody does once.'))
      : el('div', { class: 'empty' }, el('span', { class: `face big h${chat.hue}` }, chat.emoji || '💬'), el('b', {}, thread ? 'Nothing in this topic yet' : `Nothing is said in ${chat.title} yet`),
        el('p', {}, chat.bot.status === 'left' || chat.bot.status === 'kicked'
          ? 'The bot is not here. Add it from the header, and it can post cards.'
          : 'Cards of events and polls appear here, with buttons to join. Post one from the dashboard, or type / to see what the bot can do.')));
  }

  message(view, message, follows) {
    if (message.service !== null) {
      const text = describeServiceMessage(view, message);
      return this.reuse(message.id, text, () => el('span', { class: 'stamp' }, text));
    }
    const fingerprint = JSON.stringify([message.edits, follows, message.reply_to]);
    return this.reuse(message.id, fingerprint, (changed) => this.bubble(view, message, follows, changed));
  }

  bubble(view, message, follows, changed) {
    const { me, chat } = view;
    const mine = message.from.id === me.id;
    const group = chat.type !== 'private';
    const time = `${message.seen_by ? 'only you see this · ' : ''}${message.edits ? 'edited ' : ''}${clock.format(new Date((message.edited_at ?? message.at) * 1000))}`;
    const author = message.via_bot ? `${message.from.name} via ${view.bot.name}` : message.from.name;
    const answered = message.reply_to && chat.messages.find((other) => other.id === message.reply_to);
    const bubble = el('div', { class: 'bub' },
      group && !mine && !follows && el('b', { class: `by${message.from.hue === null ? '' : ` h${message.from.hue}`}` }, author),
      answered && el('span', { class: 'quote' }, answered.text),
      message.document && el('span', { class: 'quote' }, `📎 ${message.document.file_name}`),
      ...renderEntities(message.text, message.entities, { language: me.language_code, followLink: this.actions.followLink }),
      el('span', { class: 'at' }, time));
    const body = el('div', { class: 'body' }, bubble, message.buttons.length ? this.keyboard(message) : null);
    const picture = !group || mine ? null : follows ? el('span') : message.from.is_bot ? botAvatar() : avatar(message.from);
    return el('article', { class: `msg${mine ? ' me' : ''}${picture ? '' : ' alone'}${changed ? ' changed' : ''}`, 'data-message': message.id, 'aria-label': `${author}, ${time}` }, picture, body);
  }

  keyboard(message) {
    return el('div', { class: 'keys' }, ...message.buttons.map((row) => el('div', {}, ...row.map((button) => this.button(message, button)))));
  }

  button(message, button) {
    const iconName = button.url ? 'out' : button.web_app ? 'gem' : button.copy_text ? 'copy' : null;
    const node = el('button', { type: 'button', class: button.style, disabled: button.disabled !== undefined },
      button.text, iconName && icon(iconName, true));
    node.addEventListener('click', async () => {
      node.classList.add('waits');
      try { await this.actions.tap(message, button); } finally { node.classList.remove('waits'); }
    });
    return node;
  }
}

export function inThread(chat, message, thread) {
  if (!chat.is_forum || thread === null) return true;
  return (message.thread_id ?? 1) === thread;
}

function formatDay(at) {
  const date = new Date(at * 1000);
  return date.toDateString() === new Date().toDateString() ? 'Today' : dayName.format(date);
}

function describeServiceMessage(view, { service, from }) {
  const names = (people) => people.map((person) => person.first_name).join(', ');
  if (service.group_chat_created || service.supergroup_chat_created) return `${from.name} made the group`;
  if (service.new_chat_members) {
    const [first] = service.new_chat_members;
    return first.id === from.id ? `${from.name} joined` : `${from.name} added ${names(service.new_chat_members)}`;
  }
  if (service.left_chat_member) return service.left_chat_member.id === from.id ? `${from.name} left` : `${from.name} removed ${service.left_chat_member.first_name}`;
  if (service.pinned_message) return `${from.name} pinned “${(service.pinned_message.text ?? '').split('\n')[0].slice(0, 40)}”`;
  if (service.forum_topic_created) return `${from.name} opened the topic “${service.forum_topic_created.name}”`;
  if (service.forum_topic_closed) return `${from.name} closed the topic`;
  if (service.forum_topic_reopened) return `${from.name} opened the topic again`;
  if (service.new_chat_title) return `${from.name} named the group “${service.new_chat_title}”`;
  if (service.migrate_from_chat_id) return 'This group became a supergroup';
  if (service.migrate_to_chat_id) return 'This group moved to a supergroup';
  if (service.write_access_allowed) return `${view.bot.name} may now write to ${from.name}`;
  return Object.keys(service)[0];
}

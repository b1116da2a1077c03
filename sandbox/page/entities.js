// A message's text with its entities. Offsets are UTF-16 units, as JavaScript's own.
import { el } from './dom.js';

// The people here live in Europe: their English writes 18:00, and the day before the month.
const localeOf = (language) => (language === 'en' ? 'en-GB' : language);

export function renderEntities(text, entities, { language, followLink }) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  const part = (from, to, inside) => {
    const nodes = [];
    let at = from;
    for (let i = 0; i < inside.length; i += 1) {
      const entity = inside[i];
      if (entity.offset < at) continue;
      const end = Math.min(entity.offset + entity.length, to);
      nodes.push(text.slice(at, entity.offset));
      const within = inside.slice(i + 1).filter((other) => other.offset < end);
      nodes.push(renderEntity(entity, text.slice(entity.offset, end), part(entity.offset, end, within), { language, followLink }));
      at = end;
    }
    nodes.push(text.slice(at, to));
    return nodes.filter((node) => node !== '');
  };
  return part(0, text.length, sorted);
}

const TAGS = { bold: 'b', italic: 'i', underline: 'u', strikethrough: 's', code: 'code', pre: 'pre', blockquote: 'blockquote', expandable_blockquote: 'blockquote' };

function renderEntity(entity, raw, children, { language, followLink }) {
  const link = (address) => el('button', { type: 'button', class: 'go', title: address, on: { click: () => followLink(address) } }, ...children);
  switch (entity.type) {
    case 'text_link': return link(entity.url);
    case 'url': return link(raw.includes('://') ? raw : `https://${raw}`);
    case 'bot_command': return el('button', { type: 'button', class: 'go', on: { click: () => followLink(null, raw) } }, ...children);
    case 'mention': case 'hashtag': case 'email': case 'text_mention': return el('span', { class: 'go' }, ...children);
    case 'spoiler': {
      const hidden = el('button', { type: 'button', class: 'spoiler', 'aria-label': 'Hidden text, tap to show' }, ...children);
      hidden.addEventListener('click', () => { hidden.classList.add('shown'); hidden.removeAttribute('aria-label'); });
      return hidden;
    }
    case 'date_time': return renderTime(entity, children, localeOf(language));
    default: return TAGS[entity.type] ? el(TAGS[entity.type], {}, ...children) : el('span', {}, ...children);
  }
}

// Telegram shows each reader their own local time; without a format, the text as written.
function renderTime(entity, children, language) {
  const at = new Date(entity.unix_time * 1000);
  const whole = new Intl.DateTimeFormat(language, { dateStyle: 'full', timeStyle: 'short' }).format(at);
  const format = entity.date_time_format ?? '';
  const shown = format ? [localTime(at, format, language)] : children;
  return el('time', { datetime: at.toISOString(), title: whole }, ...shown);
}

function localTime(at, format, language) {
  if (format === 'r') {
    const seconds = (at - Date.now()) / 1000;
    const [unit, size] = [['day', 86400], ['hour', 3600], ['minute', 60]].find(([, s]) => Math.abs(seconds) >= s) ?? ['second', 1];
    return new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(Math.round(seconds / size), unit);
  }
  const options = {};
  if (format.includes('w')) options.weekday = format.includes('D') ? 'long' : 'short';
  if (format.includes('d')) Object.assign(options, { day: 'numeric', month: 'short' });
  if (format.includes('D')) Object.assign(options, { day: 'numeric', month: 'long', year: 'numeric' });
  if (/[tT]/.test(format)) Object.assign(options, { hour: '2-digit', minute: '2-digit' });
  if (format.includes('T')) options.second = '2-digit';
  return new Intl.DateTimeFormat(language, options).format(at);
}

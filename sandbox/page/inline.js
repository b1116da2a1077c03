// Inline mode: what the bot offers to a person who types its name and some words in any chat.
import { el } from './dom.js';

const PAUSE = 300; // milliseconds without a letter, before the bot is asked

export class InlineResults {
  constructor(box, { ask, choose, start }) {
    Object.assign(this, { box, ask, choose, start, chosen: 0, timer: null, typed: null, items: [] });
  }

  get isOpen() { return this.typed !== null; }

  // Whether the text is for the bot's inline mode; what it offers is shown a moment later.
  read(text, name) {
    clearTimeout(this.timer);
    const found = text.match(/^@(\w+) (.*)$/s);
    if (!found || found[1].toLowerCase() !== name.toLowerCase()) { this.hide(); return false; }
    this.typed = found[2];
    this.timer = setTimeout(() => this.load(found[2]), PAUSE);
    return true;
  }

  async load(query, offset = '') {
    const answer = await this.ask(query, offset);
    if (this.typed !== query) return; // somebody typed on, or sent
    const before = offset ? this.items : [];
    this.items = before.concat((answer?.results ?? []).map((result) => ({ result, answer })));
    this.answer = answer;
    this.chosen = Math.min(this.chosen, Math.max(this.items.length - 1, 0));
    this.show(query);
  }

  show(query) {
    const { answer } = this;
    const rows = this.items.map(({ result, answer: of }, i) => el('button', {
      type: 'button', role: 'option', 'aria-selected': String(i === this.chosen), on: { click: () => this.pick(of, result) },
    }, el('b', {}, result.title), el('span', {}, result.description)));
    if (answer?.button) rows.unshift(el('button', { type: 'button', role: 'option', on: { click: () => { this.hide(); this.start(answer.button.start_parameter); } } }, el('b', {}, answer.button.text)));
    if (answer?.next_offset) rows.push(el('button', { type: 'button', role: 'option', on: { click: () => this.load(query, answer.next_offset) } }, el('span', {}, 'More')));
    if (!rows.length) rows.push(el('span', { class: 'sub' }, answer ? 'The bot offers nothing for this.' : 'The bot did not answer.'));
    this.box.replaceChildren(...rows);
    this.box.hidden = false;
  }

  pick(answer, result) { this.hide(); this.choose(answer.id, result.id); }

  // Whether the key was for the results.
  press(event) {
    if (!this.isOpen || this.box.hidden) return false;
    if (event.key === 'Escape') { this.hide(); return true; }
    if (!this.items.length) return event.key === 'Enter' && !event.shiftKey;
    if (['ArrowDown', 'ArrowUp'].includes(event.key)) {
      const step = event.key === 'ArrowDown' ? 1 : this.items.length - 1;
      this.chosen = (this.chosen + step) % this.items.length;
      this.show(this.typed);
      return true;
    }
    if (event.key === 'Enter' && !event.shiftKey) { const { answer, result } = this.items[this.chosen]; this.pick(answer, result); return true; }
    return false;
  }

  hide() {
    clearTimeout(this.timer);
    if (this.typed === null) return;
    this.typed = null;
    this.items = [];
    this.chosen = 0;
    this.box.hidden = true;
  }
}

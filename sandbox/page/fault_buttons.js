// "Make trouble": one button for each fault that a bot must cope with.
import { act, post, remove } from './api.js';
import { openDialog, toast } from './dialogs.js';
import { el } from './dom.js';

export function drawFaultButtons(box, view) {
  const { me, chat, faults } = view;
  const group = chat.type !== 'private';
  const muted = chat.bot.status === 'restricted';
  const inside = !['left', 'kicked'].includes(chat.bot.status);
  const button = (label, run, pressed) => el('button', {
    type: 'button', class: 'btn', 'aria-pressed': pressed === undefined ? undefined : String(pressed), on: { click: () => runOrShowError(run) },
  }, label);
  box.replaceChildren(...[
    button(faults ? 'Bot will be told “429”' : 'Bot is told “429, wait 5 s”', async () => {
      if (faults) await remove('faults');
      else await post('faults', { error_code: 429, retry_after: 5 });
    }, faults > 0),
    button(`${me.first_name} blocks the bot`, () => act(me, 'block', { blocked: !me.blocks_bot }), me.blocks_bot),
    group && inside && button('Bot may not write here', () => post(`chats/${chat.id}/bot`, muted ? { status: 'administrator' } : { status: 'muted' }), muted),
    group && inside && chat.type === 'group' && button('Upgrade to a supergroup', () => post(`chats/${chat.id}/upgrade`)),
    inside && button('Delete the last card', () => deleteLast(view)),
    group && inside && button('Remove the bot', () => post(`chats/${chat.id}/bot`, { status: 'kicked' })),
  ].filter(Boolean));
}

async function deleteLast({ chat }) {
  const last = chat.messages.findLast((one) => one.from.is_bot && one.service === null);
  if (!last) { toast('The bot has not said anything here yet.', 'close'); return; }
  await remove(`chats/${chat.id}/messages/${last.id}`);
}

async function runOrShowError(work) {
  try { await work(); } catch (error) { await openDialog({ title: 'That cannot be', text: error.message }); }
}

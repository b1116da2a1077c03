// The events of the Mini App, and what a client does on each. Features that are not modelled are answered as by a
// client without them; the README lists those.
import { popup } from './popup.js';
import { closeScanner, openScanner } from './scanner.js';

const KEYS = { bg_color: 'bg_color', secondary_bg_color: 'secondary_bg_color', bottom_bar_bg_color: 'bottom_bar_bg_color', header_bg_color: 'header_bg_color' };
const colorOf = (phone, { color, color_key: key }) => color ?? phone.theme[KEYS[key]] ?? phone.theme.bg_color;
const confirmButtons = (yes) => [{ id: 'no', type: 'cancel' }, { id: 'yes', type: 'default', text: yes }];
const ignore = () => {};
const noInsets = { top: 0, bottom: 0, left: 0, right: 0 };

export const appEvents = {
  iframe_ready(phone, { reload_supported: can }) { phone.state.reloads = can === true; },
  iframe_will_reload(phone) { phone.state.reloading = false; phone.state.main = {}; phone.state.secondary = {}; phone.state.back = false; phone.drawBottom(); phone.drawTop(); },
  web_app_ready(phone) { phone.hideLoading(); },
  web_app_expand(phone) { phone.postViewport(); },
  web_app_close(phone) { phone.close(); },
  web_app_request_theme(phone) { phone.postToApp('theme_changed', { theme_params: phone.theme }); },
  web_app_request_viewport(phone) { phone.postViewport(); },
  web_app_request_safe_area(phone) { phone.postToApp('safe_area_changed', noInsets); },
  web_app_request_content_safe_area(phone) { phone.postToApp('content_safe_area_changed', noInsets); },
  web_app_set_header_color(phone, data) { phone.setHeaderColor(colorOf(phone, data)); },
  web_app_set_background_color(phone, data) { phone.node.style.setProperty('--p-page', colorOf(phone, data)); },
  web_app_set_bottom_bar_color(phone, data) { phone.node.style.setProperty('--p-bar', colorOf(phone, data)); },
  web_app_setup_main_button(phone, data) { phone.state.main = data; phone.drawBottom(); },
  web_app_setup_secondary_button(phone, data) { phone.state.secondary = data; phone.drawBottom(); },
  web_app_setup_back_button(phone, { is_visible: shown }) { phone.state.back = shown === true; phone.drawTop(); },
  web_app_setup_settings_button(phone, { is_visible: shown }) { phone.state.settings = shown === true; },
  web_app_setup_closing_behavior(phone, { need_confirmation: need }) { phone.state.confirm = need === true; },
  web_app_setup_swipe_behavior: ignore,
  web_app_hide_keyboard: ignore,
  web_app_trigger_haptic_feedback(phone, data) { phone.showHaptic(data); },

  async web_app_open_popup(phone, { title, message, buttons }) {
    const id = await popup(phone.node, { title, message, buttons });
    phone.postToApp('popup_closed', id === undefined ? {} : { button_id: id });
  },
  web_app_open_scan_qr_popup(phone, { text }) { openScanner(phone, text); },
  web_app_close_scan_qr_popup(phone) { closeScanner(phone); },
  async web_app_request_write_access(phone) {
    if (phone.actions.mayWrite()) { phone.postToApp('write_access_requested', { status: 'allowed' }); return; }
    const id = await popup(phone.node, { title: `Allow ${phone.bot.name} to message you?`, message: 'It may then send you messages.', buttons: confirmButtons('Allow') });
    if (id === 'yes') await phone.actions.allowWriting();
    phone.postToApp('write_access_requested', { status: id === 'yes' ? 'allowed' : 'cancelled' });
  },
  async web_app_request_file_download(phone, { url, file_name: name }) {
    const id = await popup(phone.node, { title: 'Download file', message: `“${name}” from ${new URL(url).host}`, buttons: confirmButtons('Download') });
    phone.postToApp('file_download_requested', { status: id === 'yes' ? 'downloading' : 'cancelled' });
    if (id === 'yes') phone.actions.download(url, name);
  },
  web_app_open_link(phone, { url }) { phone.actions.openOutside(url); },
  web_app_open_tg_link(phone, { path_full: path }) { phone.actions.followLink(`https://t.me${path}`); },
  async web_app_invoke_custom_method(phone, { req_id: number, method, params }) {
    phone.postToApp('custom_method_invoked', { req_id: number, ...await phone.actions.storage(method, params) });
  },
  async web_app_send_prepared_message(phone, { id }) {
    const failed = await phone.actions.share(id);
    if (failed) phone.postToApp('prepared_message_failed', { error: failed });
    else phone.postToApp('prepared_message_sent');
  },
  web_app_read_text_from_clipboard(phone, { req_id: number }) { phone.postToApp('clipboard_text_received', { req_id: number, data: null }); },
  web_app_request_phone(phone) { phone.postToApp('phone_requested', { status: 'cancelled' }); },
  web_app_request_fullscreen(phone) { phone.postToApp('fullscreen_failed', { error: 'UNSUPPORTED' }); },
  web_app_exit_fullscreen: ignore,
  web_app_check_home_screen(phone) { phone.postToApp('home_screen_checked', { status: phone.home }); },
  async web_app_add_to_home_screen(phone) {
    if (phone.home === 'unsupported') { phone.postToApp('home_screen_failed', { error: 'UNSUPPORTED' }); return; }
    const id = await popup(phone.node, { title: 'Add to home screen', message: `${phone.bot.name} would stand among the apps of this phone.`, buttons: confirmButtons('Add') });
    if (id !== 'yes') { phone.postToApp('home_screen_failed', { error: 'USER_DECLINED' }); return; }
    phone.home = 'added';
    phone.postToApp('home_screen_added');
  },
  web_app_check_location(phone) { phone.postToApp('location_checked', { available: false }); },
  web_app_biometry_get_info(phone) { phone.postToApp('biometry_info_received', { available: false }); },
  web_app_open_invoice(phone, { slug }) { phone.postToApp('invoice_closed', { slug, status: 'failed' }); },
  web_app_request_chat(phone, { req_id: number }) { phone.postToApp('requested_chat_failed', { req_id: number, error: 'UNSUPPORTED' }); },
  web_app_device_storage_save_key: unsupportedStorage,
  web_app_device_storage_get_key: unsupportedStorage,
  web_app_device_storage_clear: unsupportedStorage,
};

function unsupportedStorage(phone, { req_id: number }) {
  phone.postToApp('device_storage_failed', { req_id: number, error: 'UNSUPPORTED' });
}

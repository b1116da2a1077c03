// Speaks through Telegram's own script and shows what came of it.
const app = window.Telegram.WebApp;
const by = (id) => document.getElementById(id);
const say = (text) => { by('said').textContent = text; };
const scheme = () => { by('scheme').textContent = app.colorScheme; };

by('who').textContent = app.initDataUnsafe.user?.first_name ?? 'nobody';
by('start').textContent = app.initDataUnsafe.start_param ?? 'nothing';
by('platform').textContent = `${app.platform} ${app.version}`;
document.body.dataset.init = app.initData;
scheme();
app.onEvent('themeChanged', scheme);
app.onEvent('viewportChanged', () => { document.body.dataset.height = app.viewportStableHeight; });

app.MainButton.setParams({ text: 'Book', is_visible: true }).onClick(() => { app.MainButton.showProgress(); say('main pressed'); });
app.SecondaryButton.setParams({ text: 'Leave', is_visible: true, position: 'left' }).onClick(() => say('secondary pressed'));
app.BackButton.show();
app.BackButton.onClick(() => { app.BackButton.hide(); say('back pressed'); });
app.SettingsButton.show();
app.SettingsButton.onClick(() => say('settings pressed'));

by('popup').onclick = () => app.showPopup({ title: 'Leave?', message: 'Your seat goes to Пётр <b>next</b>.', buttons: [{ id: 'stay', type: 'cancel' }, { id: 'go', type: 'destructive', text: 'Leave' }] }, (id) => say(`popup ${id}`));
by('haptic').onclick = () => app.HapticFeedback.notificationOccurred('success');
by('write').onclick = () => app.requestWriteAccess((allowed) => say(`write ${allowed}`));
by('store').onclick = () => app.CloudStorage.setItem('seen', 'yes', () => app.CloudStorage.getItem('seen', (error, value) => say(`stored ${value}`)));
by('link').onclick = () => app.openTelegramLink('https://t.me/emerald_bot?start=hello_1');
by('file').onclick = () => app.downloadFile({ url: 'https://kalliojooga.example/event.ics', file_name: 'event.ics' }, (ok) => say(`file ${ok}`));
by('scan').onclick = () => app.showScanQrPopup({ text: 'Member code' }, (data) => { say(`scanned ${data}`); return true; });
by('scan-many').onclick = () => { app.onEvent('scanQrPopupClosed', () => say('scanner closed')); app.showScanQrPopup({}, (data) => { say(`scanned ${data}`); }); };
by('share').onclick = ({ target }) => app.shareMessage(target.dataset.id);
app.onEvent('shareMessageSent', () => say('shared'));
app.onEvent('shareMessageFailed', ({ error }) => say(`not shared: ${error}`));
by('home').onclick = () => app.checkHomeScreenStatus((status) => say(`home ${status}`));
by('add').onclick = () => app.addToHomeScreen();
app.onEvent('homeScreenAdded', () => say('home came'));
by('guard').onclick = () => app.enableClosingConfirmation();
by('leave').onclick = () => app.close();
app.ready();
app.expand();

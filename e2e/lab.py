"""The sandbox's page as a person uses it: a chat, and a phone with the Mini App in it."""

from pathlib import Path

from playwright.sync_api import Frame, FrameLocator, Locator, Page, expect

SHOTS = Path(__file__).parent / "shots"
keep_shots = False  # unless `--shots`: each takes 0.14 s of processor time, and no test looks at it
# Endless animations (a loading skeleton) are not waited for.
RESTED = """Promise.all(document.getAnimations().filter(a => a.effect.getComputedTiming().endTime !== Infinity)
  .map(a => a.finished.catch(() => {})))"""


class Lab:
    """One browser window with the sandbox in it; the chosen person acts."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address

    def be(self, telegram_id: int, chat_id: int | None = None) -> "Lab":
        """Load the page as this person, in this chat (their private one with the bot when none is named)."""
        self.page.goto("about:blank")  # a change of the fragment alone loads nothing
        self.page.goto(f"{self.address}/#who={telegram_id}&chat={chat_id or telegram_id}")
        expect(self.page.locator("#people [aria-pressed=true]")).to_have_count(1)
        return self

    def message(self, text: str) -> Locator:
        """The newest message with this text in the open chat."""
        return self.page.locator(".msg", has_text=text).last

    def press(self, message: Locator, button: str) -> None:
        """Press a button under a message."""
        message.locator(".keys").get_by_role("button", name=button).click()

    @property
    def toast(self) -> Locator:
        """The text of the popup that answered a tap."""
        return self.page.locator(".toast").last

    def alert(self, words: str) -> None:
        """Read a popup that has to be closed, and close it."""
        dialog = self.page.get_by_role("dialog")
        expect(dialog).to_contain_text(words)
        dialog.get_by_role("button", name="OK").click()
        expect(dialog).to_be_hidden()

    def say(self, text: str) -> None:
        """Write into the open chat."""
        box = self.page.get_by_label("Message", exact=True)
        box.fill(text)
        box.press("Enter")

    @property
    def phone(self) -> Locator:
        """The phone of the chosen person."""
        return self.page.locator(".phone:not([hidden])")

    @property
    def app(self) -> FrameLocator:
        """Inside the Mini App."""
        return self.phone.frame_locator("iframe")

    @property
    def frame(self) -> Frame:
        """The document of the Mini App."""
        return next(frame for frame in self.page.frames if "/app" in frame.url)

    @property
    def screen(self) -> Locator:
        """The Mini App's screen, once the server has sent one."""
        return self.app.locator("main#screen[data-outcome]")

    @property
    def main(self) -> Locator:
        """Telegram's main button."""
        return self.phone.locator(".bottom button.main")

    @property
    def second(self) -> Locator:
        """Telegram's secondary button."""
        return self.phone.locator(".bottom button.secondary")

    @property
    def back(self) -> Locator:
        """Telegram's back button."""
        return self.phone.get_by_role("button", name="Back", exact=True)

    def answer(self, question: str, button: str) -> None:
        """Press a button of a popup over the app."""
        asked = self.phone.get_by_role("alertdialog")
        expect(asked).to_contain_text(question)
        asked.get_by_role("button", name=button, exact=True).click()

    def reload(self) -> None:
        """Telegram's own Reload, from the phone's menu."""
        self.phone.get_by_role("button", name="More", exact=True).click()
        self.phone.get_by_role("button", name="Reload", exact=True).click()

    def shot(self, name: str) -> None:
        shot(self.page, name)


def shot(page: Page, name: str) -> None:
    """Wait until nothing moves any more; with `--shots`, save a screenshot then."""
    for frame in page.frames:
        frame.evaluate(RESTED)
    if keep_shots:
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"{name}.png")

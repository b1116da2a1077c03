"""The settings of one sandbox. They never change while it runs."""

import dataclasses
from pathlib import Path
from urllib.parse import urlsplit


@dataclasses.dataclass(frozen=True, slots=True)
class Config:
    """What `python -m sandbox` takes on its command line, with the same defaults.

    `app_url` is the origin of the product under test, `app_path` the page its Mini App opens at
    (what one registers with BotFather). Log In With Telegram works with `login_secret`, the client's, and
    leads back to `login_redirect`, the one URL that is allowed. `state` is the file that keeps people and chats over
    restarts; without it each start begins anew. `flood` enforces the limits of Telegram's FAQ.
    """

    app_url: str
    token: str
    host: str = "127.0.0.1"
    port: int = 8081
    bot_name: str = "emerald_bot"
    bot_title: str = "Emerald"
    app_path: str = "/app/"
    login_secret: str = ""
    login_redirect: str = ""
    state: Path | None = None
    flood: bool = False
    # Seconds within which the bot may answer a pressed button.
    callback_ttl: float = 15.0

    def __post_init__(self) -> None:
        number, colon, secret = self.token.partition(":")
        if not (number.isdigit() and colon and secret):
            raise ValueError("The token must look like 42:SANDBOX (a number, a colon, a secret).")
        parts = urlsplit(self.app_url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise ValueError("The app's URL must start with http:// or https://.")

    @property
    def bot_id(self) -> int:
        """The bot's own user id: the number before the colon of its token."""
        return int(self.token.partition(":")[0])

    @property
    def app_origin(self) -> str:
        """Scheme and host of the product: the only origin without HTTPS that buttons may name."""
        parts = urlsplit(self.app_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def mini_app_url(self) -> str:
        """Where direct links (`t.me/<bot>/<app>`) open the Mini App."""
        return self.app_origin + self.app_path

"""The address of a written link, checked and normalised as TDLib does it (`LinkManager`, `HttpUrl`)."""

import ipaddress
import re
import string

_ALNUM = frozenset(string.ascii_letters + string.digits)
_OWN_SCHEMES = ("tg:", "ton:", "tonsite:")
_HOST_CHARACTERS = _ALNUM | frozenset(".-_!$,~*'();&+=")
_SPACES = " \t\r\n\0\v"
_MAX_PORT = 65535
_MAX_USER_ID = (1 << 40) - 1
_MENTION_HOST = re.compile(r"tg:(?://)?user/?\?(?P<query>[^#]*)")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")


def lower(text: str) -> str:
    """ASCII letters only, as TDLib lowers."""
    return "".join(c.lower() if c.isascii() else c for c in text)


def find_mentioned_user_id(target: str) -> int | None:
    """The id in `tg://user?id=…`; None for anything else, or an id no user can have."""
    found = _MENTION_HOST.match(lower(target))
    if found is None:
        return None
    for parameter in found["query"].split("&"):
        key, _, value = parameter.partition("=")
        if key == "id":
            number = int(value) if _INTEGER.fullmatch(value) else 0
            return number if 0 < number <= _MAX_USER_ID else None
    return None


def check_link(target: str) -> str | None:
    """The URL as Telegram keeps it; None for one it drops (the text then stays plain)."""
    scheme = next((s for s in _OWN_SCHEMES if lower(target).startswith(s)), None)
    if scheme is None:
        return _check_http_link(target)
    rest = target[len(scheme) :].removeprefix("//")
    parts = _split_url(rest)
    if parts is None:
        return None
    protocol, userinfo, host, port, query = parts
    if protocol == "https" or lower(rest).startswith("http://") or userinfo or port or host.startswith("["):
        return None
    allowed = _ALNUM | frozenset("-_" if scheme != "tonsite:" else "-_.")
    if not all(c in allowed for c in host):
        return None
    return f"{scheme}//{host}{query.removeprefix('/') if query.startswith('/?') else query}"


def _check_http_link(target: str) -> str | None:
    parts = _split_url(target)
    if parts is None:
        return None
    protocol, userinfo, host, port, query = parts
    if "." not in host and not host.startswith("["):
        return None
    user = f"{userinfo}@" if userinfo else ""
    return f"{protocol}://{user}{host}{f':{port}' if port else ''}{query}"


def _split_url(url: str) -> tuple[str, str, str, int, str] | None:
    """Protocol, user, host, port (0: none written), and path with query; None for what is no URL."""
    protocol = "http"
    written = re.match(r"([^:/?#@\[\]]*)://", url)
    if written:
        protocol = lower(written[1])
        if protocol not in {"http", "https"}:
            return None
        url = url[written.end() :]
    authority = re.match(r"[^/?#]*", url)[0]  # type: ignore[index]  # matches always
    query = _quote_query(url[len(authority) :])
    port = 0
    at = max(authority.rfind(c) for c in ":]@")
    if at > 0 and authority[at] == ":":
        digits = authority[at + 1 :].lstrip("0")
        if not (digits.isascii() and digits.isdigit()) or int(digits) > _MAX_PORT:
            return None
        port, authority = int(digits), authority[:at]
    userinfo, _, host = authority.rpartition("@")
    if not host or host == ".":
        return None
    host = lower(host)
    if host.startswith("[") and host.endswith("]"):
        if not _is_ipv6(host[1:-1]):
            return None
    elif not _is_allowed(host, _HOST_CHARACTERS):
        return None
    if not _is_allowed(userinfo, _HOST_CHARACTERS | {":"}):
        return None
    return protocol, userinfo, host, port, query


def _is_ipv6(address: str) -> bool:
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        return False
    return True


def _quote_query(query: str) -> str:
    query = query.rstrip(_SPACES) or "/"
    if not query.startswith("/"):
        query = f"/{query}"
    return "".join(f"%{ord(c):02X}" if c <= " " else c for c in query)


def _is_allowed(part: str, characters: frozenset[str]) -> bool:
    without_escapes = re.sub(r"%[0-9a-fA-F]{2}", "", part)
    return all(c in characters or not c.isascii() for c in without_escapes)

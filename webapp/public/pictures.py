"""The picture that a chat shows for a link: a date's facts in our look, drawn on the server.

What is drawn is a frozen record; its mark is in the picture's address, so that a picture is drawn once and kept by whoever
asked for it. Drawing takes the processor for a while: one at a time in a process, beside the loop, and not for ever more
who wait.
"""

import asyncio
import unicodedata
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from webapp.freshness import etag_of

WIDTH, HEIGHT = 1200, 630
DRAWING_VERSION = 1  # grows when the same facts are to look otherwise
CACHED_MAX = 64  # pictures in a process, of some 40 kB each
WAITING_MAX = 16

FONT = Path(__file__).parent / "vendor" / "inter-variable-4.1.woff2"
MARGIN = 72
TEXT_WIDTH = 690  # how wide the text may be
TEXT_MAX = 400  # characters of a text that are looked at
UNASSIGNED = "\U0010ffff"  # no font has it
SUPERSAMPLING = 3  # the ring is drawn so many times larger: Pillow's curves have no soft edges

Colour = tuple[int, int, int]
INK: Colour = (255, 255, 255)
FACETS = (  # the emerald's eight sides from the top, clockwise, and its table, on a grid of 24
    ((8, 4), (16, 4), (14, 8), (10, 8)),
    ((16, 4), (20.5, 8.5), (16, 9.5), (14, 8)),
    ((20.5, 8.5), (20.5, 15.5), (16, 14.5), (16, 9.5)),
    ((20.5, 15.5), (16, 20), (14, 16), (16, 14.5)),
    ((16, 20), (8, 20), (10, 16), (14, 16)),
    ((8, 20), (3.5, 15.5), (8, 14.5), (10, 16)),
    ((3.5, 15.5), (3.5, 8.5), (8, 9.5), (8, 14.5)),
    ((3.5, 8.5), (8, 4), (10, 8), (8, 9.5)),
    ((10, 8), (14, 8), (16, 9.5), (16, 14.5), (14, 16), (10, 16), (8, 14.5), (8, 9.5)),
)


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a picture: its ground from corner to corner, the disc under the gem, the gem, the seats' line."""

    ground: tuple[Colour, Colour]
    disc: Colour
    light: Colour
    dark: Colour
    free: Colour
    quiet: Colour
    line: tuple[Colour, Colour]  # its ground and its words


EMERALD = Palette(
    ((13, 122, 87), (5, 58, 42)),
    (6, 72, 52),
    (122, 232, 196),
    (12, 155, 108),
    (43, 128, 99),
    (209, 231, 221),
    ((255, 255, 255), (8, 86, 61)),
)
OVER = Palette(
    ((86, 97, 106), (38, 45, 51)),
    (47, 55, 62),
    (190, 199, 206),
    (120, 132, 142),
    (98, 109, 118),
    (218, 224, 228),
    ((255, 255, 255), (52, 60, 67)),
)
CANCELLED = replace(OVER, line=((255, 228, 225), (150, 32, 24)))
TAKEN: Colour = (255, 255, 255)
HELD: Colour = (240, 178, 62)


@dataclass(frozen=True, slots=True)
class PictureText:
    """What a picture says. Without a `capacity` there is no ring; `state`: open, over or cancelled."""

    title: str
    club: str
    when: str
    place: str
    seats: str
    state: str
    capacity: int | None
    booked: int
    offered: int

    @property
    def mark(self) -> str:
        """Changes whenever the picture does."""
        return etag_of(DRAWING_VERSION, self)


class TooManyWaiting(Exception):
    """More pictures are asked for than are drawn; asking again later is right."""


_cache: OrderedDict[str, bytes] = OrderedDict()
_drawing = asyncio.Lock()
_waiting = 0


async def render_picture(of: PictureText) -> bytes:
    """The picture as a PNG. Those who ask for the same while it is drawn get that one. Raises `TooManyWait`."""
    global _waiting
    mark = of.mark
    if mark not in _cache:
        if _waiting >= WAITING_MAX:
            raise TooManyWaiting()
        _waiting += 1
        try:
            async with _drawing:
                if mark not in _cache:
                    _cache[mark] = await asyncio.to_thread(draw, of)
                    while len(_cache) > CACHED_MAX:
                        _cache.popitem(last=False)
        finally:
            _waiting -= 1
    _cache.move_to_end(mark)
    return _cache[mark]


def draw(of: PictureText) -> bytes:
    """The same, at once and in the caller's thread; one at a time."""
    look = {"cancelled": CANCELLED, "over": OVER}.get(of.state, EMERALD)
    image = _background(look)
    pen = ImageDraw.Draw(image)
    _draw_gem(pen, MARGIN - 6, MARGIN - 10, 52, look)
    _draw_lines(
        pen, MARGIN + 60, MARGIN, _fit_lines(of.club, _font(30, 600), TEXT_WIDTH - 60, 1), 30, 600, look.quiet
    )
    size, title = _fit_title(drawable_text(of.title) or drawable_text(of.club))
    below = _draw_lines(pen, MARGIN, MARGIN + 74, title, size, 700, INK, 1.16)
    when = _fit_lines(of.when, _font(34, 600), TEXT_WIDTH, 2)
    below = _draw_lines(pen, MARGIN, below + 24, when, 34, 600, INK, 1.3)
    room = 1 if len(title) + len(when) > 3 else 2
    _draw_lines(
        pen, MARGIN, below + 6, _fit_lines(of.place, _font(30, 400), TEXT_WIDTH, room), 30, 400, look.quiet
    )
    _draw_seats_label(pen, of.seats, look)
    image.paste(_seat_ring(of, look), (WIDTH - MARGIN - 330, (HEIGHT - 330) // 2))
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


# --- words ---


@cache
def _font(size: int, weight: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(FONT, size)
    font.set_variation_by_axes([min(32, max(14, size)), weight])
    return font


@cache
def _is_drawable(character: str) -> bool:
    """Whether the font can draw it: what it cannot looks like what no font has."""
    font = _font(30, 400)
    return bytes(font.getmask(character)) != bytes(font.getmask(UNASSIGNED))


def drawable_text(text: str) -> str:
    """What of a text the font can draw, in one line: no emoji, no boxes where a letter is missing."""
    whole = unicodedata.normalize("NFC", text[:TEXT_MAX])
    kept = [
        " " if c.isspace() else c
        for c in whole
        if c.isspace() or (unicodedata.category(c) not in ("Cf", "Cc", "Mn") and _is_drawable(c))
    ]
    return " ".join("".join(kept).split())


def _fit_title(title: str) -> tuple[int, list[str]]:
    """The largest size at which the title is not cut, and its lines; the smallest when it is cut at all of them."""
    for size, most in ((68, 2), (60, 3), (50, 3)):
        lines = _fit_lines(title, _font(size, 700), TEXT_WIDTH, most)
        if lines and not lines[-1].endswith("…"):
            break
    return size, lines


def _fit_lines(text: str, font: ImageFont.FreeTypeFont, width: int, most: int) -> list[str]:
    """The text in no more than `most` lines, words that are too long broken, what is too much cut with `…`."""
    lines = [""]
    for word in drawable_text(text).split(" "):
        rest = word
        while rest:
            longer = f"{lines[-1]} {rest}".lstrip()
            if font.getlength(longer) <= width:
                lines[-1], rest = longer, ""
            elif lines[-1] and font.getlength(rest) <= width:
                lines.append("")
            else:
                head = _prefix_that_fits(f"{lines[-1]} ".lstrip(), rest, font, width)
                lines[-1] = f"{lines[-1]} {rest[:head]}".lstrip() if head else lines[-1]
                rest = rest[head:]
                lines.append("")
    lines = [line for line in lines if line]
    if len(lines) <= most:
        return lines
    last = lines[most - 1]
    while font.getlength(f"{last}…") > width:
        last = last[:-1] if " " not in last else last.rpartition(" ")[0]
    return [*lines[: most - 1], f"{last.rstrip(' ,.;:·—–')}…"]


def _prefix_that_fits(before: str, word: str, font: ImageFont.FreeTypeFont, width: int) -> int:
    """How many letters of a word that fits on no line stand on this one; at least one on an empty line."""
    fits = next((n for n in range(len(word), 0, -1) if font.getlength(before + word[:n]) <= width), 0)
    return fits if before else max(1, fits)


def _draw_lines(
    pen: ImageDraw.ImageDraw,
    x: int,
    y: int,
    lines: Sequence[str],
    size: int,
    weight: int,
    colour: Colour,
    leading: float = 1.28,
) -> int:
    """Lines from a top edge down; where the next may begin."""
    for line in lines:
        pen.text((x, y), line, colour, _font(size, weight), anchor="la")
        y += round(size * leading)
    return y


def _draw_seats_label(pen: ImageDraw.ImageDraw, words: str, look: Palette) -> None:
    """How the seats stand, on a ground of its own at the foot."""
    ground, ink = look.line
    font = _font(34, 700)
    (said,) = _fit_lines(words, font, TEXT_WIDTH - 64, 1) or [""]
    top, high = HEIGHT - MARGIN - 66, 66
    wide = round(font.getlength(said)) + 60
    pen.rounded_rectangle((MARGIN, top, MARGIN + wide, top + high), high // 2, ground)
    pen.text((MARGIN + 30, top + high // 2), said, ink, font, anchor="lm")


# --- shapes ---


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _background(look: Palette) -> Image.Image:
    """From one corner to the other; worked out small, and drawn out."""
    near, far = look.ground
    small = Image.new("RGB", (3, 2))
    for x in range(3):
        for y in range(2):
            small.putpixel((x, y), _mix(near, far, (x + y) / 3))
    return small.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)


def _draw_gem(pen: ImageDraw.ImageDraw, x: float, y: float, size: float, look: Palette) -> None:
    """Our emerald in a square: its sides in the light from above left, the table brightest."""
    for n, facet in enumerate(FACETS):
        shade = (0.25, 0.55, 0.85, 1.0, 0.9, 0.65, 0.35, 0.1, 0.3)[n]
        points = [(x + a * size / 24, y + b * size / 24) for a, b in facet]
        pen.polygon(points, _mix(look.light, look.dark, shade))


def _seat_ring(of: PictureText, look: Palette) -> Image.Image:
    """The seats round the gem, from twelve o'clock: taken, held, free; gaps between them up to sixteen."""
    side = 330 * SUPERSAMPLING
    image = _background(look).crop((WIDTH - MARGIN - 330, 150, WIDTH - MARGIN, 480)).resize((side, side))
    pen = ImageDraw.Draw(image)
    inner = 46 * SUPERSAMPLING
    pen.ellipse((inner, inner, side - inner, side - inner), look.disc)
    _draw_gem(pen, side * 0.22, side * 0.22, side * 0.56, look)
    whole = max(of.capacity or 0, of.booked + of.offered)
    if of.capacity is not None and whole and of.state != "cancelled":
        box, wide = (
            (8 * SUPERSAMPLING, 8 * SUPERSAMPLING, side - 8 * SUPERSAMPLING, side - 8 * SUPERSAMPLING),
            18 * SUPERSAMPLING,
        )
        gap = 4.0 if 1 < whole <= 16 else 0.0
        for begin, end, colour in _arcs(of, whole, look):
            steps = range(begin, end) if gap else [begin] if end > begin else []
            for seat in steps:
                until = seat + 1 if gap else end
                pen.arc(
                    box,
                    360 * seat / whole - 90 + gap / 2,
                    360 * until / whole - 90 - gap / 2,
                    colour,
                    wide,
                )
    return image.resize((330, 330), Image.Resampling.LANCZOS)


def _arcs(of: PictureText, whole: int, look: Palette) -> list[tuple[int, int, Colour]]:
    held = of.booked + of.offered
    return [(0, of.booked, TAKEN), (of.booked, held, HELD), (held, whole, look.free)]

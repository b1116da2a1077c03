"""Draws the preview picture that a chat shows for a link, by Pillow."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from webapp.public.kept_pictures import HEIGHT, WIDTH, PictureContent

FONT = Path(__file__).parent / "vendor" / "inter-variable-4.1.woff2"
MARGIN = 72
TEXT_WIDTH = 690
TEXT_MAX = 400  # characters of a text; the rest is cut
UNASSIGNED = "\U0010ffff"  # no font has a glyph for it
SUPERSAMPLING = 3  # the ring is drawn this many times larger, because Pillow does not antialias curves

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
    """The colours: the background from corner to corner, the disc under the gem, the gem, the seats label."""

    background: tuple[Colour, Colour]
    disc: Colour
    light: Colour
    dark: Colour
    free: Colour
    quiet: Colour
    label: tuple[Colour, Colour]  # background and text


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
CANCELLED = replace(OVER, label=((255, 228, 225), (150, 32, 24)))
TAKEN: Colour = (255, 255, 255)
HELD: Colour = (240, 178, 62)


def draw(content: PictureContent) -> bytes:
    """The picture as a PNG. Only one thread may draw at a time."""
    palette = {"cancelled": CANCELLED, "over": OVER}.get(content.state, EMERALD)
    image = _background(palette)
    pen = ImageDraw.Draw(image)
    _draw_gem(pen, MARGIN - 6, MARGIN - 10, 52, palette)
    _draw_lines(
        pen,
        MARGIN + 60,
        MARGIN,
        _fit_lines(content.account_name, _font(30, 600), TEXT_WIDTH - 60, 1),
        30,
        600,
        palette.quiet,
    )
    size, title = _fit_title(drawable_text(content.title) or drawable_text(content.account_name))
    below = _draw_lines(pen, MARGIN, MARGIN + 74, title, size, 700, INK, 1.16)
    when = _fit_lines(content.when, _font(34, 600), TEXT_WIDTH, 2)
    below = _draw_lines(pen, MARGIN, below + 24, when, 34, 600, INK, 1.3)
    place_lines = 1 if len(title) + len(when) > 3 else 2
    _draw_lines(
        pen,
        MARGIN,
        below + 6,
        _fit_lines(content.place, _font(30, 400), TEXT_WIDTH, place_lines),
        30,
        400,
        palette.quiet,
    )
    _draw_seats_label(pen, content.seats, palette)
    image.paste(_seat_ring(content, palette), (WIDTH - MARGIN - 330, (HEIGHT - 330) // 2))
    png = BytesIO()
    image.save(png, "PNG")
    return png.getvalue()


# --- text ---


@cache
def _font(size: int, weight: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(FONT, size)
    font.set_variation_by_axes([min(32, max(14, size)), weight])
    return font


@cache
def _is_drawable(character: str) -> bool:
    """Whether the font has a glyph: a missing one is drawn like that of an unassigned character."""
    font = _font(30, 400)
    return bytes(font.getmask(character)) != bytes(font.getmask(UNASSIGNED))


def drawable_text(text: str) -> str:
    """The characters of a text that the font can draw, in one line: no emoji, no boxes for missing glyphs."""
    normalized = unicodedata.normalize("NFC", text[:TEXT_MAX])
    kept = [
        " " if c.isspace() else c
        for c in normalized
        if c.isspace() or (unicodedata.category(c) not in ("Cf", "Cc", "Mn") and _is_drawable(c))
    ]
    return " ".join("".join(kept).split())


def _fit_title(title: str) -> tuple[int, list[str]]:
    """The largest font size at which the title fits, and its lines; the smallest size, and cut, when it never
    fits."""
    for size, most in ((68, 2), (60, 3), (50, 3)):
        lines = _fit_lines(title, _font(size, 700), TEXT_WIDTH, most)
        if lines and not lines[-1].endswith("…"):
            break
    return size, lines


def _fit_lines(text: str, font: ImageFont.FreeTypeFont, width: int, most: int) -> list[str]:
    """The text in at most `most` lines: too long words are broken, the rest is cut with `…`."""
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
    """How many letters of a too long word fit on this line; at least one on an empty line."""
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
    """Draw lines from `y` down; the y of the next line."""
    for line in lines:
        pen.text((x, y), line, colour, _font(size, weight), anchor="la")
        y += round(size * leading)
    return y


def _draw_seats_label(pen: ImageDraw.ImageDraw, text: str, palette: Palette) -> None:
    """The availability on a rounded background at the bottom."""
    background, ink = palette.label
    font = _font(34, 700)
    (label,) = _fit_lines(text, font, TEXT_WIDTH - 64, 1) or [""]
    top, high = HEIGHT - MARGIN - 66, 66
    wide = round(font.getlength(label)) + 60
    pen.rounded_rectangle((MARGIN, top, MARGIN + wide, top + high), high // 2, background)
    pen.text((MARGIN + 30, top + high // 2), label, ink, font, anchor="lm")


# --- shapes ---


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _background(palette: Palette) -> Image.Image:
    """A gradient from one corner to the other: a few pixels, enlarged."""
    near, far = palette.background
    small = Image.new("RGB", (3, 2))
    for x in range(3):
        for y in range(2):
            small.putpixel((x, y), _mix(near, far, (x + y) / 3))
    return small.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)


def _draw_gem(pen: ImageDraw.ImageDraw, x: float, y: float, size: float, palette: Palette) -> None:
    """The emerald in a square: its sides are lit from the upper left, the table is brightest."""
    for n, facet in enumerate(FACETS):
        shade = (0.25, 0.55, 0.85, 1.0, 0.9, 0.65, 0.35, 0.1, 0.3)[n]
        points = [(x + a * size / 24, y + b * size / 24) for a, b in facet]
        pen.polygon(points, _mix(palette.light, palette.dark, shade))


def _seat_ring(content: PictureContent, palette: Palette) -> Image.Image:
    """The seats around the gem, clockwise from the top: taken, held, free; with gaps for up to sixteen
    seats."""
    side = 330 * SUPERSAMPLING
    image = _background(palette).crop((WIDTH - MARGIN - 330, 150, WIDTH - MARGIN, 480)).resize((side, side))
    pen = ImageDraw.Draw(image)
    inner = 46 * SUPERSAMPLING
    pen.ellipse((inner, inner, side - inner, side - inner), palette.disc)
    _draw_gem(pen, side * 0.22, side * 0.22, side * 0.56, palette)
    whole = max(content.capacity or 0, content.booked + content.offered)
    if content.capacity is not None and whole and content.state != "cancelled":
        box, wide = (
            (8 * SUPERSAMPLING, 8 * SUPERSAMPLING, side - 8 * SUPERSAMPLING, side - 8 * SUPERSAMPLING),
            18 * SUPERSAMPLING,
        )
        gap = 4.0 if 1 < whole <= 16 else 0.0
        for begin, end, colour in _arcs(content, whole, palette):
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


def _arcs(content: PictureContent, whole: int, palette: Palette) -> list[tuple[int, int, Colour]]:
    held = content.booked + content.offered
    return [(0, content.booked, TAKEN), (content.booked, held, HELD), (held, whole, palette.free)]

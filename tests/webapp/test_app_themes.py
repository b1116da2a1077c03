"""Text is readable in every theme that Telegram may send: the promise of `guard.js`, measured in a
browser."""

import random
from typing import Any

from tests.webapp.browsing import DARK, LIGHT

# WCAG contrast of the computed styles, measured independently of `guard.js`.
MEASURE = """
([themes, parts]) => {
  document.body.replaceChildren(); // or each colour that is read would first style the whole screen
  const root = document.documentElement, probe = document.body.appendChild(document.createElement('i'));
  const paint = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const known = new Map();
  const luminance = colour => {
    const named = colour.includes('--hue') ? colour + probe.className : colour;
    if (!known.has(named)) known.set(named, measured(colour));
    return known.get(named);
  };
  const measured = colour => {
    probe.style.setProperty('background-color', /^[a-z0-9-]+$/.test(colour) ? `var(--${colour})` : colour);
    paint.fillStyle = getComputedStyle(probe).backgroundColor;
    paint.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...paint.getImageData(0, 0, 1, 1).data].map(v => v / 255)
      .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [x, y] = [luminance(a), luminance(b)].sort((m, n) => n - m);
    return (x + 0.05) / (y + 0.05);
  };
  const short = [];
  for (const { scheme, colours } of themes) {
    root.dataset.scheme = scheme;
    for (const name of root.style.length ? [...root.style] : []) root.style.removeProperty(name);
    for (const [name, value] of Object.entries(colours)) root.style.setProperty(`--tg-theme-${name.replaceAll('_', '-')}`, value);
    ensureContrast(root);
    known.clear();
    for (const [ink, grounds, least] of PAIRS)
      for (const ground of grounds) {
        const found = contrast(ink, ground), wanted = least > 4 ? 4.5 : 3;
        if (found < wanted) short.push([ink, ground, found.toFixed(2), JSON.stringify(colours)]);
      }
    for (const hue of parts.hues) {
      probe.className = hue;
      for (const [what, ink, ground] of parts.on) {
        const found = contrast(ink, ground);
        if (found < 4.5) short.push([what, hue, found.toFixed(2), JSON.stringify(colours)]);
      }
    }
    probe.className = '';
  }
  probe.remove();
  return short;
}
"""

# Text on the hue of an event or an avatar, as in the style sheets.
PARTS = {
    "hues": [f"h{n}" for n in range(8)],
    "on": [
        ("title on the wash", "ink", "color-mix(in srgb, var(--hue) 17%, var(--page))"),
        (
            "initials on a face",
            "color-mix(in srgb, var(--hue) 12%, var(--ink))",
            "color-mix(in srgb, var(--hue) 22%, var(--card))",
        ),
    ],
}

ODD = [
    {},
    {"bg_color": "#ffffff", "secondary_bg_color": "#ffffff", "section_bg_color": "#ffffff"},
    {"bg_color": "#000000", "secondary_bg_color": "#000000", "section_bg_color": "#000000"},
    {"bg_color": "#808080", "secondary_bg_color": "#7f7f7f", "section_bg_color": "#818181"},
    {"bg_color": "#000000", "secondary_bg_color": "#ffffff", "section_bg_color": "#808080"},
    {"text_color": "#777777", "hint_color": "#777777", "bg_color": "#777777"},
    {"button_color": "#ffff00", "button_text_color": "#ffffff"},
    {"destructive_text_color": "#ffffff", "accent_text_color": "#ffffff", "link_color": "#fff"},
]


def themes(n: int) -> list[dict[str, Any]]:
    """Telegram's own two, odd ones, and `n` random ones; always the same."""
    draw = random.Random(8)
    found: list[dict[str, Any]] = [
        {"scheme": "light", "colours": LIGHT},
        {"scheme": "dark", "colours": DARK},
        *({"scheme": scheme, "colours": odd} for odd in ODD for scheme in ("light", "dark")),
    ]
    for _ in range(n):
        colours = {name: f"#{draw.randrange(2**24):06x}" for name in LIGHT}
        found.append({"scheme": draw.choice(["light", "dark"]), "colours": colours})
    return found


async def test_every_theme_is_readable(phone: Any, alice: Any) -> None:
    page = await phone.opened(alice)
    await page.wait_for_selector("#screen[data-outcome]")
    assert await page.evaluate(MEASURE, [themes(300), PARTS]) == []


async def test_without_the_correction_some_themes_are_unreadable(phone: Any, alice: Any) -> None:
    """The negative control: the measurement finds what `guard.js` corrects."""
    page = await phone.opened(alice)
    await page.wait_for_selector("#screen[data-outcome]")
    await page.evaluate("window.ensureContrast = () => {}")
    assert len(await page.evaluate(MEASURE, [themes(20), PARTS])) > 20

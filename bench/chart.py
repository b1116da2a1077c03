"""A chart of what another benchmark has kept: `.venv/bin/python -m bench.chart KIND FIGURES.json CHART.svg`.

KIND is `growth` (how much dearer each act becomes), `idle` (what each checkout costs at rest) or `rush` (when people were
answered and shown in the group's card). FIGURES.json is what `--json` of that benchmark has written. A chart has its own
background, so that it can be read on a light page and on a dark one.
"""

import argparse
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

WIDTH, LABEL, ROW = 760, 350, 20  # pixels
INK, PAPER, LINES = "#1c2b25", "#ffffff", ("#0b7a4b", "#b3541e")


def frame(title: str, height: float, inside: Sequence[str]) -> str:
    """A chart with its title."""
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img"'
            f' font-family="sans-serif" font-size="12" fill="{INK}">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{WIDTH}" height="{height:.0f}" fill="{PAPER}"/>',
            f'<text x="12" y="24" font-size="15" font-weight="bold">{escape(title)}</text>',
            *inside,
            "</svg>\n",
        )
    )


def bars(title: str, rows: Sequence[tuple[str, float]], *, aim: float | None = None) -> str:
    """A bar for each row, with its figure behind it, and a line where the aim is."""
    widest = max([value for _, value in rows] + ([aim] if aim else []))
    scale = (WIDTH - LABEL - 70) / widest
    inside, behind = [], []
    for number, (name, value) in enumerate(rows):
        y = 40 + ROW * number
        inside += [
            f'<text x="{LABEL - 8}" y="{y + 14}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{LABEL}" y="{y + 3}" width="{value * scale:.1f}" height="{ROW - 6}" fill="{LINES[0]}"/>',
        ]
        # With a border of paper, where the aim's line would strike it through.
        border = f'stroke="{PAPER}" stroke-width="4" paint-order="stroke"'
        behind.append(f'<text x="{LABEL + value * scale + 6:.1f}" y="{y + 14}" {border}>{value:.2f}</text>')
    bottom = 40 + ROW * len(rows)
    if aim:
        x = LABEL + aim * scale
        inside += [
            f'<path d="M{x:.1f} 36V{bottom}" stroke="{LINES[1]}" stroke-width="1.5"/>',
            f'<text x="{x:.1f}" y="{bottom + 14}" text-anchor="middle" fill="{LINES[1]}">aim {aim:g}</text>',
        ]
    return frame(title, bottom + 24, [*inside, *behind])


def curves(title: str, names: Sequence[str], series: Sequence[Sequence[float]]) -> str:
    """For each series of a hundred moments in seconds the share of people that had passed theirs."""
    last = max(max(moments) for moments in series)
    across, up, bottom = (WIDTH - 90) / last, 2.2, 270
    inside = []
    for share in (0, 25, 50, 75, 100):
        y = bottom - share * up
        inside += [
            f'<path d="M50 {y:.0f}H{WIDTH - 40}" stroke="#d5ddd9"/>',
            f'<text x="44" y="{y + 4:.0f}" text-anchor="end">{share}%</text>',
        ]
    step = max(1, round(last / 8))
    for second in range(0, int(last) + 1, step):
        x = 50 + second * across
        inside.append(f'<text x="{x:.0f}" y="{bottom + 18}" text-anchor="middle">{second} s</text>')
    for number, (name, moments) in enumerate(zip(names, series, strict=True)):
        points = " ".join(
            f"{50 + max(0.0, at) * across:.1f},{bottom - up * n:.1f}" for n, at in enumerate(moments, 1)
        )
        inside += [
            f'<polyline points="{points}" fill="none" stroke="{LINES[number]}" stroke-width="2"/>',
            f'<text x="{60 + 220 * number}" y="{bottom + 42}" fill="{LINES[number]}">{escape(name)}</text>',
        ]
    return frame(title, bottom + 56, inside)


def growth(figures: Any) -> str:
    """The screens, exports and feeds that become dearest, by processor time at the largest size beside the smallest. Jobs
    do the work of all clubs, and are left out."""
    first, last = figures["costs"][0], figures["costs"][-1]

    def spent(cost: Any) -> float:
        return max(0.01, float(cost["web_ms"] + cost["database_ms"]))

    read = [name for name in first if "/" in name or name in ("export", "calendar feed")]
    ratios = (
        (name.replace("organiser /dash", "/dash"), spent(last[name]) / spent(first[name])) for name in read
    )
    rows = sorted(ratios, key=lambda row: -row[1])
    title = f"From {figures['sizes'][0]} to {figures['sizes'][-1]} clubs: processor time of a screen, ratio"
    return bars(title, rows[:25], aim=1.3)


def idle(figures: Any) -> str:
    """What each checkout takes of a core at rest: medians of its rounds."""
    parts = ("web", "worker", "bot", "database")
    rows = []
    for number, rounds in enumerate(figures, 1):
        together = sorted(sum(one[part] for part in parts) for one in rounds)
        rows.append((f"checkout {number}", together[len(together) // 2]))
    return bars("At rest, all processes and PostgreSQL: percent of a core", rows)


def rush(figures: Any) -> str:
    """When people had their answer, and when the group's card showed them."""
    title = f"{figures['people']:,} people tap for {figures['seats']:,} seats: seconds since the first tap"
    return curves(title, ("have their answer", "are in the card"), (figures["answered"], figures["in_card"]))


KINDS = {"growth": growth, "idle": idle, "rush": rush}


def main() -> None:
    """Draw one chart."""
    options = argparse.ArgumentParser(prog="bench.chart", description=__doc__)
    options.add_argument("kind", choices=KINDS)
    options.add_argument("figures", type=Path)
    options.add_argument("chart", type=Path)
    given = options.parse_args()
    given.chart.write_text(KINDS[given.kind](json.loads(given.figures.read_text())))


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: BSD-2-Clause
"""The batching curve as an SVG: instructions a packet over the batch size, both axes logarithmic, beside
published drivers on the same simulated card (others.json)."""

import json
import math
import os

OTHERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "others.json")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 820, 460, 60, 230, 40, 50
LEAST, MOST = 8, 400
TICKS = [10, 20, 50, 100, 200, 400]
SHOWN = {  # path: (name, colour)
    "wire-82599-fused-touch": ("82599, fused (AVX2), touch", "#0b6e4f"),
    "wire-82599-fused-sse2-touch": ("82599, fused (SSE2), touch", "#62a87c"),
    "wire-82599-touch": ("82599, single verbs, touch", "#1f5fa8"),
    "wire-virtio-touch": ("virtio, single verbs, touch", "#8a5fb8"),
    "bridge-82599": ("82599, bridge of 2", "#b8336a"),
    "bridge-82599-4-ports": ("82599, bridge of 4, mixed", "#e08aa8"),
}
OTHERS_COLOUR = "#d9822b"
# Their instructions a packet as counted on another card before: one byte touched, batch 32 (TinyNF's
# shared ring: its own 8 and 64).
EARLIER = {"ixy": (133, 142), "TinyNF, pool": (78, 86), "TinyNF, shared ring": (41, 48),
           "TinyNF, constant outputs": (26, 28)}


def _x(batch):
    return LEFT + (WIDTH - LEFT - RIGHT) * math.log2(batch) / 8


def _y(value):
    share = math.log(value / LEAST) / math.log(MOST / LEAST)
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share


def _text(x, y, text, colour="#222", anchor="start"):
    return f'<text x="{x:.0f}" y="{y:.0f}" fill="{colour}" text-anchor="{anchor}">{text}</text>'


def _curve(points, colour, style):
    """points: [(batch, instructions)]"""
    line = " ".join(f"{_x(batch):.1f},{_y(value):.1f}" for batch, value in points)
    return [f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"{style}/>',
            *(f'<circle cx="{_x(batch):.1f}" cy="{_y(value):.1f}" r="3" fill="{colour}"/>'
              for batch, value in points)]


def batching(results):
    """results as in build/bench.json; paths that are not SHOWN are left out."""
    with open(OTHERS, encoding="utf-8") as file:
        others = json.load(file)["instructions_per_packet"]
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
             'font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
             _text(LEFT, 22, "Instructions a packet, by batch size (dashed: other drivers, touch)"),
             _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, "packets in a batch", anchor="middle")]
    for tick in TICKS:
        parts += [f'<path d="M{LEFT} {_y(tick):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>',
                  _text(LEFT - 8, _y(tick) + 4, tick, anchor="end")]
    for batch in (2 ** power for power in range(9)):
        parts.append(_text(_x(batch), HEIGHT - BOTTOM + 18, batch, anchor="middle"))
    names = []
    for name, counts in others.items():
        low, high = EARLIER[name]
        parts.append(f'<rect x="{_x(32) - 14:.1f}" y="{_y(high):.1f}" width="28" '
                     f'height="{_y(low) - _y(high):.1f}" fill="{OTHERS_COLOUR}" opacity="0.4"/>')
        curve = sorted((int(batch), count) for batch, count in counts.items())
        parts += _curve(curve, OTHERS_COLOUR, ' stroke-dasharray="5 4"')
        names.append([_y(curve[-1][1]) + 4, name, OTHERS_COLOUR])
    for path, (name, colour) in SHOWN.items():
        curve = sorted((row["batch"], row["instructions_per_packet"]) for row in results
                       if row["path"] == path)
        if not curve:
            continue
        parts += _curve(curve, colour, "")
        names.append([_y(curve[-1][1]) + 4, name, colour])
    names.sort()
    for above, below in zip(names, names[1:]):  # none on top of another
        below[0] = max(below[0], above[0] + 14)
    parts += [_text(WIDTH - RIGHT + 10, *name) for name in names]
    return "\n".join([*parts, "</svg>"]) + "\n"

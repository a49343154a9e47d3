# SPDX-License-Identifier: BSD-2-Clause
"""Barewire between two hosts, in one of its modes."""

import guest


def barewire(stack, ends, options, mode):
    hosts, box = guest.boot(stack, ends, [*options, "--append", f"forward.mode={mode}"])
    name = {"wire": "barewire", "bridge": "barewire_bridge"}[mode]
    return guest.Guest(name, f"Barewire {mode}", hosts, box)

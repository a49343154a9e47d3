# SPDX-License-Identifier: BSD-2-Clause
"""Barewire between two hosts, in one of its modes; or as a wire that never sleeps."""

import guest


def barewire(stack, ends, options, mode):
    hosts, box = guest.boot(stack, ends, [*options, "--append", f"forward.mode={mode}"])
    name = {"wire": "barewire", "bridge": "barewire_bridge"}[mode]
    return guest.Guest(name, f"Barewire {mode}", hosts, box)


def barewire_polling(stack, ends, options):
    """As the others poll: for its round trips."""
    words = ["--append", "forward.mode=wire", "--append", "forward.idle=off"]
    hosts, box = guest.boot(stack, ends, [*options, *words])
    return guest.Guest("barewire_polling", "Barewire, idle = off", hosts, box, rates=False)

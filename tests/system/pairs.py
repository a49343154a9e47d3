# SPDX-License-Identifier: BSD-2-Clause
"""Two wires in one box, to see what happens on one of them while the other is in trouble."""

import contextlib
import tempfile

from cable import Peer
from conftest import start_box

NAMES = ("a", "b", "c", "d")  # a is joined with b, c with d


class Pairs:
    """A box with four ports, and the peers at them: pairs.a ... pairs.d."""

    def __init__(self, box, peers):
        self.box = box
        self.a, self.b, self.c, self.d = peers


def pairs_config(cards, lines=""):
    """The configuration for four cards; `lines` are in the section of each port."""
    text = ""
    for number, (name, card) in enumerate(zip(NAMES, cards, strict=True)):
        text += f"[port {name}]\ndevice = {card}:{cards[:number].count(card)}\n{lines}"
    return text + "[forward]\nmode = wire\n"


@contextlib.contextmanager
def start_pairs(cards=("virtio",) * 4, lines="", options=(), card_options=None, **more):
    """Boots the image; every port has its link. `options` are those of qemu/run; card_options says
    which every card of a kind gets. Further options are Box's."""
    of_kind = card_options or {}
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="barewire-"))
        peers = [stack.enter_context(contextlib.closing(Peer(f"{directory}/{name}")))
                 for name in NAMES]
        ports = [peer.port(card, of_kind.get(card, "")) for peer, card in zip(peers, cards)]
        box = stack.enter_context(start_box(ports, pairs_config(cards, lines), options, **more))
        box.ready()
        box.wait_for_links()
        yield Pairs(box, peers)

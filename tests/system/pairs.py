# SPDX-License-Identifier: BSD-2-Clause
"""Two wires in one box, or up to four, to see what happens on one of them while others are in trouble."""

import contextlib
import tempfile

from cable import Peer
from conftest import start_box

NAMES = tuple("abcdefgh")  # a is joined with b, c with d and so on


class Pairs:
    """A box with at least four ports, and the peers at them: pairs.a ... pairs.d, and all of them by name."""

    def __init__(self, box, peers):
        self.box = box
        self.peers = dict(zip(NAMES, peers))
        self.a, self.b, self.c, self.d = peers[:4]


def pairs_config(cards, lines=""):
    """The configuration for these cards; `lines` are in the section of each port."""
    text = ""
    for number, (name, card) in enumerate(zip(NAMES, cards)):
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
                 for name, _ in zip(NAMES, cards)]
        ports = [peer.port(card, of_kind.get(card, "")) for peer, card in zip(peers, cards)]
        box = stack.enter_context(start_box(ports, pairs_config(cards, lines), options, **more))
        box.ready()
        box.wait_for_links()
        yield Pairs(box, peers)

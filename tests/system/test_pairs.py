# SPDX-License-Identifier: BSD-2-Clause
"""mode = wire with more than two ports: joined two by two, and each pair for itself."""

from cable import assert_same, cross, frame
from counters import assert_audit_clean, stats
from pairs import start_pairs

FRAMES = [frame(60 + number, seed=number) for number in range(500)]


def test_two_pairs():
    with start_pairs() as pairs:
        for source, destination in ((pairs.a, pairs.b), (pairs.b, pairs.a),
                                    (pairs.c, pairs.d), (pairs.d, pairs.c)):
            assert_same(FRAMES, cross(source, destination, FRAMES))
            for other in (pairs.a, pairs.b, pairs.c, pairs.d):
                assert other.drain(0.05) == []
        ports = stats(pairs.box)
        assert [ports[name].forwarded for name in "abcd"] == [len(FRAMES)] * 4
        assert_audit_clean(pairs.box)


def test_a_dead_card_costs_its_own_pair_only():
    """The card of port a is pulled out: c and d lose nothing meanwhile."""
    with start_pairs(("ixgbe", "virtio", "virtio", "virtio")) as pairs:
        pairs.box.console.mark()
        pairs.box.qmp("qom-set", path="/machine/peripheral/port0", property="fault",
                      value="all-ones")
        pairs.box.console.expect(r"\] a: fault gone")
        assert_same(FRAMES, cross(pairs.c, pairs.d, FRAMES))
        assert_same(FRAMES, cross(pairs.d, pairs.c, FRAMES))
        ports = stats(pairs.box)
        assert (ports["c"].dropped, ports["d"].dropped) == (0, 0)

# SPDX-License-Identifier: BSD-2-Clause
"""Faults injected into a driver's data path, and what becomes of the box: in a domain, where nothing
may happen to anybody else, and in ring 0, for comparison. test_faults.py runs them; docs/isolation.md
has the table that it makes."""

import contextlib
import dataclasses
import re
import threading
import time

from box import BoxError
from cable import MAC_LEFT, MAC_RIGHT, WAIT_S, cross, frame
from counters import read_stats
from pairs import start_pairs

HARMLESS = "no effect"
EXCHANGED = "its own frames exchanged"

# What each fault of drivers/domain.h may come to in a domain: the name of the port's fault, or
# that nothing happens.
FAULTS = {
    **dict.fromkeys(
        ["null-store", "store-forwarder", "load-forwarder", "store-driver", "store-text", "store-call",
         "load-packet", "store-packet", "store-msix", "exec-data", "exec-wrpkru", "jump-wrpkru", "jump-kernel", "jump-nowhere", "return-nowhere", "stack-overflow",
         "ud2", "divide", "array-bounds", "overflow", "cli", "hlt", "in", "out", "wrmsr", "mov-cr3", "lgdt",
         "int", "flag-tf", "store-control", "left-enabled"], {"exception"}),
    **dict.fromkeys(["bad-rsp", "flag-ac", "flag-nt", "flag-df", "mxcsr", "entry-changed"], {HARMLESS}),
    "loop": {"hang"}, "silence": {"withheld"}, "hoard": {"withheld"},
    "count-ahead": {"count"}, "count-back": {"count"}, "sent-count": {"count"}, "stale": {"stale"},
    "index": {"index"}, "sent-index": {"index"}, "foreign": {"foreign"}, "sent-foreign": {"foreign"},
    "duplicate": {"duplicate"}, "sent-duplicate": {"duplicate"},
    "length-13": {"length"}, "length-64k": {"length"}, "offset": {"length"},
}

# The same for those that harm by ring and registers, which depends on the card. They run behind VT-d.
# QEMU's virtio device gives up (DEVICE_NEEDS_RESET) when it is told nonsense; whether that or VT-d's
# record is noticed first is chance.
GAVE_UP = {"needs-reset", "dma"}
RING_FAULTS = {
    "virtio": {
        "used-id": {"used-id"}, "used-replay": {"used-replay"}, "used-ahead": {"used-index"},
        "used-length": {HARMLESS, "needs-reset", "used-index"},
        "ring-ahead": {HARMLESS, "needs-reset", "used-index"},
        "ring-back": {HARMLESS, "needs-reset", "used-index"},
        "table-rewritten": {EXCHANGED},
        "dma-forwarder": GAVE_UP, "dma-buffers": GAVE_UP,
    },
    "ixgbe": {
        "ring-ahead": {HARMLESS}, "ring-back": {HARMLESS}, "table-rewritten": {EXCHANGED},
        "dma-forwarder": {"dma"}, "dma-buffers": {"dma"}, "dma-interrupt": {"dma"}, "dma-head": {"dma"},
    },
}


def faults_of(card):
    """Fault -> what it may come to, for a driver of this kind of card."""
    return FAULTS | RING_FAULTS[card]


# What must be seen of a deed that may come to nothing, in the line of the log that says it was done
# (net/deed.h): name -> a test of its numbers. What ended the driver, or the box, is seen by that.
FLAG_IF, FLAG_DF, FLAG_NT, FLAG_AC = 1 << 9, 1 << 10, 1 << 14, 1 << 18
WRITTEN = 0x41414141
RET, WRPKRU_RET = 0xc3, 0xc3ef010f
TRACES = {
    "flag-ac": lambda n: n["rflags"] & FLAG_AC, "flag-nt": lambda n: n["rflags"] & FLAG_NT,
    "flag-df": lambda n: n["rflags"] & FLAG_DF, "mxcsr": lambda n: n["mxcsr"] == 0,
    "bad-rsp": lambda n: n["rsp"] == 0x1234567,
    "entry-changed": lambda n: n["entries"] >= 128,  # of 256
    "ring-ahead": lambda n: n["ring"] + n["registers"] > 0,
    "ring-back": lambda n: n["ring"] + n["registers"] > 0,
    "table-rewritten": lambda n: n["ring"] >= 128,
    "used-length": lambda n: n["ring"] > 0,
    # the code was there, when its execution was refused
    "exec-data": lambda n: n["answer"] == RET, "exec-wrpkru": lambda n: n["answer"] == WRPKRU_RET,
    # what must not be written is as it was
    "store-packet": lambda n: n["place"] != WRITTEN, "store-msix": lambda n: n["place"] != WRITTEN,
    "store-forwarder": lambda n: n["place"] != WRITTEN,
}
LASTING = {"silence", "hoard"}  # until the driver is ended: there is no moment at which they were done

# The outcome of each in ring 0, as a regular expression, and for those that the box outlives what must
# be seen of them: the negative control. SILENCE is the worst of them; why there is no more of it:
# what was read, written or run is used by nobody in this box (LSTAR where no domain is), or harms what
# is the driver's own anyway (its ring: the next refill() puts index and tail right).
SILENCE = "nothing was noticed"
CRASH = r"panic: .*|the machine was reset|the box hangs"
CORRUPTION = r"corruption: .*|fault bad-buffer|panic: .*"
IN_RING_0 = {
    **dict.fromkeys(
        ["null-store", "store-forwarder", "store-driver", "store-text", "exec-data", "exec-wrpkru",
         "jump-wrpkru", "jump-nowhere", "return-nowhere", "stack-overflow", "bad-rsp", "ud2", "divide",
         "array-bounds", "overflow", "hlt", "out", "mov-cr3", "lgdt", "flag-tf", "left-enabled", "loop",
         "count-ahead", "count-back", "dma-forwarder", "dma-head"], CRASH),
    **dict.fromkeys(
        ["load-forwarder", "load-packet", "store-packet", "store-msix", "store-call", "jump-kernel", "cli",
         "in", "wrmsr", "int", "flag-ac", "flag-nt", "mxcsr", "silence", "stale",
         "ring-ahead", "ring-back", "dma-buffers"], SILENCE),
    **dict.fromkeys(["entry-changed", "hoard", "index", "sent-index", "foreign", "sent-foreign", "duplicate",
                     "sent-duplicate"], CORRUPTION),
    **dict.fromkeys(["length-13", "length-64k", "offset", "used-length"], r"dropped: \d+ bad-length"),
    "flag-df": f"panic: .*|{SILENCE}",  # ring 0 copies backwards from then on
    "sent-count": f"panic: .*|{SILENCE}",  # one entry too many is believed, whatever lies there
    "dma-interrupt": f"{CRASH}|{SILENCE}",  # the vector is the card's head: some are an exception's
    "used-id": "fault used-id", "used-replay": "fault used-replay", "used-ahead": "fault used-index",
    "store-control": r"fault .*|the pair carries nothing", "table-rewritten": EXCHANGED,
}
TRACES_IN_RING_0 = {
    **{name: TRACES[name] for name in ("flag-ac", "flag-nt", "flag-df", "mxcsr", "ring-ahead", "ring-back",
                                       "table-rewritten", "used-length")},
    "cli": lambda n: not n["rflags"] & FLAG_IF,
    "store-packet": lambda n: n["place"] == WRITTEN, "store-msix": lambda n: n["place"] == WRITTEN,
}


def deed_of(text, fault):
    """The numbers of the line that says that port a's fault was done, or None."""
    if (match := re.search(rf"\] a: {fault} done: (.*)", text)) is None:
        return None
    words = match[1].split()
    return {name: int(value, 0) for name, value in zip(words[::2], words[1::2], strict=True)}


LINES = {"none": "isolation = none\n", "domain": "isolation = domain\n"}
# The first one is an NMI when it is written to where interrupt messages go: delivery mode 100b (Intel
# SDM volume 3, 11.11.2).
BURST = [b"\x02\x04\x00\x00" + frame(60)[4:],
         *(frame(60 + 3 * number, seed=number) for number in range(1, 40))]


@dataclasses.dataclass
class Result:
    """One line of build/faults.json."""
    fault: str
    level: str
    outcome: str
    outage_us: int | None
    second_pair_lost: int | None  # None: the box was down
    # for which no ring was looked at, from before the fault until its port worked again; None: not asked
    longest_gap_us: float | None = None


class SecondPair(threading.Thread):
    """Frames that cross between c and d all the time, each with a number. `lost` counts those that did
    not come out, once stop() has been called: within `patience` seconds after that."""

    WINDOW = 16

    def __init__(self, pairs, patience):
        super().__init__(daemon=True)
        self._pairs, self._patience, self._stopped = pairs, patience, threading.Event()
        self.sent = self.lost = self.wrong = 0

    def _frame(self, number):
        return MAC_RIGHT + MAC_LEFT + b"\x88\xb5" + number.to_bytes(46, "big")

    def run(self):
        with contextlib.suppress(ConnectionError):  # of a box that is no more
            self._cross(self._pairs.c, self._pairs.d)

    def _cross(self, source, destination):
        due = 0
        while not self._stopped.is_set():
            while self.sent - due < self.WINDOW and source.try_send(self._frame(self.sent)):
                self.sent += 1
            due = self._take(destination, due, 0.05)
        while due < self.sent:
            before, due = due, self._take(destination, due, self._patience)
            if due == before:
                self.lost += self.sent - due
                return

    def _take(self, destination, due, wait):
        """Takes what has come; returns the number of the frame that is due next."""
        while (got := destination.receive(wait)) is not None:
            wait = 0
            number = int.from_bytes(got[14:], "big")
            if number < due:
                self.wrong += 1
                continue
            self.lost += number - due
            due = number + 1
        return due

    def stop(self):
        self._stopped.set()
        self.join()


@contextlib.contextmanager
def second_pair(pairs, patience=WAIT_S):
    """Traffic between c and d as long as the block lasts."""
    traffic = SecondPair(pairs, patience)
    traffic.start()
    try:
        yield traffic
    finally:
        traffic.stop()


def stimulate(pairs):
    """Bursts through the first pair, both ways, of which nothing is expected."""
    for source in (pairs.a, pairs.b):
        for data in BURST:
            source.try_send(data)


def carries(one, other, seconds=WAIT_S):
    """Whether every frame crosses between two peers, soon."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for peer in (one, other):
            peer.drain(0.02)
        if cross(one, other, BURST, timeout=2) == BURST and cross(other, one, BURST, timeout=2) == BURST:
            return True
    return False


def first_pair_works(pairs, seconds=WAIT_S):
    return carries(pairs.a, pairs.b, seconds)


class Unnoticed(BoxError):
    """The fault was done, and port a did not break a rule."""


# A device that completes a frame at the very moment writes over what they wrote.
RACES = {"used-id", "used-replay", "used-ahead"}


def _fault_of_a(pairs):
    """The name in the log. One that shows when the card reports the next frame needs more of them."""
    for _ in range(20):
        with contextlib.suppress(BoxError):
            return pairs.box.console.expect(r"\] a: fault ([a-z-]+), value 0x", 0.5)[1]
        for peer in (pairs.a, pairs.b):
            peer.drain(0.01)
        stimulate(pairs)
    raise Unnoticed(f"no fault of a\n{pairs.box.console.tail()}")


def _longest_gap_us(box):
    """Since it was last asked. Every port waits as long, the second pair's too."""
    return float(re.search(r"since last asked (\d+\.\d+) us", box.command("load"))[1])


def _deed(pairs, fault, mark):
    """Waits until the log says that it was done. One that needs a frame needs some more of them."""
    for _ in range(20):
        with contextlib.suppress(BoxError):
            pairs.box.console.expect(rf"\] a: {fault} done: .* registers \d+", 0.5)
            break
        for peer in (pairs.a, pairs.b):
            peer.drain(0.01)
        stimulate(pairs)
    return deed_of(pairs.box.console.text[mark:], fault)


def _frames_exchanged(pairs):
    """Whether frames come out that are not those that went in, after a while in which nothing comes."""
    for peer in (pairs.a, pairs.b):
        peer.drain(0.2)
    return any(cross(pairs.a, pairs.b, BURST, timeout=2) != BURST for _ in range(3))


def in_a_domain(pairs, fault, card):
    """Injects the fault into port a. Returns the Result, after making sure that the port works again."""
    box, expected = pairs.box, faults_of(card)[fault]
    box.command("restart a")  # forgets how often it was restarted before
    box.wait_for_links()
    assert first_pair_works(pairs), "the first pair does not work"
    with second_pair(pairs) as traffic:
        _longest_gap_us(box)
        mark = box.console.mark()
        box.console.send(f"inject a {fault}\r")
        box.console.expect(f"^a: {fault} armed")
        if fault != "table-rewritten":  # there the first frames show it
            stimulate(pairs)
        deed = None if fault in LASTING else _deed(pairs, fault, mark)
        assert deed is not None or fault in LASTING, f"{fault} was not done"
        if fault in TRACES:
            assert TRACES[fault](deed), f"{fault}: nothing shows that it was done, or it worked: {deed}"
        outage = None
        exchanged = fault == "table-rewritten" and _frames_exchanged(pairs)
        nothing = EXCHANGED if exchanged else HARMLESS
        if nothing in expected and first_pair_works(pairs) and \
                "] a: fault " not in box.console.text[mark:]:
            outcome = nothing
        else:
            found = _fault_of_a(pairs)
            outage = int(box.console.expect(r"\] a: running again after (\d+) us")[1])
            outcome = f"fault {found}"
            assert found in expected, f"{fault}: fault {found}, not {expected}"
            box.wait_for_links()
            assert first_pair_works(pairs), f"no traffic after {fault}"
        gap = _longest_gap_us(box)
    assert traffic.sent > 0 and traffic.wrong == 0
    return Result(fault, "domain", outcome, outage, traffic.lost, gap)


def _down(box):
    """What took the box down, or None when it answers."""
    if box.process.poll() is not None:
        return "the machine was reset"
    if match := re.search(r"PANIC: (.*)", box.console.text):
        return f"panic: {match[1].strip()}"
    return None


def in_ring_0(fault):
    """The same in a box of its own, without isolation. Returns the Result and deed_of()."""
    card = "ixgbe" if fault.startswith("dma-") else "virtio"
    with start_pairs((card, card, "virtio", "virtio"), LINES["none"],
                     ["--append", "system.on-panic=halt"], {"ixgbe": ",strict=off"}) as pairs:
        box = pairs.box
        with second_pair(pairs, patience=1) as traffic:  # the box may be down
            box.console.mark()
            box.console.send(f"inject a {fault}\r")
            with contextlib.suppress(BoxError):  # one that needs no frame may be quicker
                box.console.expect(f"^a: {fault} armed", 0.3)
            exchanged = False
            with contextlib.suppress(ConnectionError):  # and has taken the machine with it
                if fault == "table-rewritten":
                    _deed(pairs, fault, 0)
                    exchanged = _frames_exchanged(pairs)
                for _ in range(2):  # the second time after what the first one did
                    stimulate(pairs)
                    for peer in (pairs.a, pairs.b):
                        peer.drain(0.05)
            deadline = time.monotonic() + 0.5
            while time.monotonic() < deadline and not _down(box):
                time.sleep(0.02)
        if down := _down(box):
            return Result(fault, "none", down, None, None), deed_of(box.console.text, fault)
        try:
            text = box.command("audit", 5)
            counters = read_stats(box.command("stats", 5))
        except BoxError:
            return Result(fault, "none", _down(box) or "the box hangs", None, None), deed_of(box.console.text, fault)
        lost = None if _down(box) else traffic.lost + traffic.wrong
        if "each exactly once: ok" not in text:
            outcome = "corruption: " + re.search(r"VIOLATED: (.*)", text)[1]
        elif match := re.search(r"\] a: fault ([a-z-]+)", box.console.text):
            outcome = f"fault {match[1]}"
        elif drops := counters["a"].drops | counters["b"].drops:
            outcome = "dropped: " + ", ".join(f"{count} {name}" for name, count in drops.items())
        elif not first_pair_works(pairs, WAIT_S if exchanged else 5):
            outcome = _down(box) or "the pair carries nothing"
        else:
            outcome = _down(box) or (EXCHANGED if exchanged else SILENCE)
        return Result(fault, "none", outcome, None, lost), deed_of(box.console.text, fault)


# --- what more than one word at the console makes ---

def crash_in_restart(pairs):
    """Three times at the first crossing: of the driver, of the one that adopted its rings, and of the one
    that the card's reset brought up."""
    box = pairs.box
    box.console.send("inject a ud2 3\r")
    box.console.expect(r"\] a: running again after \d+ us, adopted")
    outage = 0
    for _ in range(2):
        box.console.expect(r"\] a: fault exception, value 0x6")
        outage = max(outage, int(box.console.expect(r"\] a: running again after (\d+) us")[1]))
    return "fault exception, three times", outage


def two_at_once(pairs):
    """Both ends of a wire."""
    pairs.box.console.send("inject a ud2\rinject b null-store\r")
    again = {}
    while len(again) < 2:
        match = pairs.box.console.expect(r"\] ([ab]): running again after (\d+) us")
        again[match[1]] = int(match[2])
    return "fault exception, both", max(again.values())


def killed_with_frames_under_way(pairs):
    """Its queues stay enabled, and the card goes on receiving into them."""
    for data in BURST:
        pairs.a.try_send(data)
    pairs.box.console.send("kill a\r")
    for data in BURST * 5:
        pairs.a.try_send(data)
    pairs.box.console.expect(r"\] a: fault killed, value 0x")
    return "fault killed", int(pairs.box.console.expect(r"\] a: running again after (\d+) us")[1])


def reset_never_completes(pairs):
    """The card's part: CTRL.RST stays 1 (82599 datasheet, 4.2.1.6.1) until the model is told otherwise."""
    box = pairs.box
    box.qmp("qom-set", path="/machine/peripheral/port0", property="fault", value="reset-stuck")
    # adopted, its queue off and on, then reset
    box.console.send("inject a ud2 3\r" if "domain" in box.command("isolation") else "kill a\r")
    box.console.expect(r"\] a: does not start: error \d+")
    box.qmp("qom-set", path="/machine/peripheral/port0", property="fault", value="none")
    outage = int(box.console.expect(r"\] a: running again after (\d+) us, restart")[1])
    return "tried again until it starts", outage


# Name -> (what happens, the kind of card that can)
SCENARIOS = {
    "crash-in-restart": (crash_in_restart, None), "two-at-once": (two_at_once, None),
    "kill-enabled": (killed_with_frames_under_way, None),
    "reset-stuck": (reset_never_completes, "ixgbe"),
}


def scenario(pairs, name):
    """One of them at level domain: the Result."""
    box = pairs.box
    for port in "ab":
        box.command(f"restart {port}")
    box.wait_for_links()
    time.sleep(1.1)  # an adoption within a second of the last one is a restart instead
    with second_pair(pairs) as traffic:
        box.console.mark()
        outcome, outage = SCENARIOS[name][0](pairs)
        box.wait_for_links()
        assert first_pair_works(pairs), f"no traffic after {name}"
    assert traffic.sent > 0 and traffic.wrong == 0
    return Result(name, "domain", outcome, outage, traffic.lost)


def scenario_in_ring_0(name):
    """The same at level none, whatever happens."""
    run, card = SCENARIOS[name]
    card = card or "virtio"
    with start_pairs((card, card, "virtio", "virtio"), LINES["none"],
                     ["--append", "system.on-panic=halt"], {"ixgbe": ",strict=off"}) as pairs:
        pairs.box.console.mark()
        with second_pair(pairs, patience=1) as traffic:
            if run in (crash_in_restart, two_at_once):
                with contextlib.suppress(BoxError):
                    pairs.box.console.send("inject a ud2\r")
                    pairs.box.console.expect("PANIC: .*\n")
            else:
                outcome, outage = run(pairs)
        if down := _down(pairs.box):
            return Result(name, "none", down, None, None)
        return Result(name, "none", outcome, outage, traffic.lost + traffic.wrong)

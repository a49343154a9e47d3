# SPDX-License-Identifier: BSD-2-Clause
"""make bench is honest: it fails when a safety check is not in the objects that it measures, and when
frames or buffers do not come out as they should. One line is changed in a copy of one source file, that one
is compiled as the image is, and the measuring program linked with it instead of the right one."""

import os
import shlex
import signal
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BELOW_ROOT = os.environ.get("BUILD", "build")

# Path; batch size, or "lies"; what it must say; file; the right line; the wrong one.
CHECKS = {
    "a buffer that does not exist, at first": (
        "wire-82599", "lies", "not there: the forwarder: a buffer that does not exist, at first",
        "net/forward.c", "if (frame->buffer >= area.count)", "if (area.count == 0)"),
    "a buffer that does not exist": (
        "wire-82599", "lies", "not there: the forwarder: a buffer that does not exist\n",
        "net/forward.c", "frame->buffer >= forwarder->buffer_count || beyond", "beyond"),
    "a buffer that does not exist, among others": (
        "wire-82599", "lies", "not there: the forwarder: a buffer that does not exist, among others",
        "net/forward.c", "frame->buffer >= buffers || longer", "longer"),
    "a length that no frame has": (
        "wire-82599", "lies", "not there: 82599: the end of such a frame",
        "drivers/ixgbe/ring_receive.c", "UNLIKELY(longer >= lengths)",
        "UNLIKELY(longer > UINT32_MAX)"),
    "a length that no frame has, fused": (
        "wire-82599-fused", "lies", "not there: 82599: longer than the other port carries",
        "drivers/ixgbe/relay.h", "if (UNLIKELY(longer >= lengths))",
        "if (UNLIKELY(longer > UINT32_MAX))"),
    "a length that no frame has, among four by vectors": (
        "wire-82599-fused-sse2", "lies", "in a burst: a length beyond the buffer",
        "drivers/ixgbe/relay.c", "_mm_cmpgt_epi16(_mm_max_epi16(commands, others), longest)",
        "_mm_setzero_si128()"),
    "a length below Ethernet's, among four by vectors": (
        "wire-82599-fused-sse2", "lies", "in a burst: a length below Ethernet's",
        "drivers/ixgbe/relay.c", "_mm_cmpgt_epi16(shortest, _mm_min_epi16(commands, others))",
        "_mm_setzero_si128()"),
    "a length that no frame has, among eight by vectors": (
        "wire-82599-fused", "lies", "in a burst: a length beyond the buffer",
        "drivers/ixgbe/relay_avx2.c", "if (UNLIKELY(!none_above(longer, most)))",
        "if (place.stride == 0)"),
    "a frame that does not end, among eight by vectors": (
        "wire-82599-fused", "lies", "82599: in a burst: a frame that does not end",
        "drivers/ixgbe/relay_avx2.c", "_mm256_sub_epi16(both, ",
        "_mm256_sub_epi16(_mm256_or_si256(both, _mm256_set1_epi32(PLAIN >> 16)), "),
    "a length with the highest bit, fused": (
        "wire-82599-fused", "lies", "in a burst: a length with the highest bit",
        "drivers/ixgbe/plain.h", "(PLAIN | UINT16_MAX)", "(PLAIN | INT16_MAX)"),
    "a port that does not run, fused": (
        "wire-82599-fused", "lies", "nothing is moved from a port that does not run",
        "drivers/ixgbe/relay.c", "rx->queue.port->state != PORT_RUNNING || rx->inside", "rx->inside"),
    "the end of the transmit ring, fused": (
        "wire-82599-fused", "lies", "conservation of buffers among lies",
        "drivers/ixgbe/relay.c", "if (UNLIKELY(to->free < max || lengths - 1", "if (UNLIKELY(lengths - 1"),
    "a used index that ran ahead, fused": (
        "wire-virtio-fused", "lies", "virtio: a used index that ran ahead",
        "drivers/virtio/burst_relay.c", "waiting > rx->offered - rx->used_seen",
        "waiting > UINT16_MAX"),
    "an id that is not the next one's, fused": (
        "wire-virtio-fused", "lies", "in a burst: an id outside the ring",
        "drivers/virtio/burst_relay.c", "beyond_shortest(&used[i], shortest + i)",
        "(uint32_t)beyond_shortest(&used[i], shortest + i)"),
    "an id that is not the next one's, fused, one frame": (
        "wire-virtio-fused", "lies", "virtio: an id that the device has used already",
        "drivers/virtio/burst_relay.c", "beyond_shortest(&used->ring[at], shortest_element(at))",
        "(uint32_t)beyond_shortest(&used->ring[at], shortest_element(at))"),
    "a port that does not run, virtio, fused": (
        "wire-virtio-fused", "lies", "nothing is moved from a port that does not run",
        "drivers/virtio/burst_relay.c", "rx->queue.port->state != PORT_RUNNING || ", ""),
    "a port that does not run, virtio, fused, one frame": (
        "wire-virtio-fused", "lies", "nothing is moved from a port that does not run",
        "drivers/virtio/burst_relay.c", "from->lengths < lengths || ", ""),
    "a length that no frame has, steered": (
        "bridge-82599", "lies", "not there: 82599: the end of such a frame",
        "drivers/ixgbe/steer.c", "if (UNLIKELY(longer >= place->lengths))",
        "if (UNLIKELY(longer > UINT32_MAX))"),
    "a length that the other port does not carry, steered": (
        "bridge-82599", "lies", "not there: 82599: longer than the other port carries",
        "drivers/ixgbe/steer.c", "if (UNLIKELY(longer >= tx->queue.steers))",
        "if (UNLIKELY(longer > UINT32_MAX))"),
    "an id that is not the next one's, steered": (
        "bridge-virtio", "lies", "virtio: an id that the device has used already",
        "drivers/virtio/burst_steer.c", "beyond_shortest(place->used, place->shortest)",
        "(uint32_t)beyond_shortest(place->used, place->shortest)"),
    "a transmit head outside the ring": (
        "wire-82599", "lies", "not there: 82599: a transmit head outside the ring",
        "drivers/ixgbe/ring_transmit.c", "UNLIKELY(ixgbe_sent(tx, head) > ixgbe_queued(tx))",
        "UNLIKELY(head > UINT32_MAX - 1)"),
    "a used index that ran ahead": (
        "wire-virtio", "lies", "not there: virtio: a used index that ran ahead",
        "drivers/virtio/burst.h", "waiting <= split->offered - split->used_seen",
        "waiting <= UINT16_MAX"),
    "a length beyond the buffer": (
        "wire-virtio", "lies", "not there: virtio: a length whose low half is a frame's",
        "drivers/virtio/burst_receive.c", "UNLIKELY(longer >= lengths)",
        "UNLIKELY(longer > UINT32_MAX)"),
    "an id outside the ring": (
        "wire-virtio", "lies", "id outside the ring", "drivers/virtio/order.c",
        "if (id >= slots)", "if (id > UINT32_MAX - 1)"),
    "an id that the device does not hold": (
        "wire-virtio", "lies", "not there: virtio: an id that the device has used already",
        "drivers/virtio/order.c", "if (((from - to) & mask) >= held)", "if (held > slots)"),
    "a length whose low half is a frame's": (
        "wire-virtio", "lies", "not there: virtio: a length whose low half is a frame's",
        "drivers/virtio/burst_receive.c",
        "if (length < VIRTIO_NET_HEADER + FRAME_MIN || length > VIRTIO_NET_HEADER + capacity)",
        "if (capacity == 0)"),
    "a sent id": (
        "wire-virtio", "lies", "not there: virtio: a sent id outside the ring",
        "drivers/virtio/burst_transmit.c", "if (used[id].id != (uint32_t)id)",
        "if (end > 2 * (size_t)split->queue.slots)"),
    "a sent id that is not the next one's": (
        "wire-virtio", "lies", "not there: virtio: a sent id outside the ring",
        "drivers/virtio/burst_transmit.c",
        "if (id != split->order[seen & mask] && !bring_forward(split, seen, id))",
        "if (id == UINT32_MAX)"),
    "a port that does not run, virtio, receiving": (
        "wire-virtio", "lies",
        "not there: the driver: nothing is received by a port that does not run",
        "drivers/virtio/burst_receive.c", "if (UNLIKELY(queue->port->state != PORT_RUNNING) || ",
        "if ("),
    "a port that does not run, virtio, sending": (
        "wire-virtio", "lies", "not there: the driver: nothing is sent by a port that does not run",
        "drivers/virtio/burst_transmit.c", "if (UNLIKELY(port->state != PORT_RUNNING))",
        "if (wanted == 0)"),
    "a port that does not run, receiving": (
        "wire-82599", "lies",
        "not there: the driver: nothing is received by a port that does not run",
        "drivers/ixgbe/ring_receive.c",
        "||\n        UNLIKELY(rx->queue.port->state != PORT_RUNNING))", ")"),
    "a port that does not run, sending": (
        "wire-82599", "lies", "not there: the driver: nothing is sent by a port that does not run",
        "drivers/ixgbe/ring_transmit.c", "if (UNLIKELY(port->state != PORT_RUNNING))",
        "if (wanted == 0)"),
    "a ring that lacks a buffer": (
        "wire-82599", "lies",
        "not there: 82599: no slot is given to the card while a buffer is missing",
        "drivers/ixgbe/ring_receive.c", "if (withheld >= every && rx->owed == 0)",
        "if (withheld >= every)"),
    "a buffer that does not exist, in a bridge": (
        "bridge-82599", "lies", "not there: the forwarder: a buffer that does not exist\n",
        "net/bridge_sort.c", "if (UNLIKELY(buffer >= burst->buffers))",
        "if (burst->buffers == 0)"),
    "a buffer that does not exist, after a good one": (
        "bridge-82599", "lies",
        "not there: bridge: a buffer that does not exist, after a good one",
        "net/bridge_sort.c", "(uint32_t)number >= burst->buffers || beyond", "beyond"),
    "a length that no frame has, after a good one": (
        "bridge-82599", "lies", "not there: bridge: a length that no frame has, after it",
        "net/bridge_sort.c", "burst->buffers || beyond >= lengths ||", "burst->buffers ||"),
    "a copy from nowhere": (
        "wire-82599-bounce", "lies", "not there: bounce: a buffer that does not exist",
        "net/bounce.c", "if (UNLIKELY(frame.buffer >= area.count))", "if (area.count == 0)"),
    "a copy from beyond a buffer": (
        "wire-82599-bounce", "lies", "not there: bounce: no copy from beyond a buffer",
        "net/bounce.c", "if (frame_valid(&area, &frame))", "if (area.count != 0)"),
    "a source that is a group": (
        "bridge-82599", "lies", "not there: bridge: a source that is a group", "net/bridge_sort.c",
        "if ((source & GROUP_BIT) != 0 || source == 0)", "if (source == 0)"),
    "an address that no bridge forwards": (
        "bridge-82599", "lies", "not there: bridge: an address that no bridge forwards",
        "net/bridge_sort.c", "(destination & RESERVED_MASK) == RESERVED_GROUP", "destination == 0"),
    "a frame in another queue's buffer": (
        "wire-82599-domain", "lies",
        "not there: the judge: a driver receives into a buffer of another queue", "net/judge.c",
        "buffer < judge->area->count && judge->owner[buffer] == owner", "buffer < judge->area->count"),
    "an empty buffer that its queue does not own": (
        "wire-82599-domain", "lies", "not there: the judge: a driver gives back one buffer twice",
        "net/judge.c",
        "UNLIKELY(buffer >= pass->limit || pass->owners[buffer] != pass->owner)",
        "UNLIKELY(buffer >= pass->limit)"),
    "more frames sent than were given": (
        "wire-82599-domain", "lies", "not there: the judge: a driver sends more than it was given",
        "net/proxy_cross.h", "UNLIKELY(sent->frames > count || too_many", "UNLIKELY(too_many"),
}

# A path that works, but not as it should.
FAULTS = {
    "a frame is changed": (
        "wire-82599", "32", "wrong", "drivers/ixgbe/ring_transmit.c",
        "descriptor->command = frame->length |", "descriptor->command = (frame->length ^ 1) |"),
    "frames change places": (
        "wire-82599", "32", "wrong", "drivers/ixgbe/ring_transmit.c",
        "exchange(descriptor + 1, buffer_of + 1, buffers, stride, frames + 1, out + 1, 0);\n"
        "        exchange(descriptor + 2, buffer_of + 2, buffers, stride, frames + 2, out + 2, 0);",
        "exchange(descriptor + 1, buffer_of + 1, buffers, stride, frames + 2, out + 1, 0);\n"
        "        exchange(descriptor + 2, buffer_of + 2, buffers, stride, frames + 1, out + 2, 0);"),
    "a frame is lost": (
        "wire-virtio-fused", "32", "sent 4094, 0 wrong", "drivers/virtio/burst_relay.c",
        "tell(tx, tx->made_available);", "tell(tx, tx->made_available - 1);"),
    "a frame comes twice": (
        "wire-82599", "32", "wrong", "drivers/ixgbe/ring_transmit.c",
        "exchange(descriptor + 2, buffer_of + 2, buffers, stride, frames + 2, out + 2, 0);",
        "exchange(descriptor + 2, buffer_of + 2, buffers, stride, frames + 1, out + 2, 0);"),
    "a buffer is in two slots": (
        "wire-82599", "32", "buffers lost", "drivers/ixgbe/ring_transmit.c",
        "    *buffer_of = (uint32_t)full;\n", ""),
}


def make(*arguments):
    return subprocess.run(["make", "-s", f"BUILD={BELOW_ROOT}", *arguments], cwd=ROOT, check=True,
                          capture_output=True, text=True).stdout


def compiled(file):
    """What is compiled to see a change of this file."""
    if file.endswith(".c"):
        return file
    if "proxy" in file:
        return "net/proxy_relay.c"
    if "ixgbe" in file:
        return "drivers/ixgbe/relay.c"
    return "drivers/virtio/burst_receive.c" if "virtio" in file else "net/forward.c"


class Measure:
    """The measuring program, and how make makes it: the command for each target."""

    def __init__(self):
        self.program = f"{BELOW_ROOT}/bench/measure"
        make(self.program)
        changed = {compiled(change[3]) for change in (*CHECKS.values(), *FAULTS.values())}
        lines = make("-n", "V=1", *(f"-W{file}" for file in changed), self.program).splitlines()
        commands = [shlex.split(line) for line in lines if " -o " in line]
        self.commands = {words[words.index("-o") + 1]: words for words in commands}

    def make(self, target, replace, *more):
        words = [word for word in self.commands[target] if word not in ("-MMD", "-MP")]
        words = [replace.get(word, word) for word in words]
        subprocess.run([words[0], *more, *words[1:]], cwd=ROOT, check=True)

    def with_change(self, folder, file, right, wrong):
        """The measuring program, but for one line."""
        with open(os.path.join(ROOT, file), encoding="utf-8") as source:
            text = source.read()
        assert text.count(right) == 1, f"{file} has no such line any more: {right}"
        changed = os.path.join(folder, file)
        os.makedirs(os.path.dirname(changed))
        with open(changed, "w", encoding="utf-8") as source:
            source.write(text.replace(right, wrong))
        source = compiled(file)
        target = f"{BELOW_ROOT}/{source}.o"
        made, program = os.path.join(folder, "changed.o"), os.path.join(folder, "measure")
        # A changed header is found before the right one; what is left unused is no error.
        self.make(target, {target: made, source: changed if source == file else source, "-Werror": "-w"},
                  "-iquote", folder)
        self.make(self.program, {target: made, self.program: program})
        return program


@pytest.fixture(scope="module")
def measure():
    return Measure()


def run(program, path, what):
    arguments = [what, "64"] if what != "lies" else [what]
    return subprocess.run([program, path, *arguments], cwd=ROOT, capture_output=True, text=True,
                          timeout=60, check=False)


@pytest.mark.parametrize("name", [*CHECKS, *FAULTS])
def test_bench_fails_without(measure, tmp_path, name):
    path, what, message, *change = {**CHECKS, **FAULTS}[name]
    right = run(measure.program, path, what)
    assert right.returncode == 0, right.stderr
    wrong = run(measure.with_change(str(tmp_path), *change), path, what)
    # Whoever believes a lie may also crash, which bench/run takes for a failure, too.
    assert wrong.returncode in (1, -signal.SIGSEGV) and message in wrong.stderr, wrong.stderr

# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the system tests: the real image in QEMU, real peers at its ports."""

import contextlib
import functools
import os
import subprocess
import sys
import tempfile

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(ROOT, "qemu"), os.path.dirname(os.path.abspath(__file__))]

import netns  # noqa: E402
from box import Box, wire_config  # noqa: E402
from cable import Peer  # noqa: E402
from counters import assert_audit_clean, stats  # noqa: E402
from model import model_qemu, needs_model  # noqa: E402

# The cards at the left and the right port; "-vtd": behind an IOMMU.
PORTS = {"virtio": ("virtio", "virtio"), "ixgbe": ("ixgbe", "ixgbe"), "mixed": ("virtio", "ixgbe"),
         "virtio-vtd": ("virtio", "virtio"), "ixgbe-vtd": ("ixgbe", "ixgbe")}

# Found, and built if need be, before a test enters a network namespace, from which nothing can be
# fetched; and once, so that all tests of one run meet the same model.
QEMU_82599 = functools.cache(model_qemu)



@functools.cache
def promtool():
    """The path of Prometheus' checker of metrics."""
    return subprocess.run([os.path.join(ROOT, "deps", "promtool")], check=True, text=True,
                          capture_output=True).stdout.strip()


running = []  # boxes, for the report of a failed test


@contextlib.contextmanager
def reported(box):
    """The box; what it and QEMU said is in the report when the test fails."""
    with box:
        running.append(box)
        try:
            yield box
        except BaseException:
            print(box.qemu_errors())  # pytest shows it
            raise
        finally:
            running.remove(box)


def start_box(ports=(), config=None, options=(), **more):
    """Box, with a configuration that suits the cards, which may also be among the options."""
    if needs_model(list(ports) + list(options)):
        options = ["--qemu", QEMU_82599(), *options]
        config = config or wire_config(ports)
    return reported(Box(ports, config, options, **more))


class Wire:
    """A box with a peer at each of its two ports. `ports`: a key of PORTS."""

    def __init__(self, box, left, right, ports):
        self.box, self.left, self.right, self.ports = box, left, right, ports


@contextlib.contextmanager
def start_wire(card="", ready=True, ports="virtio", **options):
    """Boots the image between two peers. `card`: options of both cards, ",name=value", or a pair.
    With `ready` the links of both ports are up. Further options are Box's."""
    extras = (card, card) if isinstance(card, str) else card
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="barewire-"))
        left, right = (stack.enter_context(contextlib.closing(Peer(f"{directory}/{name}")))
                       for name in ("left", "right"))
        arguments = [peer.port(kind, extra)
                     for peer, kind, extra in zip((left, right), PORTS[ports], extras)]
        if ports.endswith("-vtd"):
            options["options"] = ["--iommu", *options.get("options", ()),
                                  "--append", "port.left.isolation=iommu port.right.isolation=iommu"]
        box = stack.enter_context(start_box(arguments, **options))
        if ready:
            box.ready()
            box.wait_for_links()
        yield Wire(box, left, right, ports)


def pytest_configure(config):
    config.addinivalue_line("markers", "ports(*names): the keys of PORTS that the test runs with; "
                                       "without it, virtio and ixgbe")


def pytest_generate_tests(metafunc):
    if "ports" in metafunc.fixturenames:
        chosen = metafunc.definition.get_closest_marker("ports")
        metafunc.parametrize("ports", chosen.args if chosen else ("virtio", "ixgbe"),
                             scope="module")


@pytest.fixture(scope="module")
def shared_wire(ports):
    """One box with default options for all tests of a module; use `wire`."""
    with start_wire(ports=ports) as wire:
        yield wire


@pytest.fixture
def wire(shared_wire):
    """The module's box. However the test used it, the law of the counters holds afterwards and every
    buffer is where it should be."""
    shared_wire.left.drain(0.01)
    shared_wire.right.drain(0.01)
    yield shared_wire
    stats(shared_wire.box)
    assert_audit_clean(shared_wire.box)


@pytest.fixture(scope="session")
def own_network():
    """A network namespace for this whole run, in which TAPs can be made."""
    QEMU_82599()
    promtool()
    try:
        netns.become_root_of_a_namespace()
    except netns.Unavailable as error:
        pytest.skip(str(error))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for box in running:
            if box.console:
                report.sections.append(("console", box.console.text[-8000:]))
            if errors := box.qemu_errors():
                report.sections.append(("QEMU", errors))

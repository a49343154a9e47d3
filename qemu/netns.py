# SPDX-License-Identifier: BSD-2-Clause
"""Network namespaces without names: namespaces(7), setns(2), tun(4).

Everything lives only as long as this process and the programs that it started inside: there is
nothing to clean up, however the process ends, and nothing that another run could trip over.
"""

import contextlib
import ctypes
import fcntl
import os
import re
import struct
import subprocess

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000  # linux/sched.h
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000  # linux/if_tun.h
IFF_MULTI_QUEUE = 0x0100
PR_SET_PDEATHSIG, SIGKILL = 1, 9
PING_S = 20  # that all answers of ping() may take, on a busy computer

_libc = ctypes.CDLL(None, use_errno=True)


class Unavailable(Exception):
    """This computer does not let us make what we need; the text says which call and why."""


class Unanswered(Exception):
    """Not every ping was answered, in order; the text ends with what ping(8) said."""


def _call(name, *arguments):
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def become_root_of_a_namespace():
    """Moves this (single-threaded) process into a network namespace of its own, with loopback up; one
    who is not root becomes root of a user namespace as well, as `unshare -rn` does."""
    uid, gid = os.geteuid(), os.getegid()
    try:
        if uid == 0:
            _call("unshare", CLONE_NEWNET)
        else:
            _call("unshare", CLONE_NEWUSER | CLONE_NEWNET)
            for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"),
                               ("gid_map", f"0 {gid} 1")):
                with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                    file.write(text)
    except OSError as error:
        raise Unavailable(f"cannot make a network namespace ({error.strerror}); "
                          "run as root, or allow unprivileged user namespaces") from error
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def die_with_parent():
    """For preexec_fn: the child is killed when this process ends, even by SIGKILL."""
    _libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)


def open_tap(name, flags=0):
    """A descriptor, inheritable, of the TAP interface `name` of this network namespace, which is made
    if it is not there. It has no IFF_VNET_HDR, and so no offload: Linux hands over whole frames with
    their checksums filled in, as they would be on a cable."""
    try:
        fd = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI | flags))
    except OSError as error:
        raise Unavailable(f"/dev/net/tun: {error.strerror} (TAP {name}); run as root, or give it "
                          "mode 0666, which is Debian's default") from error
    os.set_inheritable(fd, True)
    return fd


class Namespace:
    """A network namespace with its loopback interface up."""

    def __init__(self):
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _call("unshare", CLONE_NEWNET)
            self.fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            _call("setns", home, CLONE_NEWNET)
        finally:
            os.close(home)
        self.run("ip", "link", "set", "lo", "up")

    def close(self):
        os.close(self.fd)

    @contextlib.contextmanager
    def inside(self):
        """What this thread opens in the block belongs to the namespace."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _call("setns", self.fd, CLONE_NEWNET)
            yield
        finally:
            _call("setns", home, CLONE_NEWNET)
            os.close(home)

    def _enter(self):
        die_with_parent()
        _call("setns", self.fd, CLONE_NEWNET)

    def start(self, *command, **options):
        """A program in the namespace, as subprocess.Popen."""
        return subprocess.Popen(command, preexec_fn=self._enter, **options)

    def run(self, *command, timeout=30):
        """A program in the namespace, to its end. Returns the subprocess.CompletedProcess; raises
        subprocess.CalledProcessError with both outputs when it fails."""
        return subprocess.run(command, preexec_fn=self._enter, check=True, capture_output=True,
                              text=True, timeout=timeout)

    def ping(self, address, count, interval, *options):
        """Pings `count` times, every `interval` seconds. Returns the round trips in milliseconds, where
        the answers are long enough to say; raises Unanswered when one is missing or overtaken.

        By itself ping(8) waits for the last answer no longer than twice the longest round trip or
        `interval`: on a busy computer it may take longer. With a deadline ping asks on until `count`
        answers have come, so one that is late is not taken for lost: that is a number left out."""
        try:
            said = self.run("ping", "-n", "-c", str(count), "-i", str(interval), "-w", str(PING_S),
                            *options, address, timeout=PING_S + 10).stdout
        except subprocess.CalledProcessError as error:
            raise Unanswered(f"{address}: not {count} answers within {PING_S} s\n"
                             f"{error.stdout}{error.stderr}") from error
        answers = re.findall(r"icmp_seq=(\d+) ttl=\d+(?: time=([\d.]+) ms)?", said)
        if [int(number) for number, _ in answers] != list(range(1, len(answers) + 1)):
            raise Unanswered(f"{address}: an answer is missing or overtaken\n{said}")
        return [float(milliseconds) for _, milliseconds in answers[:count] if milliseconds]

    def no_room(self, name):
        """How many frames the queue of the TAP `name` and the UDP sockets of the namespace have had no room
        for so far: a busy computer left whoever takes them from there waiting."""
        said = self.run("cat", "/proc/net/dev", "/proc/net/snmp").stdout
        dropped = re.search(rf"^ *{name}:(?: +\d+){{11}} +(\d+)", said, re.MULTILINE)[1]
        names, values = (line.split() for line in said.splitlines() if line.startswith("Udp:"))
        return int(dropped) + int(values[names.index("RcvbufErrors")])

    def tap(self, name, address=None, queue=1000, mtu=1500):
        """Makes the TAP interface `name`, up, with `address` ("192.0.2.1/24"). Returns an
        inheritable descriptor; when it is closed everywhere, the interface is gone."""
        return self.queues(name, 1, address, queue, mtu)[0]

    def queues(self, name, count, address=None, queue=1000, mtu=1500):
        """As tap(), with so many queues: a descriptor for each."""
        with self.inside():
            fds = [open_tap(name, IFF_MULTI_QUEUE if count > 1 else 0) for _ in range(count)]
        # Only frames that a program sends: no router solicitations, no duplicate address detection.
        self.run("sh", "-c", f"echo 1 > /proc/sys/net/ipv6/conf/{name}/disable_ipv6")
        if address:
            self.run("ip", "address", "add", address, "dev", name)
        self.run("ip", "link", "set", name, "mtu", str(mtu), "txqueuelen", str(queue), "up")
        return fds

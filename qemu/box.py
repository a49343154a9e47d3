# SPDX-License-Identifier: BSD-2-Clause
"""A running image: its console, its commands, and QEMU's monitor."""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from netns import die_with_parent

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run")
PROMPT = "barewire> "
START_S = 60  # that QEMU may take to open its sockets, on a busy computer
REPLY_S = 60  # that it, or the box, may take to answer; a wait that ends with the answer costs nothing


class BoxError(Exception):
    """Something did not happen, or not in time; the text ends with the console's last lines."""


def wire_config(ports):
    """A configuration that joins the two ports, given as for --port, under the names left and
    right."""
    text, seen = "", []
    for name, port in zip(("left", "right"), ports, strict=True):
        card = port.split(",")[0]
        text += f"[port {name}]\ndevice = {card}:{seen.count(card)}\n"
        seen.append(card)
    return text + "[forward]\nmode = wire\n"


class Terminal:
    """What a terminal would show of the bytes that the image sends: \\r, \\b and ESC [ K, which is all
    that it uses. Text is only ever taken back from the last line."""

    def __init__(self):
        self.text = ""
        self._rest = ""  # the beginning of a control sequence
        self._column = self._stands = 0

    def feed(self, data):
        """Takes some bytes; returns how much of the old text still stands."""
        self._stands = len(self.text)
        data = self._rest + data.decode("utf-8", "replace")
        cut = re.search(r"\x1b(\[[0-9;]*)?$", data)
        self._rest = data[cut.start():] if cut else ""
        for piece in re.findall(r"\x1b\[[0-9;]*[@-~]|[\r\n\b]|[^\r\n\b\x1b]+",
                                data[:cut.start()] if cut else data):
            self._show(piece)
        return self._stands

    def _show(self, piece):
        start = self.text.rfind("\n") + 1
        line = self.text[start:]
        if piece == "\r":
            self._column = 0
        elif piece == "\b":
            self._column = max(0, self._column - 1)
        elif piece == "\n":
            self.text += "\n"
            self._column = 0
        elif piece == "\x1b[K":
            self.text = self.text[:start + self._column]
            self._stands = min(self._stands, len(self.text))
        elif not piece.startswith("\x1b"):
            self._stands = min(self._stands, start + self._column)
            self.text = (self.text[:start] + line[:self._column] + piece
                         + line[self._column + len(piece):])
            self._column += len(piece)


class Console:
    """The serial port. A thread keeps reading it, so that the guest never finds it blocked."""

    def __init__(self, connection):
        self._connection = connection
        self._terminal = Terminal()
        self._seen = 0  # expect() looks behind this
        self._changed = threading.Condition()
        self._closed = False
        self._sink = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        while True:
            try:
                data = self._connection.recv(65536)
            except OSError:
                data = b""
            with self._changed:
                if data:
                    self._seen = min(self._seen, self._terminal.feed(data))
                    if self._sink:
                        self._sink(data)
                else:
                    self._closed = True
                self._changed.notify_all()
            if not data:
                return

    @property
    def text(self):
        """Everything since the start."""
        with self._changed:
            return self._terminal.text

    def mark(self):
        """From here on expect() sees only what is still to come."""
        with self._changed:
            self._seen = len(self._terminal.text)
            return self._seen

    def expect(self, pattern, timeout=REPLY_S):
        """Waits for the regular expression (multi-line) behind the last match. Returns the match."""
        expression = re.compile(pattern, re.MULTILINE)
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                match = expression.search(self._terminal.text, self._seen)
                if match:
                    self._seen = match.end()
                    return match
                left = deadline - time.monotonic()
                if left <= 0 or self._closed:
                    why = "the console closed" if self._closed else f"not within {timeout} s"
                    raise BoxError(f"expected {pattern!r}: {why}\n{self.tail()}")
                self._changed.wait(left)

    def tail(self, lines=60):
        text = "\n".join(self._terminal.text.splitlines()[-lines:])
        return f"--- console, last {lines} lines ---\n{text}\n---"

    def send(self, text):
        self._connection.sendall(text.encode())

    def pass_through(self, sink):
        """Also hands every received piece, as bytes, to `sink`; None ends that."""
        with self._changed:
            self._sink = sink

    def wait_closed(self, timeout):
        with self._changed:
            return self._changed.wait_for(lambda: self._closed, timeout)

    def close(self):
        self._connection.close()


class Monitor:
    """QEMU's machine protocol (QMP), one command at a time."""

    def __init__(self, connection):
        self._connection = connection
        self._connection.settimeout(REPLY_S)
        self._rest = b""
        self._events = []
        self._message()  # the greeting
        self("qmp_capabilities")

    def _message(self):
        """The next one; events are also kept. Raises TimeoutError at the connection's time limit."""
        while b"\n" not in self._rest:
            piece = self._connection.recv(65536)
            if not piece:
                raise BoxError("QMP: the connection closed")
            self._rest += piece
        line, self._rest = self._rest.split(b"\n", 1)
        message = json.loads(line)
        if "event" in message:
            self._events.append(message)
        return message

    def __call__(self, command, **arguments):
        request = {"execute": command, "arguments": arguments}
        self._connection.sendall(json.dumps(request).encode() + b"\n")
        while True:
            try:
                reply = self._message()
            except TimeoutError as error:
                raise BoxError(f"QMP {command}: no answer within {REPLY_S} s") from error
            if "return" in reply:
                return reply["return"]
            if "error" in reply:
                raise BoxError(f"QMP {command}: {reply['error']['desc']}")

    def event(self, name, timeout):
        """The data of the next event of that name that was not returned before; None when there is
        none within so many seconds."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                for number, event in enumerate(self._events):
                    if event["event"] == name:
                        return self._events.pop(number).get("data", {})
                self._connection.settimeout(max(0.001, deadline - time.monotonic()))
                self._message()
        except TimeoutError:
            return None
        finally:
            self._connection.settimeout(REPLY_S)

    def close(self):
        self._connection.close()


def _connect(path, process, timeout):
    """A stream to the unix socket that QEMU is about to make."""
    deadline = time.monotonic() + timeout
    while True:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(path)
            return connection
        except (FileNotFoundError, ConnectionRefusedError):
            connection.close()
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.003)


class Box:
    """The image in QEMU, started by qemu/run; a context manager that stops it.

    ports      the arguments of --port
    config     the text of the configuration, or None for the default one
    options    further arguments of qemu/run
    extra      arguments of QEMU itself
    pass_fds   descriptors that the ports name
    """

    def __init__(self, ports=(), config=None, options=(), extra=(), pass_fds=()):
        directory = tempfile.mkdtemp(prefix="barewire-")
        self.console = self.qmp = None
        command = [RUN, "--console", f"unix:{directory}/console",
                   "--qmp", f"unix:{directory}/qmp"]
        for port in ports:
            command += ["--port", port]
        if config is not None:
            path = os.path.join(directory, "barewire.conf")
            with open(path, "w", encoding="utf-8") as file:
                file.write(config)
            command += ["--config", path]
        command += list(options)
        if extra:
            command += ["--", *extra]
        self.started = time.monotonic()
        self._errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=self._errors,
                                        stdout=subprocess.DEVNULL, pass_fds=tuple(pass_fds),
                                        preexec_fn=die_with_parent)
        try:
            self.console = Console(_connect(f"{directory}/console", self.process, START_S))
            self.qmp = Monitor(_connect(f"{directory}/qmp", self.process, START_S))
        except (OSError, BoxError) as error:
            text = self.qemu_errors()
            self.stop()
            raise BoxError(f"QEMU did not start: {text or error}") from error
        finally:
            # QEMU has read what it reads and accepted what it accepts.
            shutil.rmtree(directory, ignore_errors=True)

    def qemu_errors(self):
        self._errors.seek(0)
        return self._errors.read().decode("utf-8", "replace").strip()

    def ready(self, timeout=60.0):
        """Waits for the READY line; returns the milliseconds in it."""
        match = self.console.expect(r"(READY|NOT FORWARDING|PANIC)\b(?:.* in ([\d.]+) ms)?.*\n",
                                    timeout)
        if match[1] != "READY":
            raise BoxError(f"the box does not forward\n{self.console.tail()}")
        self.console.expect(f"^{PROMPT}", timeout)
        return float(match[2])

    def wait_for_links(self, timeout=REPLY_S):
        """Waits until every port runs and has its link up."""
        deadline = time.monotonic() + timeout
        while True:
            # name, device, driver, address, state, link; an indented line belongs to the last port
            ports = re.findall(r"^(?!port )\S+ +\S+ +\S+ +[0-9a-f:]{17} +(.+)$",
                               self.command("ports"), re.MULTILINE)
            if ports and all(re.match(r"running +(?!down| )", state) for state in ports):
                return
            if time.monotonic() > deadline:
                raise BoxError(f"no link on every port within {timeout} s\n{self.console.tail()}")
            time.sleep(0.01)

    def command(self, text, timeout=REPLY_S):
        """Types a command; returns what it printed, and the log lines that fell in between."""
        self.console.mark()
        self.console.send(text + "\r")
        match = self.console.expect(rf"{re.escape(text)}\n((?:.*\n)*?){PROMPT}\Z", timeout)
        return match[1]

    def wait_exit(self, timeout=REPLY_S):
        """Waits until QEMU has ended by itself; returns its exit code."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise BoxError(f"QEMU still runs after {timeout} s\n{self.console.tail()}") from error

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for end in (self.console, self.qmp):
            if end:
                end.close()
        self._errors.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

# SPDX-License-Identifier: BSD-2-Clause
"""A door out of a network namespace: connections to 127.0.0.1 of this computer lead to an address
inside. For `make run`, so that the box's page opens in the browser that is running anyway."""

import select
import socket
import threading

PORT = 8080  # or any other, when that is taken
CONNECTIONS = 32
IDLE_SECONDS = 60  # what says nothing for so long gives its place to others


class Door:
    """Make it before this process leaves the computer's own network; open() it later."""

    def __init__(self):
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._listener.bind(("127.0.0.1", PORT))
        except OSError:
            self._listener.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"

    def open(self, namespace, address):
        """Connections go to `address`, a pair, as seen from the namespace (netns.Namespace)."""
        self._listener.listen(CONNECTIONS)
        self._places = threading.Semaphore(CONNECTIONS)
        threading.Thread(target=self._serve, args=(namespace, address), daemon=True).start()

    def _serve(self, namespace, address):
        while True:
            self._places.acquire()
            outside, _ = self._listener.accept()
            threading.Thread(target=self._carry, args=(outside, namespace, address),
                             daemon=True).start()

    def _carry(self, outside, namespace, address):
        try:
            with outside, namespace.inside():
                with socket.create_connection(address, 5) as inside:
                    pump(outside, inside)
        except OSError:
            pass  # whoever came sees that the connection ends
        finally:
            self._places.release()


def pump(one, other, idle=IDLE_SECONDS):
    """Carries bytes both ways until both sides have nothing more to say, or nobody says anything for
    so many seconds, or takes nothing (OSError)."""
    partner = {one: other, other: one}
    for side in partner:
        side.settimeout(idle)
    while partner:
        ready = select.select(list(partner), [], [], idle)[0]
        if not ready:
            return
        for side in ready:
            piece = side.recv(65536)
            if piece:
                partner[side].sendall(piece)
            else:
                partner.pop(side).shutdown(socket.SHUT_WR)

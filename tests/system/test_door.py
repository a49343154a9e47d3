# SPDX-License-Identifier: BSD-2-Clause
"""The door of `make run`: what one side has to say is not cut off when the other has ended, and
silence ends."""

import socket
import threading
import time

import door


def pumped(idle):
    """Two ends with a pump between them, and its thread."""
    browser, outside = socket.socketpair()
    inside, box = socket.socketpair()

    def carry():
        with outside, inside:
            door.pump(outside, inside, idle)

    thread = threading.Thread(target=carry, daemon=True)
    thread.start()
    browser.settimeout(10)
    box.settimeout(10)
    return browser, box, thread


def whole(side):
    got = b""
    while piece := side.recv(65536):
        got += piece
    return got


def test_an_answer_after_the_question_has_ended():
    browser, box, thread = pumped(10)
    with browser, box:
        browser.sendall(b"question")
        browser.shutdown(socket.SHUT_WR)
        assert whole(box) == b"question"
        answer = b"x" * 1_000_000
        threading.Thread(target=lambda: (box.sendall(answer), box.shutdown(socket.SHUT_WR)),
                         daemon=True).start()
        assert whole(browser) == answer
        thread.join(10)
        assert not thread.is_alive()


def test_silence_ends():
    browser, box, thread = pumped(0.5)
    with browser, box:
        for _ in range(4):
            time.sleep(0.3)
            browser.sendall(b"x")
            assert box.recv(1) == b"x"
        thread.join(10)
        assert not thread.is_alive()
        assert whole(browser) == b"" and whole(box) == b""

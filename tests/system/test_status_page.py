# SPDX-License-Identifier: BSD-2-Clause
"""The status page in a browser: headless Chromium fetches it, runs it, and shows it."""

import re

import pytest

from managed import BOX, RIGHT, managed

pytestmark = pytest.mark.ports("virtio")

CHROMIUM = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--virtual-time-budget=12500"]
REFRESHED = 5  # times in those 12.5 seconds, at least: it asks every 2


def answers(box):
    """How often the box answered somebody."""
    return int(re.search(r"^barewire_http_answers_total (\d+)$", box.curl("/metrics").stdout,
                         re.MULTILINE)[1])


def test_a_browser_shows_it(own_network, ports, tmp_path):
    with managed(f"address = {BOX}/24\nhostname = showcase\n", ports) as box:
        box.left.ping(RIGHT, 7, 0.01)
        before = answers(box)
        page = box.left.run(*CHROMIUM, f"--user-data-dir={tmp_path}/profile", "--dump-dom",
                            f"http://{BOX}/", timeout=150).stdout
        assert answers(box) - before >= REFRESHED, "it does not refresh itself"
        # What the script made of /api/status.
        assert "<title>showcase · Barewire</title>" in page
        assert re.search(r'<body class="good ?">', page), "not all is well, or the data is old"
        assert page.count('class="card port"') == 2
        assert "2 of 2" in page and "none since boot" in page
        assert "127.0.0.1" not in page and "https://" not in page

        picture = tmp_path / "page.png"
        box.left.run(*CHROMIUM, f"--user-data-dir={tmp_path}/profile", "--window-size=1200,900",
                     f"--screenshot={picture}", f"http://{BOX}/", timeout=150)
        data = picture.read_bytes()
        assert data.startswith(b"\x89PNG") and len(data) > 20_000, "an empty picture"

# SPDX-License-Identifier: BSD-2-Clause
"""The QEMU that has the 82599 in it."""

import os
import subprocess

BUILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "82599", "build")


class ModelError(Exception):
    """It could not be built; the text says why."""


def model_qemu():
    """The path of its program, which is built when it is not there: five minutes, and a network to
    fetch QEMU's source from. QEMU_82599 in the environment names another one."""
    if program := os.environ.get("QEMU_82599"):
        return program
    try:
        return subprocess.run([BUILD], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise ModelError(f"the QEMU with the 82599 in it could not be built: {error}") from error


def needs_model(ports):
    """Whether one of the ports, given as for --port, is a card that only that QEMU has."""
    return any(port.split(",")[0] == "ixgbe" for port in ports)

# SPDX-License-Identifier: BSD-2-Clause
"""Programs that end quietly when nobody reads their output any more: qemu/demo --help | head."""

import os
import signal
import sys


def while_read(main):
    """Calls main() and returns its exit status; that of a process which SIGPIPE ended if the reader
    of standard output has gone."""
    try:
        try:
            return main()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE

# SPDX-License-Identifier: BSD-2-Clause
"""Calls build/bench/measure: the commands that bench/run, bench/compare and bench/latency share."""

import datetime
import json
import os
import platform
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
MEASURE = os.path.join(BUILD, "bench", "measure")
FOREIGN = "foreign-82599"
# The same cache for everybody: 32 KiB in lines of 64 bytes, eight ways; a last level that holds all.
CACHE = ["--cache-sim=yes", "--I1=32768,8,64", "--D1=32768,8,64", "--LL=16777216,16,64"]


def run(*command, **environment):
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False,
                                env={**os.environ, **environment})
    except FileNotFoundError:
        sys.exit(f"bench: {command[0]} is not there: `make bench` builds and installs what is needed")
    if result.returncode != 0:
        sys.exit(f"bench: {' '.join(command)}:\n{result.stderr}")
    return result.stdout


def last_line(output):
    """The result of a run. A foreign driver may have said something before it."""
    return json.loads(output.splitlines()[-1])


def timed(path, batch, rounds, **environment):
    """What measure prints: cycles and register writes a packet."""
    return last_line(run(MEASURE, path, str(batch), str(rounds), **environment))


def counted(path, batch, cache, **environment):
    """Instructions a packet, and first-level data cache misses."""
    rounds = max(32, 2048 // batch)
    function = "foreign_forward" if path == FOREIGN else "forward_poll"
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "callgrind")
        line = run("valgrind", "--tool=callgrind", f"--toggle-collect={function}", *cache,
                   f"--callgrind-out-file={output}", MEASURE, path, str(batch), str(rounds),
                   **environment)
        with open(output, encoding="utf-8") as file:
            text = file.read()
    events = re.search(r"^events: (.*)$", text, re.M)[1].split()
    totals = re.search(r"^(?:summary|totals): (.*)$", text, re.M)[1].split()
    counts = dict(zip(events, map(int, totals)))
    frames = last_line(line)["frames"]
    return counts["Ir"] / frames, (counts.get("D1mr", 0) + counts.get("D1mw", 0)) / frames


def compiler():
    return run("gcc", "--version").splitlines()[0]


def circumstances():
    """Where and of what a figure was made."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"],
                            capture_output=True, text=True, check=False).stdout.strip()
    return {"machine": f"{model[1] if model else platform.machine()}, {os.cpu_count()} CPUs",
            "load_average": round(os.getloadavg()[0], 1), "compiler": compiler(),
            "commit": commit or "unknown"}


def record(name, lines):
    """Puts lines of Markdown where docs/numbers.md has room for what `name` measures."""
    path = os.path.join(ROOT, "docs", "numbers.md")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    text, places = re.subn(rf"(<!-- {re.escape(name)} writes this -->\n).*?(\n<!-- end of it -->)",
                           lambda match: match[1] + "\n".join(lines) + match[2], text, flags=re.S)
    if places != 1:
        sys.exit(f"bench: docs/numbers.md has {places} places for {name}, expected 1")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def made_of(where):
    """One line of Markdown about the circumstances of a figure."""
    return (f"Measured on {datetime.date.today()} with the sources of commit {where['commit']}: {where['machine']}, "
            f"load average {where['load_average']}, {where['compiler']}.")


def write(name, result):
    with open(os.path.join(BUILD, name), "w", encoding="ascii") as file:
        json.dump(result, file, indent=2)
        file.write("\n")

# SPDX-License-Identifier: BSD-2-Clause
"""The Linux guest that the benchmark compares with: Debian's own kernel package and busybox, fetched
with apt-get, and an initial RAM disk ("newc" cpio: Linux, Documentation/driver-api/early-userspace/
buffer-format.rst) with just the modules that a virtio bridge needs. Kept in the user's cache."""

import contextlib
import lzma
import os
import re
import stat
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = ["virtio_pci", "virtio_net", "bridge"]


class GuestError(Exception):
    """The guest cannot be had; the text says why."""


def cache_directory():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "barewire", "linux-guest")


def _output(*command, **options):
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise GuestError(f"{' '.join(command)}: {getattr(error, 'stderr', '') or error}") from error


def _kernel_package():
    """What linux-image-amd64 of this release stands for."""
    match = re.search(r"^\s*Depends: (linux-image-\S+)$",
                      _output("apt-cache", "depends", "linux-image-amd64"), re.MULTILINE)
    if not match:
        raise GuestError("apt-cache names no kernel package: run apt-get update")
    return match[1]


def _unpack(package, into):
    """Downloads a package, once, and unpacks it."""
    if os.path.isdir(into):
        return
    os.makedirs(os.path.dirname(into), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(into)) as work:
        _output("apt-get", "download", package, cwd=work)
        archive, = (name for name in os.listdir(work) if name.endswith(".deb"))
        _output("dpkg", "-x", archive, "tree", cwd=work)
        os.rename(os.path.join(work, "tree"), into)


def _find(root, pattern):
    expression = re.compile(pattern)
    for directory, _, names in os.walk(root):
        for name in names:
            if expression.fullmatch(name):
                return os.path.join(directory, name)
    return None


def _module(root, name):
    """A kernel module's bytes, uncompressed; None when it is built into the kernel."""
    path = _find(root, name.replace("_", "[-_]") + r"\.ko(\.xz)?")
    if not path:
        return None
    with open(path, "rb") as file:
        data = file.read()
    return lzma.decompress(data) if path.endswith(".xz") else data


def _with_dependencies(root, names, found=None):
    """Module names mapped to their bytes, each after those that it depends on."""
    found = {} if found is None else found
    for name in names:
        data = _module(root, name)
        if name in found or data is None:
            continue
        depends = re.search(rb"\0depends=([^\0]*)\0", data)
        wanted = [word for word in (depends[1].decode().split(",") if depends else []) if word]
        _with_dependencies(root, wanted, found)
        found[name] = data
    return found


def _cpio_entry(number, name, mode, data=b"", device=(0, 0)):
    path = name.encode() + b"\0"
    fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, device[0], device[1], len(path), 0]
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    return (header + path + bytes(-(len(header) + len(path)) % 4)
            + data + bytes(-len(data) % 4))


def _busybox(tree):
    for path in ("bin/busybox", "usr/bin/busybox"):  # since Debian 13 the second
        with contextlib.suppress(FileNotFoundError), open(os.path.join(tree, path), "rb") as file:
            return file.read()
    raise GuestError(f"{tree}: no busybox in the package")


def _initrd(kernel_tree, busybox_tree):
    modules = _with_dependencies(kernel_tree, MODULES)
    busybox = _busybox(busybox_tree)
    with open(os.path.join(HERE, "guest-init"), "rb") as file:
        init = file.read()
    entries = [(name, stat.S_IFDIR | 0o755) for name in ("bin", "dev", "proc", "sys", "modules")]
    entries += [("dev/console", stat.S_IFCHR | 0o600, b"", (5, 1)),
                ("bin/busybox", stat.S_IFREG | 0o755, busybox),
                ("init", stat.S_IFREG | 0o755, init),
                ("modules/order", stat.S_IFREG | 0o644,
                 "\n".join(f"{name}.ko" for name in modules).encode())]
    entries += [(f"modules/{name}.ko", stat.S_IFREG | 0o644, data)
                for name, data in modules.items()]
    entries += [("TRAILER!!!", 0)]
    return b"".join(_cpio_entry(number, *entry) for number, entry in enumerate(entries, 1))


def linux_guest():
    """Returns (kernel image, initial RAM disk, package name), fetching what is not there yet."""
    package = _kernel_package()
    cache = cache_directory()
    kernel_tree = os.path.join(cache, package)
    busybox_tree = os.path.join(cache, "busybox-static")
    _unpack(package, kernel_tree)
    _unpack("busybox-static", busybox_tree)
    initrd = os.path.join(cache, f"{package}.cpio")
    with tempfile.NamedTemporaryFile(dir=cache, delete=False) as file:
        file.write(_initrd(kernel_tree, busybox_tree))
    os.rename(file.name, initrd)
    return _find(kernel_tree, r"vmlinuz-.*"), initrd, package

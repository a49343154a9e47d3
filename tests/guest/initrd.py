# SPDX-License-Identifier: BSD-2-Clause
"""Linux guests made of Debian's own packages: a kernel, and an initial RAM disk ("newc" cpio: Linux,
Documentation/driver-api/early-userspace/buffer-format.rst) with the programs, their libraries and the
kernel modules that a test names. Nothing is installed; what is made is kept in the user's cache under
the hash of what it was made from."""

import glob
import hashlib
import lzma
import os
import re
import stat
import subprocess
import tempfile

INIT = rb"""#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/usr/bin:/bin
chmod 755 / /usr /usr/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm /run /tmp /var/run
mount -t tmpfs tmp /run
for module in $(cat /modules/order); do insmod /modules/$module; done
# busybox's shell prefers its own applets to programs of the same name
for path in /usr/bin/*; do
    name=${path##*/}
    case $name in *[!a-z0-9]*) ;; *) eval "$name() { $path \"\$@\"; }" ;; esac
done
. /test.sh
echo GUEST-DONE
reboot -f
"""


class GuestError(Exception):
    """The guest cannot be made; the text says why."""


def cache_directory():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "barewire", "guest")


def _output(*command, **options):
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise GuestError(f"{' '.join(command[:4])}: {getattr(error, 'stderr', '') or error}") from error


def kernel_package():
    """What linux-image-amd64 of this release stands for."""
    match = re.search(r"^\s*Depends: (linux-image-\S+)$",
                      _output("apt-cache", "depends", "linux-image-amd64"), re.MULTILINE)
    if not match:
        raise GuestError("apt-cache names no kernel package: run apt-get update")
    return match[1]


def _closure(packages):
    """The packages and every library package that they depend on."""
    text = _output("apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests",
                   "--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances", *packages)
    names = set(re.findall(r"^([a-z0-9][a-z0-9.+-]*)$", text, re.MULTILINE))
    libraries = {n for n in names if n.startswith(("lib", "zlib")) and not n.endswith("-dev")}
    return sorted(libraries | set(packages))


def _unpack(packages, into):
    """Downloads the packages and unpacks them into one tree, once."""
    if os.path.isdir(into):
        return
    os.makedirs(os.path.dirname(into), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(into)) as work:
        _output("apt-get", "-o", "APT::Sandbox::User=root", "download", *packages, cwd=work)
        for archive in sorted(name for name in os.listdir(work) if name.endswith(".deb")):
            _output("dpkg", "-x", archive, "tree", cwd=work)
        os.rename(os.path.join(work, "tree"), into)


def _index(root):
    """File name -> path in the tree, for libraries and modules."""
    found = {}
    for directory, _, names in os.walk(root):
        for name in names:
            found.setdefault(name, os.path.join(directory, name))
    return found


def _needed(path):
    text = _output("readelf", "-dW", path)
    return re.findall(r"\(NEEDED\).*\[(.+)\]", text)


def _with_libraries(index, paths):
    """The libraries that the files need: place in the guest -> file."""
    files, todo = {}, list(paths)
    while todo:
        path = todo.pop()
        for name in _needed(os.path.realpath(path)):
            if name not in files:
                if name not in index:
                    raise GuestError(f"{path} needs {name}, which no package brought")
                files[name] = os.path.realpath(index[name])
                todo.append(files[name])
    return {f"lib/x86_64-linux-gnu/{name}": path for name, path in files.items()}


def _module_file(index, name):
    for spelling in (name, name.replace("_", "-")):
        for suffix in (".ko", ".ko.xz"):
            path = index.get(spelling + suffix)
            if path:
                with open(path, "rb") as file:
                    data = file.read()
                return lzma.decompress(data) if suffix == ".ko.xz" else data
    return None  # built into the kernel


def _with_dependencies(index, names, found=None):
    """Module names mapped to their bytes, each after those that it depends on."""
    found = {} if found is None else found
    for name in names:
        data = _module_file(index, name)
        if name in found or data is None:
            continue
        depends = re.search(rb"\0depends=([^\0]*)\0", data)
        wanted = depends[1].decode().split(",") if depends else []
        _with_dependencies(index, [word for word in wanted if word], found)
        found[name] = data
    return found


def cpio(entries):
    """An archive of (name, mode, bytes)."""
    out = bytearray()
    for number, (name, mode, data) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        path = name.encode() + b"\0"
        fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0]
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + path
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return bytes(out)


def _directories(names):
    wanted = {"bin", "dev", "proc", "sys", "run", "tmp", "modules", "mnt", "usr", "usr/bin"}
    for name in names:
        while os.path.dirname(name):
            name = os.path.dirname(name)
            wanted.add(name)
    return [(name, stat.S_IFDIR | 0o755, b"") for name in sorted(wanted)]


def _read(path):
    with open(path, "rb") as file:
        return file.read()


def _program(tree, name):
    """Debian moves programs between these folders from release to release."""
    for folder in ("bin", "sbin", "usr/bin", "usr/sbin", "lib/x86_64-linux-gnu",
                   "usr/lib/x86_64-linux-gnu"):
        found = sorted(glob.glob(os.path.join(tree, folder, name)))
        if found:
            return found[0]
    raise GuestError(f"no {name} in the packages")


def _contents(kernel, tree, programs, modules):
    index = _index(tree)
    found = [_program(tree, name) for name in programs]
    paths = {f"usr/bin/{os.path.basename(path)}": os.path.realpath(path) for path in found}
    files = dict(paths)
    files.update(_with_libraries(index, paths.values()))
    files["lib64/ld-linux-x86-64.so.2"] = os.path.realpath(index["ld-linux-x86-64.so.2"])
    order = _with_dependencies(_index(kernel), modules)
    busybox = next(os.path.join(tree, name) for name in ("bin/busybox", "usr/bin/busybox")
                   if os.path.exists(os.path.join(tree, name)))
    entries = _directories(files)
    entries += [(name, stat.S_IFREG | 0o755, _read(path)) for name, path in files.items()]
    entries += [("bin/busybox", stat.S_IFREG | 0o755, _read(busybox)),
                ("init", stat.S_IFREG | 0o755, INIT),
                ("modules/order", stat.S_IFREG | 0o644,
                 " ".join(f"{module}.ko" for module in order).encode())]
    entries += [(f"modules/{m}.ko", stat.S_IFREG | 0o644, data) for m, data in order.items()]
    return entries


def _cached(kind, parts, make):
    """The path of the archive that was made from the parts, or is made now."""
    cache = cache_directory()
    name = hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
    path = os.path.join(cache, f"{kind}-{name}.cpio")
    if not os.path.exists(path):
        with tempfile.NamedTemporaryFile(dir=cache, delete=False) as file:
            file.write(make())
        os.rename(file.name, path)
    return path


def guest(packages, programs, modules):
    """Returns (kernel image, initial RAM disk). `programs` are names (or patterns) of programs, and
    of libraries that a program opens by itself; they go to /usr/bin, and the libraries that they
    need where ld.so looks. A test adds /test.sh (see script())."""
    kernel = kernel_package()
    everything = _closure([*packages, "busybox-static", "libc6"])
    key = hashlib.sha256("\n".join([kernel, *everything]).encode()).hexdigest()[:16]
    cache = cache_directory()
    kernel_tree = os.path.join(cache, kernel)
    tree = os.path.join(cache, f"packages-{key}")
    _unpack([kernel], kernel_tree)
    _unpack(everything, tree)
    with open(os.path.abspath(__file__), "rb") as file:
        parts = [file.read(), key.encode(), *(p.encode() for p in [*programs, *modules])]
    initrd = _cached("initrd", parts, lambda: cpio(_contents(kernel_tree, tree, programs, modules)))
    image = next(path for name, path in _index(kernel_tree).items() if name.startswith("vmlinuz-"))
    return image, initrd


def script(text):
    """An archive to append to the RAM disk: what init runs when the modules are in."""
    return cpio([("test.sh", stat.S_IFREG | 0o755, text.encode())])


def with_script(initrd, text):
    """The path of a RAM disk that runs the text."""
    parts = [initrd.encode(), text.encode()]
    return _cached("script", parts, lambda: _read(initrd) + script(text))

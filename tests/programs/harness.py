"""Running one program natively, under `adyton run`, or from a signed image, in like surroundings; and images of programs.

Shared by tests/programs, tests/e2e and bench."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ADYTON_BUILD", ROOT / "build"))
ADYTON = os.environ.get("ADYTON", str(BUILD / "adyton"))
PATHS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def environment(folder, extra=None):
    """The same few variables everywhere, so that nothing of the caller's shows in an output."""
    keep = {key: os.environ[key] for key in ("XDG_DATA_HOME", "ADYTON_DATA") if key in os.environ}
    base = {"PATH": PATHS, "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC",
            "TMPDIR": str(folder)}
    return {**base, **keep, **(extra or {})}


def find(program):
    """The program's path, or None. Debian's own are meant, not what a developer put before them."""
    return shutil.which(program, path=PATHS)


class Ended:
    """How a program ended: exit status (negative: a signal), what it wrote, whether its time ran out."""

    def __init__(self, status, stdout, stderr, late):
        self.status, self.stdout, self.stderr, self.late = status, stdout, stderr, late

    def __str__(self):
        how = "out of time" if self.late else f"status {self.status}"
        return f"{how}, stdout {self.stdout[-300:]!r}, stderr {self.stderr[-600:]!r}"


def run(argv, folder=None, stdin=b"", env=None, seconds=30, **options):
    """Run to the end. Past its time the program is killed, alone, by its process id."""
    process = subprocess.Popen([str(a) for a in argv], cwd=folder, env=env if env is not None else environment(folder or "/tmp"),
                               stdin=subprocess.PIPE if isinstance(stdin, bytes) else stdin, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, start_new_session=True, **options)
    late = False
    try:
        out, err = process.communicate(stdin if isinstance(stdin, bytes) else None, timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        late = True
        try:
            out, err = process.communicate(timeout=5)
        except subprocess.TimeoutExpired:  # a process that it left behind holds the pipe
            out, err = b"", b"(output held open by a process that outlived it)"
    return Ended(process.returncode, out, err, late)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, process, seconds):
    """True when something listens; False when the process ended or time is over."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
            return True
        except OSError:
            time.sleep(0.03)
    return False


def stop(process, how=signal.SIGTERM, seconds=15):
    """Its exit status; None if it had to be killed."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None


def copy_path(root, path):
    """Copy a file into the root under its own name, the symbolic links on the way as links."""
    parts, at = pathlib.PurePosixPath(path).parts[1:], pathlib.PurePosixPath("/")
    for index, part in enumerate(parts):
        here = at / part
        inside = root / here.relative_to("/")
        if os.path.islink(here):
            target = os.readlink(here)
            if not os.path.lexists(inside):
                inside.parent.mkdir(parents=True, exist_ok=True)
                inside.symlink_to(target)
            rest = pathlib.PurePosixPath(os.path.normpath(at / target), *parts[index + 1:])
            copy_path(root, rest)
            return
        at = here
    inside = root / at.relative_to("/")
    if os.path.isdir(at):
        shutil.copytree(at, inside, symlinks=True, dirs_exist_ok=True)
    elif not inside.exists():
        inside.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(at, inside)


def libraries(program):
    """The shared objects that the loader would map, and the loader itself."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    if listed.returncode:
        return []  # static
    return re.findall(r"(/\S+) \(0x", listed.stdout)


ACCOUNTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www-data:/var/www:/bin/sh\n"
                  "nobody:x:65534:65534:nobody:/nonexistent:/bin/sh\n",
    "etc/group": "root:x:0:\nwww-data:x:33:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "etc/hosts": "127.0.0.1 localhost\n",
}


def collect(root, program, extra=(), folders=()):
    """A root folder with the program, its libraries, what else it reads, and empty folders for mounts."""
    root = pathlib.Path(root)
    for path in [program, *libraries(program), *extra]:
        copy_path(root, path)
        if path.endswith(".node") or ".so" in pathlib.Path(path).name:
            for library in libraries(path):
                copy_path(root, library)
    for name, text in ACCOUNTS.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for folder in ("proc", "dev", "tmp", "root", *(f.lstrip("/") for f in folders)):
        (root / folder).mkdir(parents=True, exist_ok=True)
    return root


def quoted(text):
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def definition(name, rootfs, entrypoint, memory=None, threads=None, mounts=None, environ=None, arguments=True,
               allow=(), more=""):
    """HCL of an image."""
    lines = [f"image {quoted(name)} {{", f"  rootfs = {quoted(rootfs)}",
             f"  entrypoint = [{', '.join(quoted(word) for word in entrypoint)}]"]
    if memory:
        lines.append(f"  memory = {quoted(memory)}")
    if threads:
        lines.append(f"  threads = {threads}")
    if environ:
        lines.append("  environment = { " + "  ".join(f"{key} = {quoted(value)}" for key, value in environ.items()) + " }")
    lines.append(f"  allow {{\n    arguments = {'true' if arguments else 'false'}")
    lines.append(f"    environment = [{', '.join(quoted(a) for a in allow)}]\n  }}")
    for at, source in (mounts or {}).items():
        lines.append(f"  mount {quoted(at)} {{\n    type = \"host\"\n    source = {quoted(source)}\n  }}")
    return "\n".join([*lines, more, "}"]) + "\n"


def build(folder, text, name="app", seconds=120, options=()):
    """Write the definition and build it: (image path, how `adyton build` ended)."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.hcl").write_text(text)
    image = folder / f"{name}.adyton"
    ended = run([ADYTON, "build", *options, folder / f"{name}.hcl", "-o", image], folder=folder, seconds=seconds)
    return image, ended


class Tap:
    """Cases as TAP lines, at once; the plan at the end."""

    def __init__(self):
        self.count, self.failed = 0, 0

    def case(self, good, name, why=""):
        self.count += 1
        self.failed += not good
        if not good:
            for line in str(why).splitlines()[:40]:
                print(f"# {line[:1500]}")
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}", flush=True)

    def skip(self, name, why):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {why}", flush=True)

    def end(self):
        print(f"1..{self.count}", flush=True)
        return 1 if self.failed else 0


def need_adyton():
    """Leave with a loud skip where there is nothing to test."""
    if not os.access(ADYTON, os.X_OK):
        print(f"no {ADYTON}: build it first")
        sys.exit(77)

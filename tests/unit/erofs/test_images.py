#!/usr/bin/env python3
"""EROFS images of mkfs.erofs, read by the kernel's reader, against the directories that they were made from; hash trees
of veritysetup against the kernel's verity; damaged images against the sanitizers.

usage: test_images.py DUMP VERITY_CHECK FUZZ [OPTIONS OF FUZZ]
       test_images.py --seeds=FOLDER          only leave a corpus for libFuzzer"""

import hashlib
import os
import pathlib
import random
import re
import shutil
import stat
import subprocess
import sys
import tempfile

SKIP = 77
UUID = "00000000-0000-0000-0000-000000000001"


def run_tool(command):
    return subprocess.run(command, capture_output=True, text=True)


def tool(name):
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


def make_mixed(root, rng):
    """One of everything, and every length around a page's and an inline tail's limits."""
    root.mkdir()
    sizes = [0, 1, 5, 31, 32, 4000, 4031, 4032, 4064, 4065, 4095, 4096, 4097, 8191, 8192, 12289, 70000]
    for size in sizes:
        (root / f"size-{size}").write_bytes(rng.randbytes(size))
    (root / "zeros").write_bytes(bytes(50000))
    with open(root / "sparse", "wb") as f:
        f.truncate(3 << 20)
        f.seek(1 << 20)
        f.write(b"in the middle")
    (root / ("n" * 254)).write_bytes(b"longest name")  # mkfs.erofs 1.5 loses the last byte of 255
    (root / "\u00e9\u4e2d").write_bytes(b"bytes above 127")
    os.link(root / "size-5", root / "hard")
    os.symlink("size-5", root / "soft")
    os.symlink("x" * 4000, root / "soft-long")
    os.mkfifo(root / "fifo")
    os.chmod(root / "size-1", 0o4755)
    os.chmod(root / "size-31", 0)
    os.utime(root / "size-32", ns=(0, 1234567890_123456789))
    os.utime(root / "size-4096", ns=(0, -5_000_000_000))
    if os.geteuid() == 0:
        os.mknod(root / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        os.mknod(root / "disk", 0o660 | stat.S_IFBLK, os.makedev(259, 1000))
        os.chown(root / "size-8192", 70000, 80000)
        os.chown(root / "size-8191", 7, 8)
    deep = root
    for level in range(20):
        deep = deep / f"d{level}"
        deep.mkdir()
    (deep / "bottom").write_bytes(b"!")
    (root / "empty").mkdir()
    try:
        os.setxattr(root / "size-12289", "user.note", b"v" * 300)
        os.setxattr(root / "size-5", "user.note", b"shared")
        os.setxattr(root / "zeros", "user.note", b"shared")
    except OSError:
        pass  # the file system of TMPDIR has none


def make_wide(root, rng):
    """Directories of many blocks, with a last block of every kind."""
    root.mkdir()
    for count in (1, 2, 100, 190, 341, 2500):
        folder = root / f"count-{count}"
        folder.mkdir()
        for i in range(count):
            (folder / f"{rng.getrandbits(48):x}{'-' * rng.randrange(200 if count < 1000 else 20)}{i}").touch()


def make_tiny(root, rng):
    root.mkdir()
    (root / "f").write_bytes(rng.randbytes(5000))
    (root / "g").symlink_to("f")
    (root / "d").mkdir()


def make_many(root, rng):
    """More blocks than one hash block covers."""
    root.mkdir()
    for i in range(5):
        (root / f"big-{i}").write_bytes(rng.randbytes(1_000_003))


IMAGES = [  # tree, name, options, are mtimes kept?
    ("mixed", "plain", [], True),
    ("mixed", "extended", ["-Eforce-inode-extended"], True),
    ("mixed", "compact", ["-Eforce-inode-compact", "-x-1", "-T77", "--force-uid=0", "--force-gid=0"], False),
    ("mixed", "no-inline", ["-Enoinline_data"], True),
    ("mixed", "chunks", ["--chunksize=4096"], True),
    ("mixed", "chunk-indexes", ["--chunksize=16384", "-Eforce-chunk-indexes"], True),
    ("wide", "wide", [], True),
    ("tiny", "tiny", ["-T0", "--all-root"], False),
    ("many", "many", ["-T0"], False),
]


def mkfs(image, tree, options):
    out = run_tool([tool("mkfs.erofs"), "--quiet", f"-U{UUID}", *options, image, tree])
    if out.returncode:
        sys.exit(f"mkfs.erofs {options}: {out.stderr}")


def expected(tree, compare_times, owners):
    """path -> what the dump should say, and path -> which paths are one inode."""
    lines, same = {}, {}
    for path in [tree, *tree.rglob("*")]:
        st = path.lstat()
        name = os.fsencode(str(path))[len(os.fsencode(str(tree))):].hex()
        data = "-"
        size = 0
        if stat.S_ISREG(st.st_mode):
            data, size = hashlib.sha256(path.read_bytes()).hexdigest(), st.st_size
        elif stat.S_ISLNK(st.st_mode):
            target = os.fsencode(os.readlink(path))
            data, size = hashlib.sha256(target).hexdigest(), len(target)
        elif stat.S_ISDIR(st.st_mode):
            size = None  # of the format, not of the tree
        device = st.st_rdev if stat.S_ISCHR(st.st_mode) or stat.S_ISBLK(st.st_mode) else 0
        lines[name] = [f"{st.st_mode:o}", str(st.st_nlink), str(st.st_uid) if owners else "0",
                       str(st.st_gid) if owners else "0", size, f"{st.st_mtime_ns // 10**9}.{st.st_mtime_ns % 10**9:09}"
                       if compare_times else None, str(device), data]
        same[name] = st.st_ino
    return lines, same


def compare(dump, image, tree, options, times):
    out = run_tool([dump, image])
    if out.returncode:
        return f"dump: exit {out.returncode}: {out.stderr}"
    owners = not {"--all-root", "--force-uid=0"} & set(options)
    want, want_same = expected(tree, times, owners)
    got, got_same = {}, {}
    for line in out.stdout.splitlines():
        name, nid, *rest = line.split("\t")
        got[name], got_same[name] = rest, nid
    if set(got) != set(want):
        return f"paths: missing {sorted(set(want) - set(got))[:3]}, invented {sorted(set(got) - set(want))[:3]}"
    for name, fields in want.items():
        have = got[name]
        for i, field in enumerate(fields):
            if field is not None and str(field) != have[i]:
                return f"{bytes.fromhex(name)!r}: field {i} is {have[i]}, should be {field}"
    groups = lambda same: sorted(sorted(n for n in same if same[n] == key) for key in set(same.values()))
    if groups(got_same) != groups(want_same):
        return "hard links differ"
    return None


def check_refusals(dump, folder, trees):
    """What the reader does not know it refuses by name."""
    problems = []
    image = folder / "refused.img"
    (trees["mixed"] / "compressible").write_bytes(b"abc" * 50000)
    mkfs(image, trees["mixed"], ["-zlz4"])
    cases = [("compressed", None, "LZ4 0padding")]
    cases += [("magic", (1024, b"XXXX"), "no EROFS superblock"), ("block size", (1024 + 12, b"\x0d"), "block size"),
              ("unknown feature", (1024 + 0x50, b"\0\0\0\x80"), "without a name"),
              ("blocks", (1024 + 0x24, b"\xff\xff\xff\xff"), "more blocks"),
              ("metadata", (1024 + 0x28, b"\xff\xff\xff\x7f"), "metadata that starts"),
              ("root", (1024 + 0x0e, b"\xff\xff"), "a root inode"), ("devices", (1024 + 0x56, b"\1\0"), "devices")]
    plain = (folder / "tiny.img").read_bytes()
    for name, patch, text in cases:
        if patch:
            at, data = patch
            image.write_bytes(plain[:at] + data + plain[at + len(data):])
        out = run_tool([dump, image])
        if out.returncode != 1 or text not in out.stderr:
            problems.append(f"{name}: exit {out.returncode}, {out.stderr!r}, should say {text!r}")
    image.write_bytes(b"")
    return problems


def check_verity(verity, folder, image):
    """The tree as veritysetup writes it: accepted; with one byte changed in data or tree, refused."""
    tree = folder / "tree"
    tree.unlink(missing_ok=True)
    out = run_tool([tool("veritysetup"), "format", "--no-superblock", "--salt=-", "--hash=sha256", "--format=1",
                    "--data-block-size=4096", "--hash-block-size=4096", image, tree])
    if out.returncode:
        return [f"veritysetup: {out.stderr}"]
    root = re.search(r"Root hash:\s*([0-9a-f]{64})", out.stdout).group(1)
    run = lambda data, hashes, slots: run_tool([verity, data, hashes, root, str(slots)])
    problems = []
    for slots in (4, 16, 512):
        result = run(image, tree, slots)
        if result.returncode:
            problems.append(f"{image.name}, {slots} slots: {result.returncode} {result.stdout}")
    data, hashes = bytearray(image.read_bytes()), bytearray(tree.read_bytes())
    last = len(data) // 4096 - 1
    data[last * 4096 + 77] ^= 1
    (folder / "bad").write_bytes(data)
    result = run(folder / "bad", tree, 16)
    if result.stdout != f"block {last}: -5\n":
        problems.append(f"{image.name}, changed last block: {result.stdout!r}")
    if hashes:
        hashes[5] ^= 1
        (folder / "bad").write_bytes(hashes)
        result = run(image, folder / "bad", 16)
        if result.stdout != "block 0: -5\n":
            problems.append(f"{image.name}, changed tree: {result.stdout!r}")
    return problems


def make_all(folder):
    rng = random.Random(20240607)
    trees = {}
    for name in ("mixed", "wide", "tiny", "many"):
        trees[name] = folder / f"tree-{name}"
        globals()[f"make_{name}"](trees[name], rng)
    images = []
    for tree, name, options, times in IMAGES:
        mkfs(folder / f"{name}.img", trees[tree], options)
        images.append((folder / f"{name}.img", trees[tree], options, times))
    return trees, images


def leave_seeds(folder, target):
    target.mkdir(parents=True, exist_ok=True)
    rng = random.Random(1)
    for seed in ("tiny", "plain", "chunk-indexes", "compact"):
        data = (folder / f"{seed}.img").read_bytes()[:256 << 10]
        (target / seed).write_bytes(data)
        for n in range(8):
            broken = bytearray(data[:16384 + n * 4096 - n])
            for _ in range(4):
                broken[rng.randrange(1024, min(len(broken), 8192))] = rng.randrange(256)
            (target / f"{seed}-{n}").write_bytes(broken)
    (target / "short").write_bytes(data[:1100])


def main():
    for name in ("mkfs.erofs", "veritysetup"):
        if not tool(name):
            print(f"1..0 # SKIP {name} is not installed")
            print(f"skipped: {name} is not installed")
            return SKIP
    with tempfile.TemporaryDirectory(prefix="erofs-") as scratch:
        folder = pathlib.Path(scratch)
        if sys.argv[1].startswith("--seeds="):
            make_all(folder)
            leave_seeds(folder, pathlib.Path(sys.argv[1].removeprefix("--seeds=")))
            return 0
        return run_all(folder, sys.argv[1], sys.argv[2], sys.argv[3:])


def run_all(folder, dump, verity, fuzz):
    count = failed = 0

    def report(name, problem):
        nonlocal count, failed
        count += 1
        failed += bool(problem)
        print(f"{'not ok' if problem else 'ok'} {count} - {name}")
        if problem:
            print(f"# {problem}")

    trees, images = make_all(folder)
    for image, tree, options, times in images:
        report(f"{image.stem} is its directory", compare(dump, image, tree, options, times))
    report("what is unknown is refused by name", check_refusals(dump, folder, trees))
    for image in (folder / "tiny.img", folder / "plain.img", folder / "many.img"):
        report(f"{image.stem}: tree of veritysetup", check_verity(verity, folder, image))
    one = folder / "one.img"
    one.write_bytes(b"\x55" * 4096)
    report("one block: tree of veritysetup", check_verity(verity, folder, one))
    for name, rounds in (("tiny", 3000), ("plain", 60), ("chunk-indexes", 60), ("wide", 20)):
        out = run_tool([dump, folder / f"{name}.img", str(rounds), "42"])
        report(f"{name}: damaged images", out.returncode and f"exit {out.returncode}: {out.stderr[-3000:]}")
    leave_seeds(folder, folder / "seeds")
    out = run_tool([*fuzz, folder / "seeds"])
    report("fuzz target over its seeds", out.returncode and f"exit {out.returncode}: {out.stderr[-3000:]}")
    print(f"1..{count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

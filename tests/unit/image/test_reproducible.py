#!/usr/bin/env python3
"""The same sources in another folder, built in a third one, give the same MRENCLAVE.

usage: test_reproducible.py ADYTON KERNEL SOURCE"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIP = 77


def not_sources(folder, names):
    return [name for name in names if name == ".git" or (pathlib.Path(folder) / name / "build.ninja").exists()]


def quick_mrenclave(adyton, kernel, home):
    """Measure the quick image of a kernel: nothing else is in it. `true` never runs where no host program is found."""
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "ADYTON_KERNEL": str(kernel)}
    subprocess.run([adyton, "run", "true"], env=environment, capture_output=True, timeout=60, check=False)
    image, = (home / ".cache/adyton").glob("quick-*.adyton")
    done = subprocess.run([adyton, "inspect", "--json", image], env=environment, capture_output=True, check=True)
    image.unlink()
    return json.loads(done.stdout)["mrenclave"]


def main():
    adyton, kernel, source = map(pathlib.Path, sys.argv[1:4])
    if not shutil.which("meson"):
        print("SKIPPED: meson is not installed")
        return SKIP
    with tempfile.TemporaryDirectory(prefix="adyton-reproducible-") as name:
        folder = pathlib.Path(name)
        copy, build = folder / "elsewhere/and/deeper", folder / "build"
        shutil.copytree(source, copy, symlinks=True, ignore=not_sources)
        subprocess.run(["meson", "setup", build, copy], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["ninja", "-j1", "-C", build, "kernel/adyton-kernel"], check=True, stdout=subprocess.DEVNULL)
        shutil.copy(adyton, folder / "adyton")  # away from its host program: `run` makes the image and ends
        here = quick_mrenclave(folder / "adyton", kernel, folder)
        there = quick_mrenclave(folder / "adyton", build / "kernel/adyton-kernel", folder)
    print(f"{here} here\n{there} elsewhere")
    return 0 if here == there else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""What a machine can check of the house rules; one TAP case a rule. Arguments: only those parts (source, binaries)."""

import os
import pathlib
import sys

sys.dont_write_bytecode = True

import elf  # noqa: E402
import includes  # noqa: E402
import style  # noqa: E402
import tree  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]

CHECKS = (
    ("who includes whom", includes.check_includes),
    ("every source is listed", includes.check_manifests),
    ("functions are short or say why", style.check_functions),
    ("files are short or say why", style.check_files),
    ("lines are clean", style.check_lines),
    ("code is indented by tabs", style.check_tabs),
    ("cleanups have a value to clean up", style.check_cleanups),
    ("no banned function", style.check_banned),
    ("header guards", style.check_guards),
    ("nothing unfinished, no place of one machine", style.check_words),
    ("no preprocessor condition inside a function", style.check_ifdefs),
    ("links lead somewhere", style.check_links),
)
WARNINGS = (style.warn_functions, style.warn_files)


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = False

    def case(self, name, failures, skip=None):
        self.count += 1
        print(f"{'not ok' if failures else 'ok'} {self.count} - {name}" + (f" # SKIP {skip}" if skip else ""))
        for failure in failures:
            print(f"# {failure}")
        self.failed |= bool(failures)


def check_source(tap):
    source = tree.load(ROOT)
    for name, check in CHECKS:
        tap.case(name, [f"{path}:{line}: {text}" for path, line, text in check(source)])
    for warning in WARNINGS:
        for path, line, text in warning(source):
            print(f"# worth a look: {path}:{line}: {text}")


def check_binaries(tap):
    build = pathlib.Path(os.environ.get("ADYTON_BUILD", ROOT / "build"))
    for name, scan in (("kernel/adyton-kernel", elf.scan_kernel), ("host/adyton-host", elf.scan_host)):
        if not (build / name).exists():
            tap.case(f"what {name} consists of", [], skip=f"{name} is not built")
            continue
        for rule, failures in scan(build / name).items():
            tap.case(rule, failures)


def main():
    tap = Tap()
    parts = sys.argv[1:] or ["source", "binaries"]
    if "source" in parts:
        check_source(tap)
    if "binaries" in parts:
        check_binaries(tap)
    print(f"1..{tap.count}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())

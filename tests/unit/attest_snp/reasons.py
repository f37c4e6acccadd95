#!/usr/bin/env python3
"""The published list of reasons: the manual page has it in the order of reason.def, and a test provokes each.

usage: reasons.py SOURCE [--write]     (--write brings the manual page up to date)"""

import pathlib
import re
import sys

TESTS = ("tests/unit/attest", "tests/unit/attest_forged", "tests/unit/attest_snp", "tests/e2e/verify")


def table(source):
    text = (source / "attest/reason.def").read_text(encoding="utf-8")
    return re.findall(r'^R\((\w+),\s*"([^"]*)",\s*"([^"]*)"\)', text, re.M)


def section(reasons):
    return "".join(f".It Cm {token}\n{sentence[0].upper() + sentence[1:]}.\n" for token, _, sentence in reasons)


def published(page):
    """The items of the section REASONS as they stand."""
    return re.search(r"^\.Sh REASONS\n.*?^\.Bl [^\n]*\n(.*?)^\.El$", page, re.M | re.S)


def provoked(source):
    """Words in tests: enumerators, tokens that scripts expect, and what "(a|b)_c" in their patterns stands for."""
    found = set()
    for name in TESTS:
        place = source / name
        files = place.rglob("*") if place.is_dir() else [place]
        for path in files:
            if path.is_file() and path.name != "reasons.py":
                text = path.read_text(encoding="utf-8", errors="replace")
                found.update(re.findall(r"\b(?:ATTEST_R_|ROW\()(\w+)", text))
                if path.suffix not in (".c", ".h"):
                    found.update(re.findall(r"\b[a-z]\w+\b", text))
                    for start, end in re.findall(r"\(([a-z_|]+)\)(_\w+)", text):
                        found.update(word + end for word in start.split("|"))
    return found


def used(source):
    """Tokens that the library refuses with; the others are published for what is to come."""
    return {token for path in (source / "attest").glob("*.c")
            for token in re.findall(r"\bATTEST_R_(\w+)", path.read_text(encoding="utf-8"))}


def main():
    source = pathlib.Path(sys.argv[1])
    reasons = table(source)
    path = source / "docs/man/adyton-verify.1"
    page = path.read_text(encoding="utf-8")
    items = published(page)
    if "--write" in sys.argv:
        path.write_text(page[:items.start(1)] + section(reasons) + page[items.end(1):], encoding="utf-8")
        return 0
    tests, code = provoked(source), used(source)
    missing = {token for token, _, _ in reasons if token in code and token not in tests}
    checks = (("the manual page lists every reason in order", items and items[1] == section(reasons),
               f"run {sys.argv[0]} SOURCE --write"),
              ("a test provokes every reason", len(reasons) > 50 and not missing,
               " ".join(sorted(missing))))
    print(f"1..{len(checks)}")
    print("# without a test:", *sorted(missing))
    print("# nothing refuses with:", *(token for token, _, _ in reasons if token not in code))
    for i, (name, good, why) in enumerate(checks, 1):
        print(f"{'ok' if good else 'not ok'} {i} - {name}")
        if not good:
            print(f"# {why}")
    return 0 if all(good for _, good, _ in checks) else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""abi/syscall.def and abi/hostcall.def against Linux's numbers in abi/linux/syscall_nr.h."""

import pathlib
import re
import sys

ABI = pathlib.Path(__file__).resolve().parents[3] / "abi"
KINDS = set("fd int uint hex ptr str path buf data size off flags sig pid".split())


def linux_numbers(text):
    return {name: int(number) for name, number in re.findall(r"^#define __NR_(\w+) (\d+)$", text, re.M)}


def rows(text, macro):
    """Arguments of each row, split at commas outside strings and parentheses."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    for row in re.findall(rf"^{macro}\((.*)\)$", text, re.M):
        yield [part.strip() for part in re.findall(r'(?:"(?:\\.|[^"\\])*"|\([^)]*\)|[^,"(])+', row)]


def check_syscalls(table, numbers):
    seen = {}
    for row in rows(table, "S"):
        if len(row) != 5:
            yield f"{row[:2]}: expected 5 columns, found {len(row)}"
            continue
        number, name, arguments, support, caveat = row
        if numbers.get(name) != int(number):
            yield f"{name}: number {number}, Linux has {numbers.get(name)}"
        if number in seen:
            yield f"{number}: both {seen[number]} and {name}"
        seen[number] = name
        kinds = [kind for kind in arguments.strip('"').split(",") if kind]
        if len(kinds) > 6 or not set(kinds) <= KINDS:
            yield f"{name}: arguments {arguments}"
        if support not in ("FULL", "PARTIAL", "NONE"):
            yield f"{name}: support {support}"
        if support == "PARTIAL" and caveat == '""':
            yield f"{name}: is partial and does not say what is missing"
    for name in sorted(set(numbers) - set(seen.values())):
        yield f"{name} ({numbers[name]}) is not in the table"


def check_order(table):
    listed = [int(row[0]) for row in rows(table, "S")]
    if listed != sorted(listed):
        yield "rows are not in the order of their numbers"


def check_hostcalls(table, numbers):
    seen = set()
    for row in rows(table, "H"):
        name, service = row[0], row[1]
        if name in seen:
            yield f"{name}: two rows"
        seen.add(name)
        if service.startswith("SYS") and name not in numbers:
            yield f"{name}: Linux has no call of that name"
        if service not in ("SYS", "SYSB", "OWN", "OWNB", "OWNI"):
            yield f"{name}: service {service}"
    if not seen:
        yield "no rows"


def self_test():
    """Each kind of mistake is found."""
    numbers = {"read": 0, "write": 1}
    good = 'S(0, read, "fd,buf", FULL, "")\nS(1, write, "", PARTIAL, "no, not (all)")\n'
    if list(check_syscalls(good, numbers)) or list(check_order(good)):
        yield "a good table is refused"
    for old, new in (("0, read", "2, read"), ('"fd,buf"', '"fd,wrong"'), ("FULL", "MOST"), ("1, write", "0, write"),
                     ('"no, not (all)"', '""'), ("write", "right")):
        if not list(check_syscalls(good.replace(old, new), numbers)):
            yield f"{old} -> {new} is not found"
    if not list(check_order("\n".join(reversed(good.strip().split("\n"))))):
        yield "a wrong order is not found"
    for bad in ("H(raed, SYS, LEN, V(fd))\n", "H(read, SYZ, LEN, V(fd))\n", "H(read, SYS, A)\nH(read, SYS, A)\n", ""):
        if not list(check_hostcalls(bad, numbers)):
            yield f"{bad!r} is not found"


def main():
    numbers = linux_numbers((ABI / "linux" / "syscall_nr.h").read_text())
    syscalls, hostcalls = (ABI / "syscall.def").read_text(), (ABI / "hostcall.def").read_text()
    results = (("the checks themselves", list(self_test())),
               ("every system call of Linux has its row", list(check_syscalls(syscalls, numbers))),
               ("rows in order", list(check_order(syscalls))),
               ("host calls are Linux's or ours by name", list(check_hostcalls(hostcalls, numbers))))
    for number, (name, failures) in enumerate(results, 1):
        print(f"{'not ok' if failures else 'ok'} {number} - {name}")
        for failure in failures:
            print(f"# {failure}")
    print(f"1..{len(results)}")
    return 1 if any(failures for _, failures in results) else 0


if __name__ == "__main__":
    sys.exit(main())

"""Who may include whom: the table of ARCHITECTURE.md, held against every include line."""

import posixpath
import re

from tree import without_comments

EVERYTHING = "everything"
FREESTANDING = {"stddef.h", "stdint.h", "stdbool.h", "stdarg.h", "stdalign.h", "stdnoreturn.h", "limits.h"}

# folder: what it may include besides itself; a name with a suffix is that one header.
PROJECT = {
    "abi": set(),
    "base": {"abi"},
    "crypto": {"abi", "base"},
    "ledger": {"abi", "base", "crypto"},
    "attest": {"abi", "base", "crypto"},
    "ratls": {"abi", "base"},
    "init": {"abi", "base"},
    "kernel": {"abi", "base", "crypto", "cpu/enclu.h"},
    "cpu": {"abi", "base", "crypto"},
    "host": {"abi", "base", "cpu", "image"},
    "image": {"abi", "base", "crypto"},
    "server": {"abi", "base", "crypto", "attest", "ledger", "ratls/ratls.h"},
    "platform": {"abi", "base", "crypto", "image", "attest/status.def"},
    "quoting": {"abi", "base", "crypto", "image", "platform"},
    "collateral": {"abi", "base", "image", "platform", "attest"},
    "cli": {"abi", "base", "crypto", "image", "platform", "attest", "host"},
    "client": {"abi", "base"},
    "oci": {"abi", "base", "image", "attest", "host"},
    "tests": EVERYTHING,
    "bench": EVERYTHING,
    "examples": EVERYTHING,
}

# Input, output, the clock and the environment are given to these as arguments.
PURE_FORBIDDEN = re.compile(r"^(stdio|unistd|fcntl|time|dirent|poll|netdb|curl/|microhttpd|sqlite3|sys/|net(inet)?/)")

# folder: system headers that it may include (a set, or a pattern that must not match).
SYSTEM = {
    "abi": FREESTANDING,
    "base": FREESTANDING,
    "kernel": FREESTANDING,
    "host": FREESTANDING,
    "cpu": FREESTANDING,
    "crypto": PURE_FORBIDDEN,
    "ledger": PURE_FORBIDDEN,
    "attest": PURE_FORBIDDEN,
}

# Library headers beside the freestanding ones. Nettle is the only library inside the kernel, and only crypto/ sees it.
LIBRARIES = {"crypto": ("nettle/", "openssl/")}

# Single files that may include what their folder may not, each with the reason.
EXCEPTIONS = {
    "crypto/random_hosted.c": ({"sys/random.h"}, "the random source of hosted programs is a system call"),
}


# The only sources that another top folder's meson.build may list: the evil host is the host but for them.
BUILT_ELSEWHERE = {"host/meson.build": "tests/evil/"}


def allowed_project(folder, target):
    may = PROJECT.get(folder)
    if may is None:
        return False
    return may is EVERYTHING or target.split("/")[0] == folder or target.split("/")[0] in may or target in may


def allowed_system(folder, target):
    rule = SYSTEM.get(folder)
    if rule is None or target.startswith(LIBRARIES.get(folder, ("\0",))):
        return True
    if isinstance(rule, set):
        return target in rule
    return not rule.match(target)


def check_includes(tree):
    """Quoted includes are relative to the root, exist, and respect the table; angled ones respect SYSTEM. A header that
    the build makes is known by its bare name in a meson.build."""
    generated = {name for _, text in tree.code(".build") for name in re.findall(r"'([\w.-]+\.(?:h|inc))'", text)}
    for path, text in tree.code(".c", ".h", ".S", ".def"):
        folder = path.split("/")[0]
        if folder not in PROJECT:
            yield path, 1, f"folder {folder} is not in the table of who may include whom"
            continue
        for number, line in enumerate(without_comments(text).split("\n"), 1):
            match = re.match(r"\s*#\s*include\s+([<\"])([^>\"]+)[>\"]", line)
            if not match or match[2] in EXCEPTIONS.get(path, ((), ""))[0]:
                continue
            target = match[2]
            if match[1] == '"' and target in generated:
                continue
            if match[1] == "<":
                if not allowed_system(folder, target):
                    yield path, number, f"{folder} may not include <{target}>"
            elif target not in tree.files:
                yield path, number, f'"{target}" is not a file of the tree (includes are relative to its root)'
            elif not allowed_project(folder, target):
                yield path, number, f'{folder} may not include "{target}"'


def check_manifests(tree):
    """Every C and assembler source stands by name in a meson.build of its own top folder, so that kernel/ lists all of
    the trusted code; tests may also be built by a script beside them, or above src/ (bench/run)."""
    listed, words = set(), {}
    for path, text in tree.files.items():
        folder = path.rpartition("/")[0]
        if path.endswith("meson.build"):
            for name in re.findall(r"'([\w./-]+)'", text):
                source = posixpath.normpath(posixpath.join(folder, name))
                elsewhere = BUILT_ELSEWHERE.get(path)
                if source.split("/")[0] == folder.split("/")[0] or elsewhere and source.startswith(elsewhere):
                    listed |= {source, f"{source}.c"}
        elif path.startswith(("tests/", "bench/", "examples/")) and not path.endswith((".c", ".h", ".md")):
            for served in (folder, f"{folder}/src"):
                words.setdefault(served, set()).update(re.findall(r"[\w.-]+", text))
    for path, _ in tree.code(".c", ".S"):
        folder, _, name = path.rpartition("/")
        beside = words.get(folder, set())
        if path not in listed and name not in beside and name.rpartition(".")[0] not in beside:
            yield path, 1, "is in no meson.build"
    for path, text in tree.code(".build"):
        for number, line in enumerate(text.split("\n"), 1):
            if re.search(r"\bglob\b|\*\.[ch]\b", line.split("#")[0]):
                yield path, number, "sources are listed one by one, never globbed"

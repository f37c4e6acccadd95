#!/usr/bin/env python3
"""Bring lines that are too wide back to 120 columns, in place: reflow.py FILE...

A wide line of a block comment flows into the next line of its paragraph; a wide comment behind code moves above it.
Wide code is laid out by clang-format, those lines only. What stays too wide is named."""

import pathlib
import re
import shutil
import subprocess
import sys
import textwrap

WIDTH = 120


def columns(line):
    return len(line.expandtabs(8))


def wrap(prefix, text):
    """Lines of prefix and text; a tab in the prefix counts 8."""
    room = WIDTH - columns(prefix)
    return [prefix + part for part in textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)]


def paragraph_goes_on(prefix, line):
    """Whether this line is plain text with the same prefix, into which the line before may flow."""
    text = line[len(prefix):]
    return line.startswith(prefix) and text[:1].isalnum() and not text.rstrip().endswith("*/") and "  " not in text


def block(indent, text):
    return [f"{indent}/*", *wrap(f"{indent} * ", text), f"{indent} */"]


def above(indent, code, text):
    """The comment over its code."""
    one = f"{indent}/* {text} */"
    return ([one] if columns(one) <= WIDTH else block(indent, text)) + [indent + code]


def reflow(lines):
    """(new lines, numbers of those that stay too wide)."""
    lines, done, left = list(lines), [], []
    while lines:
        line = lines.pop(0)
        if columns(line) <= WIDTH:
            done.append(line)
            continue
        text = re.match(r"(\s*\* |# )(\S.*)$", line)
        alone = re.match(r"(\s*)/\* (.*) \*/$", line)
        behind = re.match(r"(\s*)(\S.*?)\s+/\* (.*) \*/$", line)
        if text and not line.rstrip().endswith("*/"):
            parts = wrap(text[1], text[2])
            if len(parts) > 1 and lines and paragraph_goes_on(text[1], lines[0]):
                lines[0] = parts.pop() + " " + lines[0][len(text[1]):]
            done += parts
        elif alone:
            done += block(alone[1], alone[2])
        elif behind and not line.rstrip().endswith("\\"):
            done += above(behind[1], behind[2], behind[3])
        else:
            done.append(line)
            left.append(len(done))
    return done, left


def lay_out(path, numbers):
    """clang-format for these lines alone."""
    if path.suffix in (".c", ".h") and numbers and shutil.which("clang-format"):
        lines = [f"--lines={n}:{n}" for n in numbers]
        subprocess.run(["clang-format", "--style=file", "-i", *lines, str(path)], check=True)


def main():
    failed = False
    for path in map(pathlib.Path, sys.argv[1:]):
        text = path.read_text()
        lines, left = reflow(text.split("\n"))
        if lines != text.split("\n"):
            path.write_text("\n".join(lines))
        lay_out(path, left)
        for number, line in enumerate(path.read_text().split("\n"), 1):
            if columns(line) > WIDTH:
                print(f"{path}:{number}: still wider than {WIDTH}")
                failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Sizes, layout and words: what STYLE.md asks and a machine can see."""

import re

from tree import without_comments, without_strings

LINE = 120
SCRIPT_LINE = 160  # scripts under tests/, bench/, examples/: tables and one-line programs
SCRIPT_FOLDERS = ("tests/", "bench/", "examples/")
FUNCTION_WARN, FUNCTION_FAIL = 50, 70
FILE_WARN, FILE_FAIL = 300, 400

BANNED = {
    "strcpy": "no bound", "strcat": "no bound", "sprintf": "no bound", "vsprintf": "no bound", "gets": "no bound",
    "stpcpy": "no bound", "strncpy": "may leave no NUL", "strncat": "bound of the rest, not of the whole",
    "atoi": "no errors", "atol": "no errors", "atoll": "no errors", "atof": "no errors",
    "alloca": "no bound on the stack", "system": "a shell", "popen": "a shell", "strtok": "hidden state",
    "tmpnam": "a race", "tempnam": "a race", "mktemp": "a race", "rand": "not random", "srand": "not random",
    "random": "not random", "setjmp": "jumps past cleanup", "longjmp": "jumps past cleanup",
}

# Unfinished work is finished or refused by name; these words say that it was neither.
WORDS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK|TB" r"D)\b|"
                   r"\b(place" r"holder|not implemented y" r"et|st" r"ubbed|dummy implement" r"ation)\b")

# Where somebody worked is nobody's business and breaks the build elsewhere. A path that goes on after a word or after a
# name that is filled in ({folder}/..., $folder/..., $(pwd)/...) lies somewhere else.
PLACES = re.compile(r"(?<![\w.})])/(?:home|root|work|Users|workspace)/\w")


def functions(text):
    """(name, first line, last line, text before) of each function, by K&R layout: braces in the first column."""
    lines = text.split("\n")
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif start and line.startswith("}"):
            head = number_of_head(lines, start)
            name = re.search(r"(\w+)\s*\(", " ".join(lines[head - 1:start - 1]))
            yield name[1] if name else "?", start, number, lines[:head - 1]
            start = None


def number_of_head(lines, brace):
    """The first line of the signature that ends before this brace."""
    head = brace - 1
    while head > 1 and lines[head - 1].startswith(("\t", " ")):
        head -= 1
    return head


def comment_above(lines):
    """The comment that ends right above."""
    above = []
    for line in reversed(lines):
        above.append(line)
        if not line.strip():
            return ""
        if "/*" in line:
            return "\n".join(reversed(above))
    return ""


def check_functions(tree):
    for path, text in tree.code():
        for name, first, last, before in functions(text):
            length = last - first - 1
            if length > FUNCTION_FAIL and "Long:" not in comment_above(before):
                yield path, first, f"{name}() has {length} lines, over {FUNCTION_FAIL}; no comment says why (Long: ...)"


def warn_functions(tree):
    for path, text in tree.code():
        for name, first, last, _ in functions(text):
            if FUNCTION_WARN < last - first - 1 <= FUNCTION_FAIL:
                yield path, first, f"{name}() has {last - first - 1} lines"


def head_comment(text):
    match = re.match(r"\s*/\*.*?\*/", text, re.S)
    return match[0] if match else ""


def check_files(tree):
    for path, text in tree.code(".c", ".h", ".S"):
        length = text.count("\n")
        if length > FILE_FAIL and "Long:" not in head_comment(text) and not path.startswith("tests/"):
            yield path, 1, f"{length} lines, over {FILE_FAIL}, and its head comment does not say why (Long: ...)"


def warn_files(tree):
    for path, text in tree.code(".c", ".h", ".S"):
        length = text.count("\n")
        if FILE_WARN < length <= FILE_FAIL and "Long:" not in head_comment(text) and not path.startswith("tests/"):
            yield path, 1, f"{length} lines"


def line_limit(path):
    code = path.endswith((".c", ".h", ".S", "meson.build"))
    return LINE if code or not path.startswith(SCRIPT_FOLDERS) else SCRIPT_LINE


def check_lines(tree):
    """Width (a tab counts 8), trailing blanks, carriage returns, the last line's end. Seeds are bytes, not text."""
    for path, text in sorted(tree.files.items()):
        if path.startswith("tests/fuzz/seeds/"):
            continue
        for number, line in enumerate(text.split("\n"), 1):
            width = len(line.expandtabs(8))
            if width > line_limit(path) and not path.endswith((".md", ".txt", ".def", "LICENSE")):
                yield path, number, f"{width} columns, over {line_limit(path)}"
            if line != line.rstrip():
                yield path, number, "blanks at the end"
        if text and not text.endswith("\n"):
            yield path, text.count("\n") + 1, "no newline at the end"
        elif text.endswith("\n\n"):
            yield path, text.count("\n"), "an empty line at the end"


def check_tabs(tree):
    """Code is indented by tabs; comments and macro tails may be aligned."""
    for path, text in tree.code(".c", ".h"):
        lines = text.split("\n")
        for number, line in enumerate(without_comments(text).split("\n"), 1):
            continued = number > 1 and lines[number - 2].endswith("\\")
            if re.match(r" +\S", line) and re.match(r" +\S", lines[number - 1]) and not continued and \
                    not lines[number - 1].lstrip().startswith(("*", "/*")) and "*/" not in lines[number - 1]:
                yield path, number, "indented by blanks"


def check_banned(tree):
    pattern = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")
    for path, text in tree.code():
        if path.startswith(("tests/programs/", "tests/conformance/", "bench/")):
            continue
        for number, line in enumerate(without_strings(text).split("\n"), 1):
            match = pattern.search(line)
            if match and match[1] in ("setjmp", "longjmp") and path.startswith(("tests/fuzz/", "tests/unit/")):
                continue  # how a harness comes back from code that dies
            if match:
                yield path, number, f"{match[1]}(): {BANNED[match[1]]}"


def check_cleanups(tree):
    """What is cleaned up at every return has a value from the first line on: an early return must not free what never was."""
    pattern = re.compile(r"^\s*_cleanup_\w*(?:\(\w+\))?\s[^=;(]*;")
    for path, text in tree.code(".c"):
        for number, line in enumerate(without_strings(text).split("\n"), 1):
            if pattern.match(line):
                yield path, number, "a variable with a cleanup has no value from the start"


def check_guards(tree):
    for path, text in tree.code(".h"):
        guard = "ADYTON_" + re.sub(r"\W", "_", path).upper()
        body = without_comments(text).strip()
        if not re.match(rf"#ifndef {guard}\n#define {guard}\n", body) or not body.endswith("#endif"):
            yield path, 1, f"header guard is not {guard}"


def check_words(tree):
    for path, text in sorted(tree.files.items()):
        for number, line in enumerate(text.split("\n"), 1):
            word = WORDS.search(line)
            if word and not path.endswith("LICENSE"):
                yield path, number, f"says {word[0]}"
            place = PLACES.search(line)
            if place:
                yield path, number, f"names a place of one machine: {place[0]}..."


def check_ifdefs(tree):
    """No #ifdef inside logic: a variant is a file chosen by the build."""
    for path, text in tree.code(".c"):
        if path.startswith("tests/"):
            continue
        for name, first, last, _ in functions(text):
            for number in range(first, last):
                if re.match(r"\s*#\s*(if|ifdef|ifndef|elif)\b", text.split("\n")[number]):
                    yield path, number + 1, f"{name}() has a preprocessor condition inside"


def check_links(tree):
    """Links from documents to files of the tree lead somewhere; so do the tests that SPECIFICATION.md names."""
    folders = {name[:i] for name in tree.files for i, c in enumerate(name) if c == "/"}
    for path, text in tree.code(".md"):
        base = path.rpartition("/")[0]
        for number, line in enumerate(text.split("\n"), 1):
            targets = [t.split("#")[0] for t in re.findall(r"\]\(([^)\s]+)\)", line) if not re.match(r"\w+:|#", t)]
            targets = [resolve(base, t) for t in targets]
            if path == "SPECIFICATION.md":
                targets += re.findall(r"`((?:tests|bench)/[\w./-]+)`", line)
            for target in targets:
                if target.rstrip("/") not in tree.files and target.rstrip("/") not in folders:
                    yield path, number, f"{target} is not in the tree"


def resolve(base, target):
    parts = base.split("/") if base else []
    for part in target.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)

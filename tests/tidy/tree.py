"""The files of the project as text, so that checks work on a real tree and on one made up by a test alike."""

import pathlib
import re
import subprocess

TEXT = {".c", ".h", ".S", ".def", ".py", ".sh", ".md", ".build", ".txt", ".hcl", ".1", ".5", ".7", ".8", ".lds", ".debian", ""}


class Tree:
    def __init__(self, files):
        self.files = files  # {path relative to the root: text}

    def code(self, *suffixes):
        """(path, text) of C sources and headers, or of files with the suffixes given, in order."""
        for path, text in sorted(self.files.items()):
            if pathlib.PurePath(path).suffix in (suffixes or (".c", ".h")):
                yield path, text


def load(root):
    """What git has or would add; without git, everything that does not begin with a dot or `build`."""
    done = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"], capture_output=True,
                          check=False)
    if done.returncode == 0:
        names = [name for name in done.stdout.decode().split("\0") if name]
    else:
        names = [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]
        names = [name for name in names if not name.startswith((".", "build"))]
    files = {}
    for name in names:
        path = root / name
        if not path.is_file() or path.is_symlink() or path.suffix not in TEXT:
            continue
        data = path.read_bytes()
        if b"\0" not in data:
            files[name] = data.decode("utf-8", "replace")
    return Tree(files)


def blank(match):
    """The text with everything but its line ends gone, so that line numbers stay."""
    return re.sub(r"[^\n]", " ", match[0])


def without_comments(text):
    """C without comments; strings are kept."""
    pattern = r"/\*.*?\*/|//[^\n]*|(\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')"
    return re.sub(pattern, lambda m: m[0] if m[1] else blank(m), text, flags=re.S)


def without_strings(text):
    """C without comments and without what stands in strings."""
    return re.sub(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", blank, without_comments(text))

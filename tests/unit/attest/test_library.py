#!/usr/bin/env python3
"""The shared library gives what its header declares, and nothing else.

usage: test_library.py LIBRARY HEADER"""

import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tidy"))
import tap  # noqa: E402

LIBRARY, HEADER = sys.argv[1:3]


class Library(unittest.TestCase):
    def symbols(self, *options):
        done = subprocess.run(["nm", "-D", *options, LIBRARY], capture_output=True, text=True, check=True)
        return {line.split()[-1].split("@")[0] for line in done.stdout.splitlines()}

    def test_it_gives_what_the_header_declares(self):
        text = re.sub(r"/\*.*?\*/", "", pathlib.Path(HEADER).read_text(), flags=re.DOTALL)
        declared = set(re.findall(r"^[a-z].*?\b(attest_\w+)\(", text, re.MULTILINE))
        self.assertGreater(len(declared), 10)
        self.assertEqual(self.symbols("--defined-only"), declared)

    def test_it_takes_no_clock_file_network_or_environment(self):
        taken = self.symbols("--undefined-only")
        for name in ("time", "clock_gettime", "gettimeofday", "open", "fopen", "read", "socket", "connect", "getenv",
                     "secure_getenv"):
            self.assertNotIn(name, taken)


if __name__ == "__main__":
    del sys.argv[1:]
    sys.exit(tap.run())

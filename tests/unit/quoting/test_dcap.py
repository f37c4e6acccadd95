#!/usr/bin/env python3
"""A library that plays Intel's quoting library: what it is asked, what its errors mean, and that what it says is believed no
further than it can be checked; and which of library and service is asked."""

import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

DRIVER, QUOTING, LIBRARY = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:4])
del sys.argv[1:4]
REPORT = bytes(range(256)) + bytes(range(176))
QUOTE = struct.pack("<HH", 3, 2) + b"\0" * 44 + REPORT[:384] + struct.pack("<I", 9) + b"signature"
NAME = "libsgx_dcap_ql.so.1"


class Dcap(unittest.TestCase):
    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.folder = pathlib.Path(held.name)
        (self.folder / "report").write_bytes(REPORT)

    def ask(self, does="", library=LIBRARY):
        return subprocess.run([DRIVER, "dcap", library, self.folder / "report"], capture_output=True, text=True, check=False,
                              timeout=60, env={"FAKE_DCAP": does})

    def refused(self, does, sentence, library=LIBRARY):
        ended = self.ask(does, library)
        self.assertEqual((ended.returncode, "quote " in ended.stdout), (1, False), ended.stdout)
        self.assertIn(sentence, ended.stderr)
        self.assertTrue(ended.stderr.startswith("DCAP library: "), ended.stderr)

    def serve(self, operation, payload=b"", does=""):
        """adyton-quoting as the host half asks it on a machine with SGX; its error, answer and standard error."""
        ours, theirs = socket.socketpair()
        become = "import os, sys; os.dup2(int(sys.argv[1]), 3); os.execv(sys.argv[2], sys.argv[2:])"
        with ours, theirs, subprocess.Popen(
                [sys.executable, "-c", become, str(theirs.fileno()), QUOTING, "serve", self.folder, "hw", "secret"],
                pass_fds=[theirs.fileno()], stderr=subprocess.PIPE, env={"FAKE_DCAP": does}) as process:
            theirs.close()
            ours.settimeout(20)
            ours.sendall(struct.pack("<2IiI", 0x51594441, operation, 0, len(payload)) + payload)
            _, _, error, size = struct.unpack("<2IiI", ours.recv(16, socket.MSG_WAITALL))
            data = ours.recv(size, socket.MSG_WAITALL) if size else b""
            ours.close()
            return error, data, process.communicate(timeout=20)[1].decode()

    def test_a_quote_is_cut_to_what_it_says_itself(self):
        ended = self.ask()
        self.assertEqual((ended.stderr, ended.stdout), ("", f"target {(b'T' * 512).hex()}\nquote {QUOTE.hex()}\n"))
        self.assertEqual(self.ask("room=8192").stdout, ended.stdout)

    def test_errors_are_named_with_what_to_do(self):
        self.refused("target=0xe016", "start of quoting: error 0xe016: it cannot load its enclaves")
        self.refused("size=0xe00f", "size of the quote: error 0xe00f: it has no certified attestation key")
        self.refused("quote=0xe011", "quote: error 0xe011: the certificate service (PCCS) knows no certificate")
        self.refused("quote=0xe0ff", "quote: error 0xe0ff\n")

    def test_sizes_that_cannot_be(self):
        for room in (0, 8193, 0xffffffff):
            self.refused(f"room={room}", f"expected a quote of at most 8192 bytes, found {room}")
        for room in (1, 435, 444):
            self.refused(f"room={room}", f"its answer of {room} bytes is no whole quote")
        self.refused("long", "its answer of 600 bytes is no whole quote")

    def test_a_quote_about_another_report(self):
        self.refused("other", "about another report")

    def test_what_is_no_such_library(self):
        (self.folder / "text").write_text("no library\n")
        self.refused("", "cannot load", str(self.folder / "text"))
        self.refused("", "cannot load", str(self.folder / "none"))
        self.refused("", "found not all of them", "libc.so.6")

    def test_a_link_in_the_platforms_folder_chooses_the_library(self):
        (self.folder / NAME).symlink_to(LIBRARY)
        self.assertEqual(self.serve(1), (0, b"T" * 512, ""))
        # of a process that was not asked for the target: as after a minute without a question
        self.assertEqual(self.serve(2, REPORT), (0, QUOTE, ""))
        error, data, says = self.serve(2, REPORT, "quote=0xe015")
        self.assertEqual((error, data, "was not made for it on this machine" in says), (5, b"", True), says)
        error, data, says = self.serve(1, does="target=0xe00d")
        self.assertEqual((error, data, "/dev/sgx_provision" in says), (19, b"", True), says)

    def test_the_service_comes_before_the_library(self):
        (self.folder / NAME).symlink_to(LIBRARY)
        (self.folder / "aesm.socket").symlink_to(self.folder / "nobody listens")
        self.assertEqual(self.serve(1)[0], 0)  # a link to nothing is none
        with socket.socket(socket.AF_UNIX) as closed:
            closed.bind(str(self.folder / "nobody listens"))
        error, _, says = self.serve(1)
        self.assertEqual((error, "is aesmd running?" in says), (19, True), says)

    def test_neither_is_named_with_where_it_was_looked_for(self):
        if any(os.path.exists(p) for p in ("/var/run/aesmd/aesm.socket", "/usr/lib/x86_64-linux-gnu/" + NAME,
                                           "/usr/lib64/" + NAME, "/usr/local/lib/" + NAME)):
            self.skipTest("this machine has Intel's service or library")
        error, _, says = self.serve(1)
        self.assertEqual(error, 19)
        self.assertIn("/var/run/aesmd/aesm.socket", says)
        self.assertIn(NAME, says)
        self.assertIn(str(self.folder), says)


if __name__ == "__main__":
    unittest.main()

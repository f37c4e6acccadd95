#!/usr/bin/env python3
"""A service that plays AESM by the numbers of its messages: what it is asked, and that what it says is believed no
further than it can be checked."""

import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

DRIVER = sys.argv.pop(1)
REPORT = bytes(range(256)) + bytes(range(176))
KEY_P256 = b"\0" * 4 + b"\x20\0" + b"M" * 48 + b"\x01\0\0\0" + b"\0" * 96 + b"\x02\0\0\0"
KEY_OTHER = KEY_P256[:-4] + b"\x05\0\0\0"
QUOTE = struct.pack("<HHIHH", 3, 2, 0, 8, 13) + b"\0" * 36 + REPORT[:384] + struct.pack("<I", 9) + b"signature"


def varint(value):
    out = b""
    while True:
        out += bytes([value & 0x7f | (0x80 if value > 0x7f else 0)])
        value >>= 7
        if not value:
            return out


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def fields(message):
    at, found = 0, {}

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = number()
        size = number()
        found[key >> 3] = message[at:at + size] if key & 7 == 2 else size
        at += size if key & 7 == 2 else 0
    return found


class Service:
    """AESM: one request a connection. `lies` replaces the answer to a request by its number."""

    def __init__(self, folder, lies=None):
        self.path, self.asked, self.lies = str(folder / "aesm.socket"), [], lies or {}
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.path)
        self.socket.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.socket.accept()
            with connection:
                size, = struct.unpack("<I", connection.recv(4, socket.MSG_WAITALL))
                (number, body), = fields(connection.recv(size, socket.MSG_WAITALL)).items()
                self.asked.append((number, fields(body)))
                answer = self.lies.get(number)
                if answer is None:
                    answer = self.answer(number, fields(body))
                connection.sendall(answer if isinstance(answer, bytes) else b"")

    @staticmethod
    def framed(message):
        return struct.pack("<I", len(message)) + message

    def answer(self, number, body):
        good = {21: lambda: field(2, 2), 22: lambda: field(2, (KEY_OTHER + b"\0" * 256)[:256] + (KEY_P256 + b"\0" * 256)[:256]),
                15: lambda: field(3, 32) + (field(2, b"T" * 512) if body.get(3) else b""),
                16: lambda: field(2, len(QUOTE)), 17: lambda: field(2, QUOTE + bytes(100))}
        return self.framed(field(number, field(1, 0) + good[number]()))


def drive(*argv):
    return subprocess.run([DRIVER, "aesm", *map(str, argv)], capture_output=True, text=True, check=False, timeout=60)


class Aesm(unittest.TestCase):
    def setUp(self):
        self.held = tempfile.TemporaryDirectory()
        self.addCleanup(self.held.cleanup)
        self.folder = pathlib.Path(self.held.name)
        (self.folder / "report").write_bytes(REPORT)

    def ask(self, lies=None):
        self.service = Service(self.folder, lies)
        return drive(self.service.path, self.folder / "report")

    def refused(self, number, answer, sentence):
        ended = self.ask({number: answer})
        self.assertEqual(ended.returncode, 1, ended.stdout)
        self.assertIn(sentence, ended.stderr)

    def test_a_quote_is_asked_for_in_intels_order_and_with_the_p256_key(self):
        ended = self.ask()
        self.assertEqual(ended.stderr, "")
        self.assertEqual(ended.stdout, f"target {(b'T' * 512).hex()}\nquote {QUOTE.hex()}\n")
        self.assertEqual([number for number, _ in self.service.asked], [21, 22, 15, 15, 21, 22, 16, 17])
        asked = {number: body for number, body in self.service.asked}
        self.assertEqual(asked[22][1], 512)
        for number, at in ((15, 1), (16, 1), (17, 2)):
            self.assertEqual(asked[number][at], (KEY_P256 + b"\0" * 256)[:256])
        self.assertEqual((asked[15][3], asked[15][4]), (1, 32))
        self.assertEqual((asked[17][1], asked[17][4]), (REPORT, len(QUOTE)))

    def test_no_service(self):
        ended = drive(self.folder / "none", self.folder / "report")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("is aesmd running?", ended.stderr)

    def test_an_error_is_named(self):
        self.refused(17, Service.framed(field(17, field(1, 12))), "AESM: quote: error 12")

    def test_an_old_service_is_named(self):
        self.refused(21, Service.framed(field(20, field(1, 1))), "does not know this request")

    def test_another_answer_than_asked_for(self):
        self.refused(16, Service.framed(field(15, field(1, 0))), "it answered something else")

    def test_a_quote_about_another_report(self):
        other = QUOTE[:60] + b"\xff" + QUOTE[61:]
        self.refused(17, Service.framed(field(17, field(1, 0) + field(2, other))), "about another report")

    def test_sizes_that_cannot_be(self):
        self.refused(16, Service.framed(field(16, field(1, 0) + field(2, 1 << 20))), "expected a quote of at most")

    def test_more_sizes_that_cannot_be(self):
        for number, answer in ((17, field(17, field(1, 0) + field(2, QUOTE[:100]))),
                               (17, field(17, field(1, 0) + field(2, QUOTE[:-1]))), (17, field(17, field(1, 0))),
                               (17, field(17, field(1, 0) + field(2, QUOTE + bytes(9000)))), (21, field(21, field(1, 0) + field(2, 9999))),
                               (15, field(15, field(1, 0)))):
            os.unlink(self.service.path) if hasattr(self, "service") else None
            self.refused(number, Service.framed(answer), "AESM: ")

    def test_answers_that_are_none(self):
        for answer in (b"\1", struct.pack("<I", 1 << 30), struct.pack("<I", 8) + b"abc", struct.pack("<I", 3) + b"\xff\xff\xff"):
            os.unlink(self.service.path) if hasattr(self, "service") else None
            self.refused(21, answer, "cannot be read")


if __name__ == "__main__":
    unittest.main()

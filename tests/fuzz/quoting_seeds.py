#!/usr/bin/env python3
"""Writes the seeds of the targets aesm and tsm: answers in the shapes that their senders give. Run it after a change and commit
what it writes."""

import pathlib
import struct

SEEDS = pathlib.Path(__file__).resolve().parent / "seeds"
REPORT = bytes([1, 2, 3]).ljust(384, b"\0")
ASKED = b"what was asked for".ljust(64, b"\0")
KEY = (bytes(154) + b"\2").ljust(256, b"\0")
QUOTE = bytes([3, 0, 2]).ljust(48, b"\0") + REPORT + struct.pack("<I", 9) + b"signature"


def put(target, name, data):
    (SEEDS / target).mkdir(parents=True, exist_ok=True)
    (SEEDS / target / name).write_bytes(data)


def varint(value):
    return (bytes([value & 127 | 128]) + varint(value >> 7)) if value > 127 else bytes([value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def answer(number, *parts, error=0):
    message = field(number, field(1, error) + b"".join(parts))
    return struct.pack("<I", len(message)) + message


def put_aesm(name, *answers):
    put("aesm", name, b"".join(struct.pack("<H", len(a)) + a for a in answers))


def aesm():
    keys = [answer(21, field(2, 2)), answer(22, field(2, bytes(256) + KEY))]
    put_aesm("target", *keys, answer(15, field(3, 32)), answer(15, field(3, 32), field(2, b"T" * 512)))
    put_aesm("quote", *keys, answer(16, field(2, 600)), answer(17, field(2, QUOTE.ljust(600, b"\0"))))
    put_aesm("other-quote", *keys, answer(16, field(2, 600)), answer(17, field(2, QUOTE.replace(b"\2\3", b"\3\2"))))
    put_aesm("cut-quote", *keys, answer(16, field(2, 600)), answer(17, field(2, QUOTE[:-1])))
    put_aesm("short-target", *keys, answer(15, field(3, 32)), answer(15, field(3, 32), field(2, b"T" * 511)))
    put_aesm("no-key", *keys[:1], answer(22, field(2, KEY[:255])))
    put_aesm("keys-of-no-size", *keys[:1], answer(22))
    put_aesm("error", answer(21, error=12))
    put_aesm("unsupported", answer(20, error=1))
    put_aesm("cut", keys[0][:-1])
    put_aesm("endless", b"\xff\xff\xff\x7f" + bytes(9))
    put_aesm("nothing", b"")


def tsm():
    tdx = bytes(48 + 520)
    put("tsm", "snp", b"sev_guest\0" + bytes(0x50) + ASKED + bytes(1184 - 0x50 - 64))
    put("tsm", "snp-short", b"sev_guest\0" + bytes(0x50) + ASKED + bytes(1183 - 0x50 - 64))
    put("tsm", "tdx-v4", b"tdx_guest\0" + b"\4" + tdx[1:] + ASKED + bytes(9))
    put("tsm", "tdx-v5", b"tdx_guest\0" + b"\5" + tdx[1:] + bytes(6) + ASKED)
    put("tsm", "tdx-v5-short", b"tdx_guest\0" + b"\5" + tdx[1:] + bytes(5) + ASKED)
    put("tsm", "other-data", b"tdx_guest\0" + b"\4" + tdx[1:] + bytes(99))
    put("tsm", "other-provider", b"arm_cca_guest\0" + bytes(0x50) + ASKED + bytes(2000))


if __name__ == "__main__":
    aesm()
    tsm()

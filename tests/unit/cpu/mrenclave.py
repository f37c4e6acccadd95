#!/usr/bin/env python3
"""MRENCLAVE of random enclaves: the software processor against a computation of our own from the manual's records."""
import hashlib
import random
import struct
import subprocess
import sys


def page_bytes(seed):
    if seed == 1:
        return b"\x0f\x01\xd7\xc3" + b"\xcc" * 4092
    return bytes((seed * (i + 1) * 2654435761 & (1 << 64) - 1) >> 13 & 0xFF for i in range(4096))


def mrenclave(size, frame, pages):
    h = hashlib.sha256(b"ECREATE\0" + struct.pack("<IQ44x", frame, size))
    for address, flags, measure, seed in pages:
        h.update(b"EADD\0\0\0\0" + struct.pack("<QQ40x", address, flags))
        if not measure:
            continue
        content = page_bytes(seed)
        for at in range(0, 4096, 256):
            h.update(b"EEXTEND\0" + struct.pack("<Q48x", address + at) + content[at:at + 256])
    return h.hexdigest()


def one(program, rng):
    pages = [(0xFFF0000000, 0x205, 1, 1)]
    at = 0x10000
    for _ in range(rng.randrange(1, 12)):
        at += 4096 * rng.choice([1, 1, 1, 7, 600])
        if rng.randrange(5) == 0:
            pages.append((at, 0x100, 1, 0))  # a TCS of zeros
        else:
            seed = rng.choice([0, rng.randrange(2, 1 << 30)])
            pages.append((at, 0x200 | rng.choice([1, 3, 5, 7, 0]), rng.randrange(2), seed))
    text = "10000000000 1\n" + "".join("%x %x %d %d\n" % p for p in pages)
    got = subprocess.run([program], input=text, capture_output=True, text=True, check=True).stdout.strip()
    want = mrenclave(1 << 40, 1, pages)
    assert got == want, (text, got, want)


rng = random.Random(7)
for _ in range(12):
    one(sys.argv[1], rng)

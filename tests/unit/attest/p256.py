"""ECDSA with P-256 (FIPS 186-5), to sign what tests make up. Neither fast nor secret."""

import functools
import hashlib

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
G = (0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296, 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5)


def add(a, b):
    if a is None or b is None:
        return b or a
    if a[0] == b[0]:
        if a[1] != b[1]:
            return None
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


DOUBLES = [G]
for _ in range(255):
    DOUBLES.append(add(DOUBLES[-1], DOUBLES[-1]))


def multiply(k):
    point = None
    for i, double in enumerate(DOUBLES):
        if k >> i & 1:
            point = add(point, double)
    return point


class Key:
    def __init__(self, word):
        self.secret = int.from_bytes(hashlib.sha256(word.encode()).digest(), "big") % N
        self.point = b"".join(v.to_bytes(32, "big") for v in multiply(self.secret))

    @functools.lru_cache(maxsize=None)  # most documents are the same in most tests
    def numbers(self, data):
        digest = hashlib.sha256(data).digest()
        k = int.from_bytes(hashlib.sha256(digest + self.point).digest(), "big") % N
        r = multiply(k)[0] % N
        return r, pow(k, -1, N) * (int.from_bytes(digest, "big") + r * self.secret) % N

    def raw(self, data):
        return b"".join(v.to_bytes(32, "big") for v in self.numbers(data))

    def der(self, data):
        from der import integer, sequence
        return sequence(*map(integer, self.numbers(data)))

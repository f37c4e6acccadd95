#!/usr/bin/env python3
"""Every byte of genuine evidence and of its collateral counts: with one of its bits flipped, it is not genuine. What
nothing signs is listed here. ADYTON_FLIP_ALL=1 flips every bit (minutes).

usage: test_flips.py FLIP"""

import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tidy"))
import tap  # noqa: E402

FLIP = os.path.abspath(sys.argv[1])
BESIDE = pathlib.Path(__file__).resolve().parents[4] / "shared/vectors"
VECTORS = pathlib.Path(os.environ.get("ADYTON_VECTORS", BESIDE))
ALL = ["all"] if os.environ.get("ADYTON_FLIP_ALL") else []
SGX = ("sgx3-00606a000000-8fceddb29fef.bin", "sgx-00606a000000-2025-08.json", 1756521249)
TDX4 = ("tdx4-b0c06f000000-f1c850330112.bin", "tdx-b0c06f000000-2025-10.json", 1761057412)
TDX5 = ("tdx5-90c06f000000-d21a11db10ea.bin", "oe-tdx-90c06f-2025-03.json", 1741604669)


def unsigned(text):
    """Bytes of a bundle that may change: members that no one reads, and the case of digits in hex."""
    allowed = {}
    known = r"(?:tcb_info|qe_identity)(?:_signature|_issuer_chain)?|pck_crl(?:_issuer_chain)?|root_ca_crl"
    for member in re.finditer(rb'"((?:[^"\\]|\\.)*)"\s*:\s*("(?:[^"\\]|\\.)*"|[^,}]*)', text):
        name = member[1].decode()
        if not re.fullmatch(known, name):
            for i in range(member.start(), member.end()):
                allowed[i] = range(8)
        elif name.endswith("_signature") or name.endswith("crl"):
            for i in range(member.start(2) + 1, member.end(2) - 1):
                if chr(text[i]).isalpha():
                    allowed[i] = (5,)
    return allowed


class Flips(unittest.TestCase):
    def flips(self, what, evidence):
        quote, bundle = VECTORS / "quotes" / evidence[0], VECTORS / "collateral-sets" / evidence[1]
        done = subprocess.run([FLIP, what, quote, bundle, str(evidence[2]), *ALL], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        *lines, tried = done.stdout.splitlines()
        size = (quote if what == "quote" else bundle).stat().st_size
        self.assertEqual(tried, f"tried {size * (8 if ALL else 1)}")
        return [tuple(map(int, line.split())) for line in lines]

    def quote(self, evidence):
        """Nothing in a quote is unsigned, but for NULs behind its certificates."""
        whole = (VECTORS / "quotes" / evidence[0]).read_bytes()
        behind = len(whole.rstrip(b"\0"))
        for at, bit in self.flips("quote", evidence):
            self.assertGreaterEqual(at, behind, f"byte {at}, bit {bit}")

    def bundle(self, evidence):
        text = (VECTORS / "collateral-sets" / evidence[1]).read_bytes()
        self.assertIn("tcb_info", json.loads(text))
        allowed = unsigned(text)
        for at, bit in self.flips("bundle", evidence):
            self.assertIn(bit, allowed.get(at, ()), f"byte {at}, bit {bit}: {text[max(at - 40, 0):at + 20]}")

    def test_sgx_quote(self):
        self.quote(SGX)

    def test_tdx_quote_v4(self):
        self.quote(TDX4)

    def test_tdx_quote_v5(self):
        self.quote(TDX5)

    def test_sgx_collateral(self):
        self.bundle(SGX)

    def test_tdx_collateral(self):
        self.bundle(TDX5)


if __name__ == "__main__":
    del sys.argv[1:]
    if not VECTORS.is_dir():
        print(f"SKIPPED: no evidence in {VECTORS} (set ADYTON_VECTORS)", file=sys.stderr)
        sys.exit(77)
    sys.exit(tap.run())

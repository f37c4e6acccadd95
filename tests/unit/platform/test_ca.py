#!/usr/bin/env python3
"""adyton platform ca, from outside: what it issues is held against what openssl says of it, and crashes lose nothing.

usage: test_ca.py ADYTON"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from operator_ca import QE, der_signature, make_key, openssl, request_text  # noqa: E402

ADYTON = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else "adyton"
AT = "2026-05-01T12:00:00Z"


def run(*args, ok=True, **kw):
    done = subprocess.run([ADYTON, "platform", *args], capture_output=True, text=True, timeout=60, **kw)
    if ok and done.returncode:
        raise AssertionError(f"{args}: {done.stderr}")
    return done


class Case(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.dir = self.scratch.name
        self.ca = self.path("ca")

    def tearDown(self):
        self.scratch.cleanup()

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def read(self, *parts):
        with open(self.path(*parts), encoding="utf-8") as f:
            return f.read()

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path(name)

    def key(self, name="pck.key"):
        return make_key(self.path(name))

    def request(self, key="pck.key", **changes):
        return self.write("request.json", request_text(self.key(key), self.dir, **changes))

    def init(self, *more):
        run("ca", "init", "--dir", self.ca, "--name", "Test", "--at", AT, *more)

    def issue(self, request=None, at=AT, ok=True):
        return run("ca", "issue", "--dir", self.ca, "--at", at, "-o", self.path("out"), request or self.request(), ok=ok)

    def bundle(self):
        return json.loads(self.read("out", "collateral.json"))

    def tcb_info(self):
        return json.loads(self.bundle()["tcb_info"])

    def show(self):
        return json.loads(run("ca", "show", "--dir", self.ca, "--json").stdout)


class Issue(Case):
    def setUp(self):
        super().setUp()
        self.init()
        self.serial = self.issue().stdout.strip()

    def leaf_text(self):
        return openssl("x509", "-in", self.path("out", "pck-chain.pem"), "-noout", "-text").decode()

    def test_chain_verifies(self):
        chain = re.findall(r"-----BEGIN.*?-----END CERTIFICATE-----\n", self.read("out", "pck-chain.pem"), re.S)
        self.assertEqual(len(chain), 3)
        self.write("leaf.pem", chain[0])
        self.write("middle.pem", chain[1])
        self.write("crl.pem", "".join(openssl("crl", "-inform", "DER", data=bytes.fromhex(self.bundle()[name])).decode()
                                      for name in ("root_ca_crl", "pck_crl")))
        out = openssl("verify", "-x509_strict", "-crl_check_all", "-attime", "1777723200", "-CRLfile", self.path("crl.pem"),
                      "-CAfile", self.path("out", "root.pem"), "-untrusted", self.path("middle.pem"), self.path("leaf.pem"))
        self.assertIn(b"OK", out)

    def test_profile(self):
        text = self.leaf_text()
        for line in ("CN = Intel SGX PCK Certificate", "CN = Intel SGX PCK Platform CA", "CA:FALSE",
                     "Digital Signature, Non Repudiation", "X509v3 CRL Distribution Points", "1.2.840.113741.1.13.1"):
            self.assertIn(line, text)
        root = openssl("x509", "-in", self.path("out", "root.pem"), "-noout", "-subject").decode()
        self.assertIn("CN = Adyton Test SGX Root CA", root)
        self.assertIn("not Intel", root)

    def test_extension(self):
        """The value's items as openssl's own parser finds them."""
        der = openssl("x509", "-in", self.path("out", "pck-chain.pem"), "-outform", "DER")
        lines = openssl("asn1parse", "-inform", "DER", data=der).decode().split("\n")
        at = next(i for i, line in enumerate(lines) if "1.2.840.113741.1.13.1" in line)
        value = bytes.fromhex(re.search(r"DUMP\]:([0-9A-F]+)", lines[at + 1])[1])
        items = openssl("asn1parse", "-inform", "DER", data=value).decode()
        found = re.findall(r"OBJECT +:1\.2\.840\.113741\.1\.13\.1\.([\d.]+)\n.*?prim: (\w[\w ]*?) +(?:\[HEX DUMP\])?:(\w+)",
                           items)
        values = {oid: v for oid, _, v in found}
        self.assertEqual(values["1"], "A1" * 16)
        self.assertEqual([int(values[f"2.{i}"], 16) for i in range(1, 17)], [3, 3, 2, 2, 2, 1, 0, 5] + [0] * 8)
        self.assertEqual(int(values["2.17"], 16), 13)
        self.assertEqual(values["2.18"], "0303020202010005" + "00" * 8)
        self.assertEqual((values["3"], values["4"], values["5"], values["6"]), ("0000", "00AD70000001", "01", "B2" * 16))
        self.assertEqual([values[f"7.{i}"] for i in (1, 2, 3)], ["255"] * 3)

    def test_documents_are_signed(self):
        b = self.bundle()
        for name in ("tcb_info", "qe_identity"):
            self.write("signer.pem", b[name + "_issuer_chain"])
            public = openssl("x509", "-in", self.path("signer.pem"), "-noout", "-pubkey")
            self.write("signer.pub", public.decode())
            self.write("text", b[name])
            with open(self.path("signature"), "wb") as f:
                f.write(der_signature(bytes.fromhex(b[name + "_signature"])))
            out = openssl("dgst", "-sha256", "-verify", self.path("signer.pub"), "-signature", self.path("signature"),
                          self.path("text"))
            self.assertIn(b"Verified OK", out)

    def test_first_level_is_the_request(self):
        t = self.tcb_info()
        self.assertEqual((t["id"], t["version"], t["fmspc"], t["pceId"]), ("SGX", 3, "00ad70000001", "0000"))
        self.assertEqual((t["issueDate"], t["nextUpdate"]), (AT, "2026-05-31T12:00:00Z"))
        level, = t["tcbLevels"]
        self.assertEqual(level["tcb"]["pcesvn"], 13)
        self.assertEqual([c["svn"] for c in level["tcb"]["sgxtcbcomponents"]][:8], [3, 3, 2, 2, 2, 1, 0, 5])
        self.assertEqual((level["tcbStatus"], level["tcbDate"]), ("UpToDate", "2026-05-01T00:00:00Z"))
        q = json.loads(self.bundle()["qe_identity"])
        self.assertEqual((q["id"], q["version"], q["mrsigner"], q["isvprodid"]), ("QE", 2, "22" * 32, 1))
        self.assertEqual(q["attributes"], "11" + "00" * 15)

    def test_recovery(self):
        run("ca", "set-tcb", "--dir", self.ca, "--at", "2026-06-01", "--cpu-svn", "04" * 16, "--svn", "14", "--recover",
            "--advisory", "ADYTON-SA-1", "-o", self.path("out"))
        new, old = self.tcb_info()["tcbLevels"]
        self.assertEqual((new["tcbStatus"], new["tcb"]["pcesvn"], "advisoryIDs" in new), ("UpToDate", 14, False))
        self.assertEqual((old["tcbStatus"], old["advisoryIDs"]), ("OutOfDate", ["ADYTON-SA-1"]))
        self.assertEqual(self.tcb_info()["tcbEvaluationDataNumber"], 2)
        run("ca", "set-tcb", "--dir", self.ca, "--at", "2026-06-02", "--cpu-svn", "03" * 16, "--svn", "13", "--status",
            "ConfigurationNeeded", "--date", "2026-05-15", "-o", self.path("out"))
        self.assertEqual([l["tcbStatus"] for l in self.tcb_info()["tcbLevels"]],
                         ["UpToDate", "ConfigurationNeeded", "OutOfDate"])
        run("ca", "set-tcb", "--dir", self.ca, "--cpu-svn", "04" * 16, "--svn", "14", "--remove")
        run("ca", "set-tcb", "--dir", self.ca, "--qe", "--svn", "5", "--recover", "-o", self.path("out"))
        q = json.loads(self.bundle()["qe_identity"])
        self.assertEqual([(l["tcb"]["isvsvn"], l["tcbStatus"]) for l in q["tcbLevels"]], [(5, "UpToDate"), (3, "OutOfDate")])

    def crl(self, name):
        return openssl("crl", "-inform", "DER", "-noout", "-text", data=bytes.fromhex(self.bundle()[name])).decode()

    def test_revocation(self):
        self.assertIn("No Revoked Certificates", self.crl("pck_crl"))
        run("ca", "revoke", "--dir", self.ca, "--reason", "key-compromise", "-o", self.path("out"), self.serial)
        self.assertIn(self.serial.upper(), self.crl("pck_crl"))
        self.assertIn("Key Compromise", self.crl("pck_crl"))
        refused = self.issue(ok=False)
        self.assertIn("was revoked", refused.stderr)
        for member in ("ca", "tcb"):
            run("ca", "revoke", "--dir", self.ca, "-o", self.path("out"), member)
        self.assertEqual(self.crl("root_ca_crl").count("Serial Number"), 2)
        before = self.show()
        run("ca", "renew", "--dir", self.ca, "-o", self.path("out"))
        after = self.show()
        for member in ("pck_ca", "tcb_signing"):
            self.assertNotEqual(before[member]["serial"], after[member]["serial"])
            self.assertNotEqual(before[member]["key_sha256"], after[member]["key_sha256"])
        self.assertEqual(before["root"], after["root"])
        self.assertIn("revoked already", run("ca", "revoke", "--dir", self.ca, self.serial, ok=False).stderr)
        self.assertIn("issued no", run("ca", "revoke", "--dir", self.ca, "00" * 20, ok=False).stderr)

    def test_renewal_moves_dates_only(self):
        before = self.tcb_info()
        run("ca", "renew", "--dir", self.ca, "--at", "2026-05-20", "--days", "10", "-o", self.path("out"))
        after = self.tcb_info()
        self.assertEqual((after["issueDate"], after["nextUpdate"]), ("2026-05-20T00:00:00Z", "2026-05-30T00:00:00Z"))
        for name in ("issueDate", "nextUpdate"):
            before.pop(name), after.pop(name)
        self.assertEqual(before, after)

    def test_second_family(self):
        self.issue(self.request("other.key", fmspc="00ad70000002"))
        refused = run("ca", "set-tcb", "--dir", self.ca, "--cpu-svn", "04" * 16, "--svn", "1", "--recover", ok=False)
        self.assertIn("--fmspc", refused.stderr)
        self.assertEqual([f["fmspc"] for f in self.show()["families"]], ["00ad70000001", "00ad70000002"])
        self.assertEqual(self.tcb_info()["fmspc"], "00ad70000002")

    def test_each_platform_has_its_quoting_enclave(self):
        second = self.issue(self.request("other.key", qe={**QE, "mrsigner": "33" * 32})).stdout.strip()
        self.assertEqual(json.loads(self.bundle()["qe_identity"])["mrsigner"], "33" * 32)
        done = run("ca", "renew", "--dir", self.ca, "-o", self.path("out"), ok=False)
        self.assertIn("--for", done.stderr)
        run("ca", "set-tcb", "--dir", self.ca, "--qe", "--for", self.serial, "--svn", "4", "--recover")
        for serial, signer, levels in ((self.serial, "22" * 32, 2), (second, "33" * 32, 1)):
            run("ca", "renew", "--dir", self.ca, "--for", serial, "-o", self.path("out"))
            q = json.loads(self.bundle()["qe_identity"])
            self.assertEqual((q["mrsigner"], len(q["tcbLevels"])), (signer, levels))

    def test_text(self):
        text = run("ca", "show", "--dir", self.ca).stdout
        self.assertIn(self.serial, text)
        self.assertIn("UpToDate", text)


class Refused(Case):
    def setUp(self):
        super().setUp()
        self.init()

    def refuse(self, request, *words):
        done = self.issue(request, ok=False)
        self.assertEqual(done.returncode, 125)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertFalse(os.path.exists(self.path("out")))
        self.assertEqual(self.show()["issued"], [])

    def test_signature(self):
        self.refuse(self.request(signature="11" * 64), "signature does not hold")

    def test_signed_by_another(self):
        first = json.loads(self.read(os.path.basename(self.request())))
        other = json.loads(self.read(os.path.basename(self.request("other.key"))))
        first["signature"] = other["signature"]
        self.refuse(self.write("request.json", json.dumps(first, separators=(",", ":"))), "signature does not hold")

    def test_not_a_point(self):
        self.refuse(self.request(pck_public_key="11" * 64), "no point")

    def test_fields(self):
        for changes in ({"fmspc": "00ad70"}, {"pce_svn": 65536}, {"pce_svn": -1}, {"ppid": 5}, {"version": 2},
                        {"qe": {**QE, "isv_svn": "3"}}, {"cpu_svn": "GG" * 16}):
            with self.subTest(changes=changes):
                self.refuse(self.request(**changes), "request.json:1:1")

    def test_one_text_for_one_request(self):
        good = self.read(os.path.basename(self.request()))
        for text in (good.replace('":', '": ', 1), good.replace("a1a1", "A1A1"), good.replace('{"version"', '{"x":1,"version"'),
                     good.replace('"pce_svn":13', '"pce_svn":13.0'), good[:-3], ""):
            with self.subTest(text=text[:60]):
                self.refuse(self.write("request.json", text), "request.json:")

    def test_another_product(self):
        self.issue()
        done = self.issue(self.request("other.key", qe={**QE, "isv_prod_id": 2}), ok=False)
        self.assertIn("expected quoting enclave product 1", done.stderr)


class Folder(Case):
    def test_modes(self):
        self.init()
        self.assertEqual(os.stat(self.ca).st_mode & 0o777, 0o700)
        for name in os.listdir(self.ca):
            self.assertEqual(os.stat(os.path.join(self.ca, name)).st_mode & 0o777, 0o600, name)
        os.chmod(self.ca, 0o750)
        self.assertIn("mode 0700", run("ca", "show", "--dir", self.ca, ok=False).stderr)

    def test_is_not_made_twice(self):
        self.init()
        before = self.read("ca", "root.pem")
        done = run("ca", "init", "--dir", self.ca, ok=False)
        self.assertIn("an empty one", done.stderr)
        self.assertEqual(before, self.read("ca", "root.pem"))
        self.assertEqual(os.listdir(self.dir), ["ca"])

    def test_passphrase(self):
        word = self.write("word", "correct horse\n")
        wrong = self.write("wrong", "battery staple\n")
        self.init("--passphrase-file", word)
        self.assertIn("ENCRYPTED", self.read("ca", "root.key"))
        done = run("ca", "show", "--dir", self.ca, "--passphrase-file", wrong, ok=False)
        self.assertIn("passphrase is missing or wrong", done.stderr)
        run("ca", "issue", "--dir", self.ca, "--passphrase-file", word, "--at", AT, "-o", self.path("out"), self.request())
        run("ca", "revoke", "--dir", self.ca, "--passphrase-file", word, "tcb")
        run("ca", "renew", "--dir", self.ca, "--passphrase-file", word)
        self.assertIn("ENCRYPTED", self.read("ca", "tcb-2.key"))
        run("ca", "show", "--dir", self.ca, "--passphrase-file", word)

    def test_what_a_crash_leaves_is_harmless(self):
        """A renewal that died before ca.json was renamed: files of the next number, and a temporary one."""
        self.init()
        self.issue()
        run("ca", "revoke", "--dir", self.ca, "tcb")
        self.write("ca/tcb-2.key", "half a key")
        self.write("ca/ca.json.x7Yb2q", "{")
        run("ca", "renew", "--dir", self.ca, "-o", self.path("out"))
        self.assertEqual(self.show()["tcb_signing"]["serial"] in self.read("ca", "ca.json"), False)
        self.assertIn("BEGIN PRIVATE KEY", self.read("ca", "tcb-2.key"))

    def test_killed_at_every_moment(self):
        """Revocations die by SIGKILL at growing delays; the CA opens every time and has all or nothing of each."""
        self.init()
        serials = [self.issue(self.request(f"k{i}.key")).stdout.strip() for i in range(12)]
        for i, serial in enumerate(serials):
            p = subprocess.Popen([ADYTON, "platform", "ca", "revoke", "--dir", self.ca, serial], stderr=subprocess.DEVNULL)
            try:
                p.wait(0.002 * i)
            except subprocess.TimeoutExpired:
                p.kill()
            p.wait()
            known = {r["serial"] for r in self.show()["revoked"]}
            self.assertTrue(known <= set(serials))
            if p.returncode == 0:
                self.assertIn(serial, known)

    def test_state_is_checked(self):
        self.init()
        good = self.read("ca", "ca.json")
        for text in (good.replace('"days": 30', '"days": -1'), good.replace('"version": 1', '"version": 2'), good[:-20],
                     good.replace('"name": "Test"', '"name": "' + "T" * 40 + '"')):
            self.write("ca/ca.json", text)
            self.assertEqual(run("ca", "show", "--dir", self.ca, ok=False).returncode, 125)
        self.write("ca/ca.json", good)
        self.show()

    def test_usage(self):
        for args in ((), ("frobnicate",), ("init",), ("issue", "--dir", "x"), ("show", "--dir", "x", "--days", "3"),
                     ("renew", "--dir", "x", "--days", "0"), ("init", "--dir", "x", "--at", "2026-02-30"),
                     ("set-tcb", "--dir", "x", "--svn", "1", "--status", "Fine")):
            done = run("ca", *args, ok=False)
            self.assertEqual(done.returncode, 125, args)
            self.assertTrue(done.stderr, args)


if __name__ == "__main__":
    unittest.main()

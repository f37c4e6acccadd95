#!/usr/bin/env python3
"""Real SGX and TDX quotes, and broken documents, against the verdicts that are known for them.

usage: test_quotes.py DRIVER FAILING"""

import calendar
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tidy"))
import tap  # noqa: E402

DRIVER, FAILING = map(os.path.abspath, sys.argv[1:3])
BESIDE = pathlib.Path(__file__).resolve().parents[4] / "shared/vectors"
VECTORS = pathlib.Path(os.environ.get("ADYTON_VECTORS", BESIDE))


def seconds(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


class Driver:
    """The verifier behind a pipe; one for the whole program."""

    def __init__(self):
        self.process = subprocess.Popen([DRIVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def end(self):
        self.process.stdin.close()
        return self.process.wait()


driver = Driver()


def rows(name):
    path = VECTORS / name
    return list(csv.DictReader(path.open(), delimiter="\t")) if path.exists() else []


class Case(unittest.TestCase):
    longMessage = True


class Genuine(Case):
    """quotes-expected.tsv: status, date, QE and advisories, exactly; or not genuine."""

    @staticmethod
    def make(row):
        def test(self):
            answer = driver.ask("verify", VECTORS / "quotes" / row["quote"],
                                VECTORS / "collateral-sets" / f"{row['collateral']}.json", seconds(row["at"]))
            if row["status"].startswith("REJECT"):
                self.assertRegex(answer, "^refused (certificate|crl|tcb_info)_(expired|not_yet_valid) ")
                return
            status = row["status"].split("(")[0]
            expected = f"genuine {status} {row['tcb_date']} {row['qe_status']} {row['advisories'] or ''} "
            self.assertEqual(answer[:len(expected)], expected, answer)
        return test


class Identity(Case):
    """quotes.tsv: what the quote says, and its bindings, without collateral."""

    @staticmethod
    def make(row):
        def test(self):
            answer = driver.ask("quote", VECTORS / "quotes" / row["quote"]).split("\t")
            names = ("version", "tee_type", "measurement", "attributes", "cert_type", "quote_signature",
                     "qe_report_signature", "qe_binding", "fmspc", "pck_validity")
            self.assertEqual(len(answer), len(names), answer)
            for name, found in zip(names, answer):
                expected = row[name]
                if name == "measurement":  # of TDX the table has the first 8 bytes
                    found = found[:len(expected)]
                # The checker that made the table could not read the synthetic certificate; we can.
                if row["quote"] == "tdx4-nofmspc-aa2cafadb32b.bin" and expected == "None":
                    continue
                self.assertEqual(found, expected, name)
        return test


def make_cases(case, table, name):
    for i, row in enumerate(rows(table)):
        setattr(case, f"test_{i:03}_{name(row)}", case.make(row))


class Negative(Case):
    """Documents with one thing wrong each; the positive controls between them must be read."""

    GOOD = {"tcbInfo.json", "tcbInfoAdvisoryIds.json", "tcbInfo_with_pceid.json", "qe_identity_ok.json",
            "qve_identity_ok.json", "qe_identity_with_advisoryids.json",
            "tcbInfoNegativeSignature.json"}  # its JSON is sound: see test_document_signatures

    @staticmethod
    def make(folder, path):
        def test(self):
            kind = "tcb_info" if path.name.startswith("tcb") else "qe_identity"
            answer = driver.ask(kind, path)
            if folder == "qeidentity-negative-v1":  # refused by name, or broken JSON before that
                self.assertRegex(answer, "^refused (qe_identity_version_unknown|json) ")
            elif path.name in Negative.GOOD:
                self.assertEqual(answer, "ok")
            else:
                self.assertRegex(answer, "^refused ([a-z_]+_malformed |json |no signature)")
        return test


for folder in ("tcbinfo-negative", "qeidentity-negative-v1"):
    for path in sorted((VECTORS / "negative" / folder).glob("*.json")):
        setattr(Negative, f"test_{folder}_{path.stem}", Negative.make(folder, path))

make_cases(Genuine, "quotes-expected.tsv", lambda row: f"{row['quote'][:-4]}_{row['collateral']}")
make_cases(Identity, "quotes.tsv", lambda row: row["quote"][:-4])

QUOTE = VECTORS / "quotes/sgx3-00606a000000-8fceddb29fef.bin"
BUNDLE = VECTORS / "collateral-sets/sgx-00606a000000-2025-08.json"
AT = 1756521249


@unittest.skipUnless(VECTORS.is_dir(), f"SKIPPED: no evidence in {VECTORS}")
class Vectors(Case):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        driver.ask("trust", "-")
        driver.ask("chain", "-")

    def tearDown(self):
        driver.ask("trust", "-")
        driver.ask("chain", "-")
        self.scratch.cleanup()

    def verify(self, quote=None, bundle=None, at=AT):
        """Bytes and dictionaries are written to files first."""
        if isinstance(quote, bytes):
            (self.folder / "quote").write_bytes(quote)
            quote = self.folder / "quote"
        if isinstance(bundle, (dict, str)):
            (self.folder / "bundle").write_text(bundle if isinstance(bundle, str) else json.dumps(bundle))
            bundle = self.folder / "bundle"
        return driver.ask("verify", quote or QUOTE, bundle or BUNDLE, at)

    def test_intels_test_root_is_trusted_only_by_name(self):
        """Its quote has no chain inside; and its TDX documents have SVNs that are no bytes (docs/decisions/0023)."""
        for tee, answer in (("sgx", "^genuine UpToDate 2019-09-01 .* assurance=1$"),
                            ("tdx", "^bundle refused tcb_info_malformed expected=svn found=65473 ")):
            folder = VECTORS / "intel-test-root" / tee
            bundle = {"tcb_info": (folder / "tcbInfo.json").read_text(),
                      "tcb_info_issuer_chain": (folder / "tcbSignChain.pem").read_text(),
                      "qe_identity": json.loads((folder / "qeIdentity.json").read_text(), object_pairs_hook=dict),
                      "qe_identity_issuer_chain": (folder / "tcbSignChain.pem").read_text(),
                      "pck_crl_issuer_chain": (folder / "pckSignChain.pem").read_text(),
                      "pck_crl": (folder / "intermediateCaCrl.der").read_bytes().hex(),
                      "root_ca_crl": (folder / "rootCaCrl.der").read_bytes().hex()}
            bundle["qe_identity"] = (folder / "qeIdentity.json").read_text()
            chain = (folder / "pckCert.pem").read_text() + (folder / "pckSignChain.pem").read_text()
            (self.folder / "chain.pem").write_text(chain)
            driver.ask("chain", self.folder / "chain.pem")
            quote = (folder / "quote.dat").read_bytes()
            self.assertRegex(self.verify(quote, bundle, 1650000000), "^bundle refused tcb_signing_chain .*not trusted")
            # A genuine bundle does not make its quote genuine either.
            self.assertRegex(self.verify(quote), "^refused root_not_trusted")
            self.assertEqual(driver.ask("trust", folder / "trustedRootCaCert.pem"), "ok")
            self.assertRegex(self.verify(quote, bundle, 1650000000), answer)
            # And Intel's own root is not trusted any more.
            self.assertRegex(self.verify(), "^bundle refused tcb_signing_chain")
            driver.ask("trust", "-")

    def test_no_chain_no_verdict(self):
        quote = VECTORS / "quotes/sgx3-nofmspc-72a05bf6c003.bin"
        self.assertRegex(self.verify(quote), "^refused certification_data_unsupported .*found=type 3")

    def test_chains_in_any_order_but_none_corrupted(self):
        """Of leaf, root, intermediate: the order is no reason; this platform's family is."""
        self.assertRegex(self.verify(VECTORS / "negative/quote_pck_cert_chain.bin"), "^refused crl_of_another_ca ")
        self.assertRegex(self.verify(VECTORS / "negative/quote_pck_cert_chain_corrupted.bin"), "^refused ")
        self.assertRegex(self.verify(VECTORS / "negative/sgx_report_bad.bin"), "^refused trailing_bytes ")
        quote = QUOTE.read_bytes()
        at = quote.index(b"-----BEGIN")
        leaf, ca, root, rest = quote[at:].split(b"-----END CERTIFICATE-----")
        for order in ((leaf, root, ca), (root, ca, leaf), (ca, leaf, root)):
            chain = b"".join(pem.strip() + b"-----END CERTIFICATE-----\n" for pem in order) + rest.strip(b"\n")
            self.assertRegex(self.verify(quote[:at - 4] + len(chain).to_bytes(4, "little") + chain), "^refused")
            whole = bytearray(quote[:at - 4] + len(chain).to_bytes(4, "little") + chain)
            whole[432:436] = (len(whole) - 436).to_bytes(4, "little")
            self.assertRegex(self.verify(bytes(whole)), "^genuine SWHardeningNeeded ")
        for wrong in ((leaf, ca), (leaf, root), (ca, root), (leaf, ca, root, root), (leaf, leaf, root), ()):
            chain = b"".join(pem.strip() + b"-----END CERTIFICATE-----\n" for pem in wrong) + rest.strip(b"\n")
            whole = bytearray(quote[:at - 4] + len(chain).to_bytes(4, "little") + chain)
            whole[432:436] = (len(whole) - 436).to_bytes(4, "little")
            self.assertRegex(self.verify(bytes(whole)), "^refused (pck_chain_incomplete|certification_data_unsupported)")

    def test_lengths_are_exact(self):
        for quote, bundle, at in ((QUOTE, BUNDLE, AT),
                                  (VECTORS / "quotes/tdx5-90c06f000000-d21a11db10ea.bin",
                                   VECTORS / "collateral-sets/oe-tdx-90c06f-2025-03.json", 1741604669)):
            whole = quote.read_bytes()
            self.assertRegex(self.verify(whole, bundle, at), "^genuine ")
            self.assertRegex(self.verify(whole + b"\0", bundle, at), "^refused trailing_bytes ")
            for size in (48, 50, 54, 431, 435, 436, 700, 1100, len(whole) - 1):
                self.assertRegex(self.verify(whole[:size], bundle, at), "^refused evidence_truncated ", size)
            for size in (0, 1, 12, 47):
                self.assertRegex(self.verify(whole[:size], bundle, at), "^refused evidence_(truncated|unreadable) ")

    def test_header_fields_by_name(self):
        for offset, value, reason in ((0, 2, "quote_version_unknown"), (0, 6, "quote_version_unknown"),
                                      (2, 3, "attestation_key_type_unknown"), (4, 0x81, "tee_type_unknown"),
                                      (12, 0, "(qe_vendor_unknown|snp_version_unknown)")):
            quote = bytearray(QUOTE.read_bytes())
            quote[offset] = value
            self.assertRegex(self.verify(bytes(quote)), f"^refused {reason} ")
        quote = bytearray((VECTORS / "quotes/tdx5-90c06f000000-d21a11db10ea.bin").read_bytes())
        quote[48] = 4
        self.assertRegex(self.verify(bytes(quote)), "^refused body_type_unknown ")

    def bundle(self):
        return json.loads(BUNDLE.read_text())

    def test_bundle_members_are_needed(self):
        self.assertRegex(self.verify(bundle=self.bundle()), "^genuine ")
        for member in ("tcb_info", "tcb_info_issuer_chain", "qe_identity", "qe_identity_issuer_chain", "pck_crl",
                       "pck_crl_issuer_chain", "root_ca_crl"):
            bundle = self.bundle()
            del bundle[member]
            self.assertRegex(self.verify(bundle=bundle), f"^bundle refused collateral_missing expected={member} ")
        for member in ("tcb_info_signature", "qe_identity_signature"):
            bundle = self.bundle()
            del bundle[member]
            self.assertRegex(self.verify(bundle=bundle), "^bundle refused (tcb_info|qe_identity)_malformed ")
        for text in ("", "{}", "[]", "{", '{"tcb_info":{},"tcb_info":{}}', '{"tcb_info":1}'):
            self.assertRegex(self.verify(bundle=text), "^bundle refused collateral_(malformed|missing) ")

    def test_encodings_of_a_bundle(self):
        """As Intel's service answers, percent-encoded as in its headers, as an object, CRLs in base64 and PEM."""
        import base64
        import urllib.parse
        bundle = self.bundle()
        bundle["tcb_info"] = f'{{"tcbInfo":{bundle["tcb_info"]},"signature":"{bundle.pop("tcb_info_signature")}"}}'
        bundle["tcb_info_issuer_chain"] = urllib.parse.quote(bundle["tcb_info_issuer_chain"])
        crl = base64.b64encode(bytes.fromhex(bundle["pck_crl"])).decode()
        bundle["pck_crl"] = f"-----BEGIN X509 CRL-----\n{crl}\n-----END X509 CRL-----\n"
        bundle["root_ca_crl"] = base64.b64encode(bytes.fromhex(bundle["root_ca_crl"])).decode()
        identity = bundle["qe_identity"]
        bundle["qe_identity"] = "@"
        text = json.dumps(bundle).replace('"@"', identity)  # its bytes as they are signed
        self.assertRegex(self.verify(bundle=text), "^genuine ")

    def test_document_signatures(self):
        for member, reason in (("tcb_info_signature", "tcb_info_signature"),
                               ("qe_identity_signature", "qe_identity_signature")):
            bundle = self.bundle()
            bundle[member] = ("0" if bundle[member][0] != "0" else "1") + bundle[member][1:]
            self.assertRegex(self.verify(bundle=bundle), f"^bundle refused {reason} ")
        bundle = self.bundle()
        bundle["tcb_info"] = bundle["tcb_info"].replace('"pcesvn":', '"pcesvn": ', 1)
        self.assertRegex(self.verify(bundle=bundle), "^bundle refused tcb_info_signature ")
        bundle = self.bundle()
        bundle["tcb_info"], bundle["qe_identity"] = bundle["qe_identity"], bundle["tcb_info"]
        self.assertRegex(self.verify(bundle=bundle), "^bundle refused tcb_info_signature ")
        bundle = self.bundle()  # the CA that signs PCK certificates signs no documents
        bundle["tcb_info_issuer_chain"] = bundle["pck_crl_issuer_chain"]
        self.assertRegex(self.verify(bundle=bundle), "^bundle refused tcb_signing_chain ")
        wrong = self.bundle()
        wrong["tcb_info_issuer_chain"] = (VECTORS / "negative/tcb_info_v3_fmspc_00606A000000_certs_bad.pem").read_text()
        self.assertRegex(self.verify(bundle=wrong), "^bundle refused tcb_signing_chain ")

    def boundary(self, good, bad):
        """The last moment that is genuine, on the way from a good one to a bad one."""
        while abs(good - bad) > 1:
            middle = (good + bad) // 2
            good, bad = (middle, bad) if self.verify(at=middle).startswith("genuine ") else (good, middle)
        return good

    def test_dates(self):
        documents = self.bundle()
        info, identity = json.loads(documents["tcb_info"]), json.loads(documents["qe_identity"])
        issued = max(seconds(info["issueDate"]), seconds(identity["issueDate"]))
        next_update = min(seconds(info["nextUpdate"]), seconds(identity["nextUpdate"]))
        first, last = self.boundary(AT, AT - 10 ** 8), self.boundary(AT, AT + 10 ** 8)
        self.assertTrue(issued <= first < AT < last <= next_update)
        self.assertRegex(self.verify(at=first - 1), "^refused (crl|tcb_info|qe_identity)_not_yet_valid ")
        self.assertRegex(self.verify(at=last + 1), "^refused (crl|tcb_info|qe_identity)_expired ")
        self.assertIn(f" until {time.strftime('%Y-%m-%d', time.gmtime(last))} ", self.verify(at=last))
        for at, reason in ((0, "not_yet_valid"), (-1, "not_yet_valid"), (1 << 62, "expired")):
            self.assertRegex(self.verify(at=at), f"^refused certificate_{reason} ")

    def test_collateral_of_another_platform(self):
        other = VECTORS / "collateral-sets/sgx-00906ed50000-2025-01.json"
        quote = VECTORS / "quotes/sgx3-00606a000000-c81a90ee23bb.bin"
        self.assertRegex(self.verify(quote, other, seconds("2025-02-05T05:22:54Z")), "^refused crl_of_another_ca ")
        at = seconds("2025-10-31T08:54:25Z")
        tdx = VECTORS / "collateral-sets/tdx-00806f050000-2025-10.json"
        self.assertRegex(self.verify(bundle=tdx, at=at), "^refused tcb_info_technology ")
        quote = VECTORS / "quotes/tdx4-b0c06f000000-f1c850330112.bin"
        self.assertRegex(self.verify(quote, tdx, at), "^refused fmspc_mismatch expected=b0c06f000000 found=00806f050000")

    def test_failing_allocations_of_libcrypto(self):
        done = subprocess.run([FAILING, QUOTE, BUNDLE, str(AT)], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)

    def test_roots_to_trust(self):
        for text, answer in (("", "refused certificate_malformed"), ("x", "refused certificate_malformed"),
                             ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
                              "refused certificate_malformed")):
            (self.folder / "root.pem").write_text(text)
            self.assertEqual(driver.ask("trust", self.folder / "root.pem")[:len(answer)], answer)
        intel = self.bundle()["pck_crl_issuer_chain"].split("-----END CERTIFICATE-----\n")[1]
        (self.folder / "root.pem").write_text(intel + "-----END CERTIFICATE-----\n")
        self.assertEqual(driver.ask("trust", self.folder / "root.pem"), "ok")
        self.assertRegex(self.verify(), "^genuine .* assurance=3$")


if __name__ == "__main__":
    del sys.argv[1:]
    if not VECTORS.is_dir():
        print(f"SKIPPED: no evidence in {VECTORS} (set ADYTON_VECTORS)", file=sys.stderr)
        sys.exit(77)
    code = tap.run()
    sys.exit(driver.end() or code)

#!/usr/bin/env python3
"""What no real platform shows: revocation, each mismatch by its name, and how statuses converge. On a platform that is made up,
under a root that is trusted by name.

usage: test_made.py DRIVER"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tidy")]
import der  # noqa: E402
import tap  # noqa: E402
from world import AT, World, isv_level, td  # noqa: E402

DRIVER = os.path.abspath(sys.argv[1])


def seconds(text):
    import calendar
    import time
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


class Made(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.process = subprocess.Popen([DRIVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        (cls.folder / "root.pem").write_text(World().certificate("root"))
        assert cls.ask("trust", cls.folder / "root.pem") == "ok"

    @classmethod
    def tearDownClass(cls):
        cls.process.stdin.close()
        code = cls.process.wait()
        cls.process.stdout.close()
        cls.scratch.cleanup()
        assert code == 0, code

    @classmethod
    def ask(cls, *words):
        cls.process.stdin.write(" ".join(map(str, words)) + "\n")
        cls.process.stdin.flush()
        return cls.process.stdout.readline().rstrip("\n")

    def verify(self, world, at=AT):
        (self.folder / "quote").write_bytes(world.quote())
        (self.folder / "bundle").write_text(world.bundle())
        return self.ask("verify", self.folder / "quote", self.folder / "bundle", seconds(at))

    def refused(self, reason, world, at=AT):
        self.assertRegex(self.verify(world, at), f"^(bundle )?refused {reason} ")

    def genuine(self, world, status, *parts):
        answer = self.verify(world)
        self.assertRegex(answer, f"^genuine {status.strip()} ")
        for part in parts:
            self.assertIn(f" {part}", answer)

    def changed(self, reason, tdx=False, at=AT, **changes):
        world = World(tdx)
        for name, value in changes.items():
            if isinstance(value, dict) and isinstance(getattr(world, name), dict):
                getattr(world, name).update(value)
            else:
                setattr(world, name, value)
        self.refused(reason, world, at)

    def test_every_version_is_genuine(self):
        for world in (World(), World(version=4), World(version=5), World(True), World(True, 4), World(True, 5)):
            if world.version == 4 and world.tdx:
                world.body = world.body[:584]
            if world.tdx:
                world.body = td((6, 1, 3)) + world.body[584:]
            self.genuine(world, "UpToDate", "assurance=1", "until 2025-02-01", "eval=17,17", "root=Made Up ")

    def test_a_body_of_another_technology(self):
        world = World(True)
        world.tdx = False  # SGX by its header, a TD's body
        self.refused("body_type_unknown", world)

    def test_revocation(self):
        self.changed("ca_revoked", crls={"root": {"revoked": [9]}}, serials={"ca": 9})
        self.changed("tcb_signing_revoked", crls={"root": {"revoked": [9]}}, serials={"signing": 9})
        self.changed("pck_revoked", crls={"ca": {"revoked": [1, 2, 9]}}, serials={"pck": 9})
        big = 1 << 158 | 9
        self.changed("pck_revoked", crls={"ca": {"revoked": [9, big]}}, serials={"pck": big})
        world = World()
        world.crls["ca"] = {"revoked": [1, 2, 3]}
        world.serials["pck"] = 0x0203
        self.genuine(world, "UpToDate")

    def test_lists_of_another(self):
        self.changed("crl_issuer", crls={"ca": {"issuer": "Made Up Root CA"}})
        self.changed("crl_issuer", crls={"root": {"issuer": "Another"}})
        self.changed("crl_signature", sign_with={"ca crl": "root"})
        self.changed("crl_signature", sign_with={"root crl": "ca"})
        critical = [der.extension(bytes.fromhex("551d1c"), b"\x30\0")]  # issuingDistributionPoint
        self.changed("crl_malformed", crls={"ca": {"extensions": critical}})
        only_certificates = [der.extension(der.BASIC_CONSTRAINTS, der.sequence(der.der(1, b"\xff"))),
                             der.extension(der.KEY_USAGE, der.der(3, b"\2\4"))]
        self.changed("crl_issuer", extensions={"ca": only_certificates})
        world, other = World(), World()
        other.names["ca"] = "Made Up SGX PCK Processor CA"
        (self.folder / "quote").write_bytes(world.quote())
        (self.folder / "bundle").write_text(other.bundle())
        self.assertRegex(self.ask("verify", self.folder / "quote", self.folder / "bundle", seconds(AT)),
                         "^refused crl_of_another_ca ")

    def test_dates(self):
        late, early = ("2025-01-20T00:00:00Z", "2050-01-01T00:00:00Z"), ("2024-01-01T00:00:00Z", "2025-01-10T00:00:00Z")
        for who in ("pck", "ca", "root", "signing"):
            self.changed("certificate_not_yet_valid", valid={who: late})
            self.changed("certificate_expired", valid={who: early})
        for who in ("root", "ca"):
            self.changed("crl_not_yet_valid", crls={who: {"valid": late}})
            self.changed("crl_expired", crls={who: {"valid": early}})
        for document, token in (("info", "tcb_info"), ("identity", "qe_identity")):
            self.changed(f"{token}_not_yet_valid", **{document: {"issueDate": late[0]}})
            self.changed(f"{token}_expired", **{document: {"nextUpdate": early[1]}})
        self.changed("certificate_expired", at="2050-01-01T00:00:01Z")  # the year in which UTCTime ends
        world = World()
        world.crls["ca"]["valid"] = ("2025-01-01T00:00:00Z", "2025-01-20T00:00:00Z")
        self.genuine(world, "UpToDate", "until 2025-01-20")
        world.crls["ca"]["valid"] = ("2025-01-01T00:00:00Z", None)
        self.genuine(world, "UpToDate", "until 2025-02-01")

    def test_chains(self):
        self.changed("chain_signature", sign_with={"pck": "root"})
        self.changed("chain_signature", sign_with={"pck": "other"})
        self.changed("(crl_issuer|tcb_signing_chain)", sign_with={"ca": "other"})
        self.changed("tcb_signing_chain", sign_with={"signing": "ca"})
        self.changed("tcb_signing_chain", sign_with={"root": "other"})
        self.changed("tcb_signing_chain", names={"signing": "Made Up SGX PCK Certificate"})
        self.changed("tcb_signing_chain", extensions={"signing": der.ca_extensions()})
        self.changed("pck_chain_incomplete", names={"pck": "Made Up TLS Server"})
        self.changed("pck_chain_incomplete", names={"pck": "SGX PCK Certificate"})  # of nobody
        self.changed("chain_signature", signers={"pck": "Somebody Else"})
        no_ca = [der.extension(der.BASIC_CONSTRAINTS, der.sequence()), der.extension(der.KEY_USAGE, der.der(3, b"\1\6"))]
        self.changed("chain_signature", extensions={"ca": no_ca})
        unknown = [der.extension(bytes.fromhex("551d1e"), b"\x30\0")]  # nameConstraints
        self.changed("chain_signature", extensions={"pck": unknown + der.signer_extensions() + [der.sgx_extension()]})
        no_signing = [der.ca_extensions()[0], der.extension(der.KEY_USAGE, der.der(3, b"\1\2"))]
        self.changed("chain_signature", extensions={"ca": no_signing})

    def test_another_root_of_the_same_name(self):
        """A bundle under a trusted root says nothing about a quote under another one, though it is trusted as well."""
        world = World()
        import world as module
        kept = module.KEYS["root"]
        module.KEYS["root"] = module.KEYS["other"]
        try:
            root, bundle = world.certificate("root"), world.bundle()
        finally:
            module.KEYS["root"] = kept
        (self.folder / "both.pem").write_text(root + world.certificate("root"))
        (self.folder / "quote").write_bytes(world.quote())
        (self.folder / "bundle").write_text(bundle)
        files = self.folder / "quote", self.folder / "bundle", seconds(AT)
        self.assertRegex(self.ask("verify", *files), "^bundle refused tcb_signing_chain ")
        try:
            self.assertEqual(self.ask("trust", self.folder / "both.pem"), "ok")
            self.assertRegex(self.ask("verify", *files), "^refused crl_of_another_ca ")
        finally:
            self.ask("trust", self.folder / "root.pem")

    def test_the_sgx_extension(self):
        self.changed("fmspc_mismatch", pck={"fmspc": b"\1" * 6})
        self.changed("pce_id_mismatch", pck={"pce_id": b"\1\0"})
        for wrong in ({"sgx_type": 3}, {"pce_id": bytes(3)}, {"fmspc": bytes(5)}, {"components": [256] + [0] * 15},
                      {"components": [0] * 15}, {"components": [0] * 17}, {"pce_svn": 65536}):
            self.changed("pck_extension_malformed", pck=wrong)
        self.changed("pck_extension_malformed", extensions={"pck": der.signer_extensions()})
        twice = der.signer_extensions() + [der.sgx_extension()] * 2
        self.changed("pck_extension_malformed", extensions={"pck": twice})

    def test_documents_of_another_technology(self):
        self.changed("tcb_info_technology", info={**World(True).info})
        self.changed("tcb_info_technology", tdx=True, info={**World().info})
        self.changed("qe_identity_technology", identity={"id": "TD_QE"})
        self.changed("qe_identity_technology", identity={"id": "QVE"})
        self.changed("qe_identity_technology", tdx=True, identity={"id": "QE"})

    def test_document_signatures(self):
        self.changed("tcb_info_signature", sign_with={"tcb info": "ca"})
        self.changed("qe_identity_signature", sign_with={"qe identity": "pck"})

    def test_documents(self):
        levels = World().info["tcbLevels"]
        for wrong in ({"version": 4}, {"version": 1}):
            self.changed("tcb_info_version_unknown", info=wrong)
        self.changed("qe_identity_version_unknown", identity={"version": 3})
        for wrong in ({"id": "SEV"}, {"fmspc": "00"}, {"fmspc": "0" * 11 + "x"}, {"tcbType": 1}, {"tcbLevels": []},
                      {"tcbLevels": levels * 33}, {"issueDate": "2025-01-01 00:00:00Z"}, {"issueDate": "2025-02-29T00:00:00Z"},
                      {"tcbEvaluationDataNumber": 1 << 32}, {"tcbEvaluationDataNumber": 17.0}, {"fmspc": "\u00e9" * 6},
                      {"note": "a\\b"}, {"tcbLevels": [{**levels[0], "tcbStatus": "Fine"}]},
                      {"tcbLevels": [{**levels[0], "tcbStatus": "TDRelaunchAdvised"}]},
                      {"tcbLevels": [{**levels[0], "advisoryIDs": ["INTEL-SA-" + "0" * 30]}]},
                      {"tcbLevels": [{**levels[0], "advisoryIDs": [f"INTEL-SA-{i}" for i in range(129)]}]},
                      {"tcbLevels": [{**levels[0], "advisoryIDs": "INTEL-SA-1"}]}, {"tcbLevels": [7]}):
            self.changed("tcb_info_malformed", info=wrong)
        for wrong in ({"tcbLevels": []}, {"miscselect": "0"}, {"isvprodid": 65536}, {"id": "X"},
                      {"tcbLevels": [isv_level(1, "UpToDate", "2025-01-01")] * 33}):
            self.changed("qe_identity_malformed", identity=wrong)
        modules = World(True).info["tdxModuleIdentities"]
        for wrong in (modules * 2, [{**modules[0], "id": "TDX_00"}], [{**modules[0], "id": "TDX1"}], modules * 20,
                      [{**modules[0], "mrsigner": "00"}], [{**modules[0], "tcbLevels": []}]):
            self.changed("tcb_info_malformed", tdx=True, info={"tdxModuleIdentities": wrong})
        world = World()
        world.info["tcbLevels"][0]["advisoryIDs"] = [f"INTEL-SA-{i:03}" for i in range(126)]
        self.genuine(world, "UpToDate", ",".join(f"INTEL-SA-{i:03}" for i in range(120)))

    def test_the_quoting_enclave(self):
        self.changed("qe_misc_select", qe={"misc": 1})
        self.changed("qe_attributes", qe={"flags": 0x10})
        self.changed("qe_attributes", qe={"flags": 0x13})
        self.changed("qe_mrsigner", qe={"mrsigner": bytes(32)})
        self.changed("qe_product", qe={"prod_id": 3})
        world = World()
        world.qe["flags"] = 0x15  # the mask leaves MODE64BIT out
        self.genuine(world, "UpToDate")
        world.identity.update(miscselect="01020304", miscselectMask="FFFFFF0F")
        world.qe["misc"] = 0x04030201 | 0xf0000000
        self.genuine(world, "UpToDate")

    def test_bindings(self):
        self.changed("qe_report_signature", sign_with={"qe report": "attestation"})
        self.changed("quote_signature", sign_with={"quote": "pck"})
        self.changed("qe_report_data", qe_data=bytes(64))
        good = World().quote()
        world = World()
        world.auth = b""
        self.genuine(world, "UpToDate")
        world.auth = bytes(1000)
        self.genuine(world, "UpToDate")
        data = good[436 + 128 + 320:436 + 128 + 352]
        self.changed("qe_report_data", qe_data=data + bytes(31) + b"\1")

    def test_tdx_modules(self):
        self.changed("tdx_module_unknown", tdx=True, body=td((4, 2, 3)))
        self.changed("tdx_module_signer", tdx=True, body=td(mrsignerseam=b"\1" * 48))
        self.changed("tdx_module_attributes", tdx=True, body=td(seam_attributes=1))
        world = World(True)
        world.body = td((1, 1, 3))
        self.genuine(world, "NotSupported", "module=NotSupported")
        world.body = td((5, 0, 3))  # before modules had versions: components 0 and 1 count
        self.genuine(world, "UpToDate", "module=None")
        world.body = td((4, 0, 3))
        self.genuine(world, "NotSupported")

    def test_levels_that_are_not_there(self):
        world = World()
        world.pck["components"] = [0] * 16
        self.genuine(world, "NotSupported None UpToDate ")
        world = World()
        world.pck["pce_svn"] = 4
        self.genuine(world, "NotSupported None UpToDate ")
        world = World()
        world.qe["svn"] = 4
        self.genuine(world, "NotSupported 2025-01-01 NotSupported ")

    def test_which_level(self):
        world = World()
        self.genuine(world, "UpToDate 2025-01-01 UpToDate ", "fix None")
        world.pck["pce_svn"] = 12
        self.genuine(world, "OutOfDate 2024-01-01 UpToDate INTEL-SA-00001", "fix 2025-01-01")
        world = World()
        world.pck["components"] = [2, 1] + [9] * 14
        self.genuine(world, "OutOfDate 2024-01-01 ")
        world = World(True)
        world.body = td((6, 1, 2))
        self.genuine(world, "OutOfDate 2024-01-01 UpToDate INTEL-SA-00001", "module=UpToDate")

    def test_a_date_of_a_fix(self):
        """The nearest better level above; of several parts, the earliest."""
        world = World()
        world.info["tcbLevels"][1:1] = [world.level((2, 1), 5, (), "SWHardeningNeeded", "2024-09-01"),
                                        world.level((1, 2), 5, (), "OutOfDate", "2024-08-01")]
        world.pck["components"] = [1] * 16
        self.genuine(world, "OutOfDate 2024-01-01 ", "fix 2024-09-01")
        world.identity["tcbLevels"][0]["tcbDate"] = "2024-07-01T00:00:00Z"
        world.qe["svn"] = 6
        self.genuine(world, "OutOfDate 2024-01-01 OutOfDate INTEL-SA-00001,INTEL-SA-00003", "fix 2024-07-01")

    CONVERGED = {"UpToDate": "OutOfDate", "SWHardeningNeeded": "OutOfDate", "ConfigurationNeeded": "OutOfDateConfigurationNeeded",
                 "ConfigurationAndSWHardeningNeeded": "OutOfDateConfigurationNeeded", "OutOfDate": "OutOfDate",
                 "OutOfDateConfigurationNeeded": "OutOfDateConfigurationNeeded", "Revoked": "Revoked"}

    def test_convergence_with_the_quoting_enclave(self):
        for status, out_of_date in self.CONVERGED.items():
            world = World()
            world.info["tcbLevels"][0]["tcbStatus"] = status
            for svn, expected in ((8, status), (6, out_of_date), (5, "Revoked")):
                world.qe["svn"] = svn
                self.genuine(world, expected)

    def test_convergence_with_the_module(self):
        for status, out_of_date in self.CONVERGED.items():
            world = World(True)
            world.info["tcbLevels"][0]["tcbStatus"] = status
            for svn, expected in ((6, status), (4, out_of_date), (2, "Revoked")):
                world.body = td((svn, 1, 3))
                self.genuine(world, expected)

    def test_relaunch(self):
        """The module was updated to the newest while the TD ran."""
        for status, expected in (("UpToDate", "TDRelaunchAdvised"), ("SWHardeningNeeded", "TDRelaunchAdvised"),
                                 ("ConfigurationNeeded", "TDRelaunchAdvisedConfigurationNeeded"),
                                 ("ConfigurationAndSWHardeningNeeded", "TDRelaunchAdvisedConfigurationNeeded"),
                                 ("OutOfDate", "OutOfDate"), ("OutOfDateConfigurationNeeded", "OutOfDateConfigurationNeeded"),
                                 ("Revoked", "Revoked")):
            world = World(True)
            world.info["tcbLevels"][0]["tcbStatus"] = status
            self.genuine(world, expected, "module=OutOfDate")
        for svn_2 in ((5, 1, 3), (7, 1, 2), (7, 2, 3)):  # not the newest, late microcode behind, unknown
            world = World(True)
            world.body = td(svn_2=svn_2)
            self.genuine(world, "OutOfDate")
        world = World(True)
        world.body = td()  # 1.0 says nothing of updates
        self.genuine(world, "OutOfDate")
        world = World(True)
        world.qe["svn"] = 6
        self.genuine(world, "OutOfDate")

    def test_version_2_of_tcb_info(self):
        world = World()
        tcb = {f"sgxtcbcomp{i:02}svn": i for i in range(1, 17)}
        world.info.update(version=2, tcbLevels=[{**world.info["tcbLevels"][0], "tcb": {**tcb, "pcesvn": 17}}])
        del world.info["id"]
        world.pck["components"] = range(1, 17)
        self.genuine(world, "UpToDate")
        world.pck["components"] = [*range(1, 16), 15]
        self.genuine(world, "NotSupported")
        del world.info["pceId"]
        self.refused("pce_id_mismatch", world)

    def test_every_reason_of_quotes_is_met(self):
        """Here or in test_quotes.py, by its name."""
        table = (HERE.parents[2] / "attest/reason.def").read_text()
        tests = "".join((HERE / name).read_text() for name in ("test_made.py", "test_quotes.py"))
        written = set(re.findall(r"[a-z]\w+", tests))
        for stem in re.findall(r"\{token\}(_\w+)", tests):
            written |= {f"tcb_info{stem}", f"qe_identity{stem}"}
        reasons = re.findall(r"^R\((\w+)", table.split("/* Policy */")[0], re.MULTILINE)
        beside = re.compile("snp_|vek_|ask_|machine_|no_memory|certificate_(malformed|has|binding)|evidence_|tcb_level|qe_level|"
                            "tdx_module_level|collateral_|root_not|certificate_|signature_data")
        self.assertEqual([r for r in reasons if r not in written and not beside.match(r)], [])


if __name__ == "__main__":
    del sys.argv[1:]
    sys.exit(tap.run())

"""A platform that is made up, with everything that Intel would sign for it: change what you like, and take a quote and a bundle."""

import copy
import hashlib
import json
import struct

import der
from p256 import Key

KEYS = {word: Key(word) for word in ("root", "ca", "pck", "signing", "attestation", "other")}
VENDOR = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
AT = "2025-01-15T00:00:00Z"
DATES = {"issueDate": "2025-01-01T00:00:00Z", "nextUpdate": "2025-02-01T00:00:00Z", "tcbEvaluationDataNumber": 17}


def level(status, date, advisories=()):
    return {"tcbDate": f"{date}T00:00:00Z", "tcbStatus": status, **({"advisoryIDs": list(advisories)} if advisories else {})}


def isv_level(svn, *rest):
    return {"tcb": {"isvsvn": svn}, **level(*rest)}


def components(*first):
    return [{"svn": svn} for svn in [*first, *[0] * (16 - len(first))]]


def enclave(prod_id=1, svn=8, mrsigner=b"\x8c" * 32, misc=0, flags=0x11, xfrm=3, data=bytes(64)):
    return (bytes(16) + struct.pack("<I", misc) + bytes(28) + struct.pack("<QQ", flags, xfrm) + bytes(32) + bytes(32) + mrsigner +
            bytes(32) + bytes(64) + struct.pack("<HHH", prod_id, svn, 0) + bytes(58) + data)


def td(svn=(4, 1, 3), mrsignerseam=bytes(48), seam_attributes=0, svn_2=None):
    body = (bytes(svn) + bytes(16 - len(svn)) + bytes(48) + mrsignerseam + struct.pack("<QQQ", seam_attributes, 1 << 28, 3) +
            bytes(520 - 136) + bytes(64))
    return body + (bytes(svn_2) + bytes(16 - len(svn_2)) + bytes(48) if svn_2 else b"")


class World:
    def __init__(self, tdx=False, version=None):
        self.tdx, self.version = tdx, version or (5 if tdx else 3)
        self.body = td(svn_2=(7, 1, 3)) if tdx else enclave(svn=1)
        self.qe, self.qe_data, self.auth = {"prod_id": 2 if tdx else 1}, None, bytes(range(32))
        self.names = {"root": "Made Up Root CA", "ca": "Made Up SGX PCK Platform CA", "pck": "Made Up SGX PCK Certificate",
                      "signing": "Made Up SGX TCB Signing"}
        self.serials, self.valid, self.signers, self.extensions = {}, {}, {}, {}
        self.pck = {"components": [2] * 16}
        self.crls = {"root": {}, "ca": {}}
        self.sign_with = {}  # what is signed: by another key
        module = {"mrsigner": "00" * 48, "attributes": "00" * 8, "attributesMask": "FF" * 8}
        self.info = {"id": "TDX" if tdx else "SGX", "version": 3, **DATES, "fmspc": "00" * 6, "pceId": "0000", "tcbType": 0,
                     "tcbLevels": [self.level((2, 2), 13, (5, 0, 3), "UpToDate", "2025-01-01"),
                                   self.level((1, 1), 5, (5, 0, 2), "OutOfDate", "2024-01-01", ["INTEL-SA-00001"])]}
        if tdx:
            self.info["tdxModule"] = module
            self.info["tdxModuleIdentities"] = [{"id": "TDX_01", **module, "tcbLevels": [
                isv_level(6, "UpToDate", "2025-01-01"), isv_level(4, "OutOfDate", "2024-06-01", ["INTEL-SA-00002"]),
                isv_level(2, "Revoked", "2023-06-01")]}]
        self.identity = {"id": "TD_QE" if tdx else "QE", "version": 2, **DATES, "miscselect": "00000000", "miscselectMask": "FFFFFFFF",
                         "attributes": "11" + "00" * 15, "attributesMask": "FB" + "FF" * 7 + "00" * 8, "mrsigner": "8C" * 32,
                         "isvprodid": 2 if tdx else 1, "tcbLevels": [isv_level(8, "UpToDate", "2025-01-01"),
                                                                     isv_level(6, "OutOfDate", "2024-01-01", ["INTEL-SA-00003"]),
                                                                     isv_level(5, "Revoked", "2023-01-01")]}

    def level(self, sgx, pce_svn, tdx, *rest):
        tcb = {"sgxtcbcomponents": components(*sgx), "pcesvn": pce_svn}
        if self.tdx:
            tcb["tdxtcbcomponents"] = components(*tdx)
        return {"tcb": tcb, **level(*rest)}

    def copy(self):
        return copy.deepcopy(self)

    def key(self, what, usual):
        return KEYS[self.sign_with.get(what, usual)]

    def certificate(self, who):
        issuer = {"root": "root", "ca": "root", "signing": "root", "pck": "ca"}[who]
        usual = {"root": der.ca_extensions, "ca": der.ca_extensions, "signing": der.signer_extensions,
                 "pck": lambda: der.signer_extensions() + [der.sgx_extension(**self.pck)]}[who]
        more = {"valid": self.valid[who]} if who in self.valid else {}
        return der.pem("CERTIFICATE", der.certificate(self.names[who], self.signers.get(who, self.names[issuer]), KEYS[who].point,
                                                      self.extensions.get(who) or usual(), self.key(who, issuer).der,
                                                      serial=self.serials.get(who, 7), **more))

    def crl(self, who):
        return der.crl(self.crls[who].get("issuer", self.names[who]), self.key(f"{who} crl", who).der,
                       **{k: v for k, v in self.crls[who].items() if k != "issuer"}).hex()

    def chain(self):
        return "".join(map(self.certificate, ("pck", "ca", "root"))).encode() + b"\0"

    def quote(self):
        header = struct.pack("<HHIHH", self.version, 2, 0x81 if self.tdx else 0, 0, 0) + VENDOR + bytes(20)
        if self.version == 5:
            header += struct.pack("<HI", {384: 1, 584: 2, 648: 3}[len(self.body)], len(self.body))
        key = KEYS["attestation"].point
        data = self.qe_data if self.qe_data is not None else hashlib.sha256(key + self.auth).digest() + bytes(32)
        report = enclave(**self.qe, data=data)
        chain = self.chain()
        inner = (report + self.key("qe report", "pck").raw(report) + struct.pack("<H", len(self.auth)) + self.auth +
                 struct.pack("<HI", 5, len(chain)) + chain)
        if self.version > 3:
            inner = struct.pack("<HI", 6, len(inner)) + inner
        signature = self.key("quote", "attestation").raw(header + self.body) + key + inner
        return header + self.body + struct.pack("<I", len(signature)) + signature

    def bundle(self):
        info, identity = (json.dumps(document, separators=(",", ":")) for document in (self.info, self.identity))
        signing, ca = self.certificate("signing") + self.certificate("root"), self.certificate("ca") + self.certificate("root")
        return json.dumps({
            "tcb_info": info, "tcb_info_signature": self.key("tcb info", "signing").raw(info.encode()).hex(),
            "tcb_info_issuer_chain": signing, "qe_identity": identity,
            "qe_identity_signature": self.key("qe identity", "signing").raw(identity.encode()).hex(),
            "qe_identity_issuer_chain": signing, "pck_crl": self.crl("ca"), "pck_crl_issuer_chain": ca, "root_ca_crl": self.crl("root")})

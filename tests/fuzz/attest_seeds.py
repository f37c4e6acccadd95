#!/usr/bin/env python3
"""Writes the seeds of the verifier's targets: small documents made up here, whose signatures are none. Run it after a change and
commit what it writes."""

import base64
import json
import pathlib
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "unit/attest"))
from der import ca_extensions, certificate, crl, integer, pem, sequence, sgx_extension  # noqa: E402

SEEDS = HERE / "seeds"


def put(target, name, data):
    folder = SEEDS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def none(_tbs):
    return sequence(integer(1), integer(1))


def certificates():
    chain = [certificate("X SGX PCK Certificate", "X SGX PCK Platform CA", bytes(64), [sgx_extension()], none),
             certificate("X SGX PCK Platform CA", "X Root", bytes(64), ca_extensions(), none),
             certificate("X Root", "X Root", bytes(64), ca_extensions(), none)]
    put("certificate", "chain.pem", "".join(pem("CERTIFICATE", one) for one in chain))
    put("certificate", "chain.der", b"".join(chain))
    put("certificate", "percent", pem("CERTIFICATE", chain[2]).replace("\n", "%0A").replace(" ", "%20"))
    put("certificate", "cut", chain[0][:-9])
    return "".join(pem("CERTIFICATE", one) for one in chain).encode()


def crls():
    whole = crl("X Root", none, revoked=(1, 2))
    put("crl", "der", whole)
    put("crl", "hex", whole.hex())
    put("crl", "base64", base64.b64encode(whole))
    put("crl", "pem", pem("X509 CRL", whole))
    put("crl", "bare", crl("X Root", none, valid=("2025-01-01T00:00:00Z", None), extensions=()))


def documents():
    level = {"tcbDate": "2025-01-01T00:00:00Z", "tcbStatus": "UpToDate"}
    old = {"tcbDate": "2024-01-01T00:00:00Z", "tcbStatus": "OutOfDate", "advisoryIDs": ["INTEL-SA-00001", "INTEL-SA-00002"]}
    dates = {"issueDate": "2025-01-01T00:00:00Z", "nextUpdate": "2025-02-01T00:00:00Z", "tcbEvaluationDataNumber": 17}
    common = {**dates, "fmspc": "00606a000000", "pceId": "0000", "tcbType": 0}
    svns = [{"svn": i} for i in range(16)]
    v2 = {f"sgxtcbcomp{i:02}svn": i for i in range(1, 17)}
    module = {"mrsigner": "00" * 48, "attributes": "00" * 8, "attributesMask": "FF" * 8}
    put("tcb_info", "v2", json.dumps({"version": 2, **common, "tcbLevels": [{"tcb": {**v2, "pcesvn": 13}, **level}]}))
    put("tcb_info", "sgx", json.dumps({"id": "SGX", "version": 3, **common, "tcbLevels": [
        {"tcb": {"sgxtcbcomponents": svns, "pcesvn": 13}, **level}, {"tcb": {"sgxtcbcomponents": svns, "pcesvn": 1}, **old}]}))
    put("tcb_info", "tdx", json.dumps({"id": "TDX", "version": 3, **common, "tdxModule": module, "tdxModuleIdentities": [
        {"id": "TDX_01", **module, "tcbLevels": [{"tcb": {"isvsvn": 4}, **level}, {"tcb": {"isvsvn": 2}, **old}]}], "tcbLevels": [
        {"tcb": {"sgxtcbcomponents": svns, "pcesvn": 13, "tdxtcbcomponents": svns}, **level}]}))
    put("qe_identity", "qe", json.dumps({"id": "QE", "version": 2, **dates, "miscselect": "00000000", "miscselectMask": "FFFFFFFF",
                                         "attributes": "11" + "00" * 15, "attributesMask": "FB" + "FF" * 7 + "00" * 8,
                                         "mrsigner": "8C" * 32, "isvprodid": 1,
                                         "tcbLevels": [{"tcb": {"isvsvn": 8}, **level}, {"tcb": {"isvsvn": 1}, **old}]}))
    put("qe_identity", "missing", json.dumps({"id": "TD_QE", "version": 2, **dates}))


def quotes(chain):
    vendor = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")

    def header(version, tee):
        return struct.pack("<HHIHH", version, 2, tee, 0, 0) + vendor + bytes(20)

    def inner(kind, data):
        return bytes(448) + struct.pack("<H", 32) + bytes(32) + struct.pack("<HI", kind, len(data)) + data

    def sized(data):
        return struct.pack("<I", len(data)) + data

    def outer(data):
        return bytes(128) + struct.pack("<HI", 6, len(data)) + data
    put("quote", "v3", header(3, 0) + bytes(384) + sized(bytes(128) + inner(5, chain)))
    put("quote", "v3-ppid", header(3, 0) + bytes(384) + sized(bytes(128) + inner(3, bytes(36))))
    put("quote", "v4", header(4, 0x81) + bytes(584) + sized(outer(inner(5, b"-"))))
    put("quote", "v4-sgx", header(4, 0) + bytes(384) + sized(outer(inner(5, b"-"))))
    put("quote", "v5", header(5, 0x81) + struct.pack("<HI", 3, 648) + bytes(648) + sized(outer(inner(5, b"-"))) + b"behind")
    td = header(4, 0x81) + bytes(584) + sized(outer(inner(5, chain)))
    report = (SEEDS / "snp/v2_table").read_bytes()
    for name, kind, evidence in (("td", 1, td), ("td-cut", 1, td[:-1]), ("td-behind", 1, td + b"0"), ("report", 2, report[:1184]),
                                 ("report-table", 2, report), ("report-behind", 2, report[:1184] + b"0"), ("enclave", 1,
                                 header(4, 0) + bytes(384) + sized(outer(inner(5, b"-")))), ("unknown", 3, td)):
        put("machine", name, b"ADYTONML" + struct.pack("<I", kind) + evidence)
    put("machine", "mark", b"ADYTONML")
    auth = b"ADYTONML" + struct.pack("<I", 1) + td
    put("quote", "v3-machine", header(3, 0) + bytes(384) + sized(bytes(576) + struct.pack("<H", len(auth)) + auth +
                                                                 struct.pack("<HI", 5, len(chain)) + chain))
    put("quote", "v5-size", header(5, 0x81) + struct.pack("<HI", 3, 584) + bytes(648))


if __name__ == "__main__":
    quotes(certificates())
    crls()
    documents()

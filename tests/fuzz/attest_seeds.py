#!/usr/bin/env python3
"""Writes the seeds of the verifier's targets: small documents made up here, whose signatures are none. Run it after a change and
commit what it writes."""

import base64
import json
import pathlib
import struct

SEEDS = pathlib.Path(__file__).resolve().parent / "seeds"
ECDSA = bytes.fromhex("300a06082a8648ce3d040302")
P256 = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
SGX = bytes.fromhex("2a864886f84d010d01")


def put(target, name, data):
    folder = SEEDS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def der(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    length = bytes([size]) if size < 128 else b"\x81" + bytes([size]) if size < 256 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + body


def sequence(*parts):
    return der(0x30, *parts)


def name(common):
    return sequence(der(0x31, sequence(der(6, bytes.fromhex("550403")), der(0x0c, common.encode()))))


def extension(oid, value, critical=True):
    return sequence(der(6, oid), *([der(1, b"\xff")] if critical else []), der(4, value))


def signed(tbs):
    return sequence(tbs, ECDSA, der(3, b"\0" + sequence(der(2, b"\1"), der(2, b"\1"))))


def sgx_extension():
    def entry(oid, value):
        return sequence(der(6, oid), value)
    tcb = [entry(SGX + bytes([2, i]), der(2, bytes([i]))) for i in range(1, 18)] + [entry(SGX + b"\2\x12", der(4, bytes(16)))]
    return sequence(entry(SGX + b"\1", der(4, bytes(16))), entry(SGX + b"\2", sequence(*tcb)), entry(SGX + b"\3", der(4, bytes(2))),
                    entry(SGX + b"\4", der(4, bytes(6))), entry(SGX + b"\5", der(10, b"\0")))


def certificate(subject, issuer, extensions):
    time = sequence(der(0x17, b"250101000000Z"), der(0x18, b"20500101000000Z"))
    key = sequence(P256, der(3, b"\0\4" + bytes(64)))
    return signed(sequence(der(0xa0, der(2, b"\2")), der(2, b"\1"), ECDSA, name(issuer), time, name(subject), key,
                           der(0xa3, sequence(*extensions))))


def pem(label, data):
    text = base64.b64encode(data).decode()
    lines = "\n".join(text[i:i + 64] for i in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


def certificates():
    ca = [extension(bytes.fromhex("551d13"), sequence(der(1, b"\xff"), der(2, b"\0"))), extension(bytes.fromhex("551d0f"), der(3, b"\1\6"))]
    leaf = [extension(SGX, sgx_extension(), critical=False)]
    chain = [certificate("X SGX PCK Certificate", "X SGX PCK Platform CA", leaf), certificate("X SGX PCK Platform CA", "X Root", ca),
             certificate("X Root", "X Root", ca)]
    put("certificate", "chain.pem", "".join(pem("CERTIFICATE", one) for one in chain))
    put("certificate", "chain.der", b"".join(chain))
    put("certificate", "percent", pem("CERTIFICATE", chain[2]).replace("\n", "%0A").replace(" ", "%20"))
    put("certificate", "cut", chain[0][:-9])
    return "".join(pem("CERTIFICATE", one) for one in chain).encode()


def crls():
    revoked = sequence(*(sequence(der(2, bytes([serial])), der(0x17, b"250101000000Z")) for serial in (1, 2)))
    number = der(0xa0, sequence(extension(bytes.fromhex("551d14"), der(2, b"\1"), critical=False)))
    crl = signed(sequence(der(2, b"\1"), ECDSA, name("X Root"), der(0x17, b"250101000000Z"), der(0x17, b"260101000000Z"), revoked, number))
    bare = signed(sequence(der(2, b"\1"), ECDSA, name("X Root"), der(0x17, b"250101000000Z")))
    put("crl", "der", crl)
    put("crl", "hex", crl.hex())
    put("crl", "base64", base64.b64encode(crl))
    put("crl", "pem", pem("X509 CRL", crl))
    put("crl", "bare", bare)


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
    put("quote", "v5-size", header(5, 0x81) + struct.pack("<HI", 3, 584) + bytes(648))


if __name__ == "__main__":
    quotes(certificates())
    crls()
    documents()

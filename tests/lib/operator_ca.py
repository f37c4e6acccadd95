"""An operator's CA and requests of platforms, for tests: keys and signatures are openssl's, the rest is the command's."""

import json
import os
import subprocess

QE = {"mrenclave": "11" * 32, "mrsigner": "22" * 32, "isv_prod_id": 1, "isv_svn": 3,
      "attributes": "15000000000000000700000000000000", "misc_select": "00000000"}


def openssl(*args, data=None):
    return subprocess.run(["openssl", *args], input=data, capture_output=True, check=True, timeout=60).stdout


def raw_signature(der):
    """r || s of a DER ECDSA-Sig-Value."""
    parts, at = [], 2
    while at < len(der):
        size = der[at + 1]
        parts.append(int.from_bytes(der[at + 2:at + 2 + size], "big").to_bytes(32, "big"))
        at += 2 + size
    return b"".join(parts)


def der_signature(raw):
    def integer(b):
        b = b.lstrip(b"\0") or b"\0"
        b = b"\0" + b if b[0] & 0x80 else b
        return b"\x02" + bytes([len(b)]) + b
    body = integer(raw[:32]) + integer(raw[32:])
    return b"\x30" + bytes([len(body)]) + body


def make_key(path):
    if not os.path.exists(path):
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)
    return path


def request_text(key, scratch, **changes):
    """The request of a platform whose PCK key is in the file `key`; signature=... instead of a true one."""
    public = openssl("pkey", "-in", key, "-pubout", "-outform", "DER")[-64:]
    r = {"version": 1, "pck_public_key": public.hex(), "ppid": "a1" * 16, "platform_instance_id": "b2" * 16,
         "cpu_svn": "0303020202010005" + "00" * 8, "pce_svn": 13, "pce_id": "0000", "fmspc": "00ad70000001",
         "qe": dict(QE)}
    signature = changes.pop("signature", None)
    r.update(changes)
    text = json.dumps(r, separators=(",", ":"))
    if signature is None:
        signed = os.path.join(scratch, "signed")
        with open(signed, "w", encoding="utf-8") as f:
            f.write(text)
        signature = raw_signature(openssl("dgst", "-sha256", "-sign", key, signed)).hex()
    r["signature"] = signature
    return json.dumps(r, separators=(",", ":")) + "\n"

"""DER as far as certificates and revocation lists need it, for documents that tests make up."""

import base64

ECDSA = bytes.fromhex("300a06082a8648ce3d040302")
P256 = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
SGX = bytes.fromhex("2a864886f84d010d01")
BASIC_CONSTRAINTS, KEY_USAGE, CRL_NUMBER = (bytes.fromhex(oid) for oid in ("551d13", "551d0f", "551d14"))


def der(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    length = bytes([size]) if size < 128 else b"\x81" + bytes([size]) if size < 256 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + body


def sequence(*parts):
    return der(0x30, *parts)


def integer(value):
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def name(common):
    return sequence(der(0x31, sequence(der(6, bytes.fromhex("550403")), der(0x0c, common.encode()))))


def moment(text):
    """From "2025-01-01T00:00:00Z"."""
    digits = "".join(c for c in text if c.isdigit())
    utc = 1950 <= int(digits[:4]) < 2050
    return der(0x17 if utc else 0x18, (digits[2:] if utc else digits).encode() + b"Z")


def extension(oid, value, critical=True):
    return sequence(der(6, oid), *([der(1, b"\xff")] if critical else []), der(4, value))


def ca_extensions():
    return [extension(BASIC_CONSTRAINTS, sequence(der(1, b"\xff"))), extension(KEY_USAGE, der(3, b"\1\6"))]


def signer_extensions():
    return [extension(BASIC_CONSTRAINTS, sequence()), extension(KEY_USAGE, der(3, b"\6\xc0"))]


def sgx_extension(components=bytes(range(1, 17)), pce_svn=17, pce_id=bytes(2), fmspc=bytes(6), sgx_type=0):
    def entry(oid, value):
        return sequence(der(6, oid), value)
    tcb = [entry(SGX + bytes([2, i + 1]), integer(svn)) for i, svn in enumerate([*components, pce_svn])]
    tcb.append(entry(SGX + b"\2\x12", der(4, bytes(16))))
    return extension(SGX, sequence(entry(SGX + b"\1", der(4, bytes(16))), entry(SGX + b"\2", sequence(*tcb)),
                                   entry(SGX + b"\3", der(4, pce_id)), entry(SGX + b"\4", der(4, fmspc)),
                                   entry(SGX + b"\5", der(10, bytes([sgx_type])))), critical=False)


def signed(tbs, signature):
    """`signature` gives DER for the bytes."""
    return sequence(tbs, ECDSA, der(3, b"\0" + signature(tbs)))


def certificate(subject, issuer, key, extensions, signature, serial=1, valid=("2025-01-01T00:00:00Z", "2050-01-01T00:00:00Z")):
    """`key`: x and y."""
    return signed(sequence(der(0xa0, integer(2)), integer(serial), ECDSA, name(issuer), sequence(*map(moment, valid)), name(subject),
                           sequence(P256, der(3, b"\0\4" + key)), der(0xa3, sequence(*extensions))), signature)


def crl(issuer, signature, revoked=(), valid=("2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), extensions=None):
    entries = [sequence(*(sequence(integer(serial), moment(valid[0])) for serial in revoked))] if revoked else []
    if extensions is None:
        extensions = [extension(CRL_NUMBER, integer(1), critical=False)]
    more = [der(0xa0, sequence(*extensions))] if extensions else []
    return signed(sequence(integer(1), ECDSA, name(issuer), *map(moment, valid[:2] if valid[1] else valid[:1]), *entries, *more),
                  signature)


def pem(label, data):
    text = base64.b64encode(data).decode()
    lines = "\n".join(text[i:i + 64] for i in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"

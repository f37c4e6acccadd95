"""Keys and signed tokens for tests, by the openssl command; an issuer that shows its keys over HTTP on the loopback."""

import base64
import hashlib
import http.server
import json
import os
import subprocess
import threading
import urllib.parse

DIGESTS = {"256": "sha256", "384": "sha384", "512": "sha512"}
CURVES = {"ES256": ("P-256", 32), "ES384": ("P-384", 48), "ES512": ("P-521", 66)}


def url64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


def integers(der):
    """R and S of an ECDSA signature."""
    at, found = (3 if der[1] & 0x80 else 2), []
    while at < len(der):
        size = der[at + 1]
        found.append(int.from_bytes(der[at + 2:at + 2 + size], "big"))
        at += 2 + size
    return found


class Key:
    """A key pair in a folder, for one algorithm."""

    def __init__(self, folder, alg, kid="one", bits=2048):
        self.alg, self.kid = alg, kid
        self.file = os.path.join(folder, f"{alg}-{kid}.pem")
        if alg in CURVES:
            kind = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:" + CURVES[alg][0]]
        elif alg == "EdDSA":
            kind = ["-algorithm", "ED25519"]
        else:
            kind = ["-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}"]
        openssl("genpkey", *kind, "-out", self.file)
        self.public = openssl("pkey", "-in", self.file, "-pubout").decode()

    def sign(self, data):
        if self.alg == "EdDSA":
            with open(self.file + ".data", "wb") as f:
                f.write(data)
            return openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.file, "-in", self.file + ".data")
        digest = ["dgst", "-" + DIGESTS[self.alg[2:]], "-sign", self.file]
        if self.alg.startswith("PS"):
            digest += ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
        signature = openssl(*digest, data=data)
        if self.alg in CURVES:
            size = CURVES[self.alg][1]
            return b"".join(n.to_bytes(size, "big") for n in integers(signature))
        return signature

    def token(self, claims, header=None):
        head = {"alg": self.alg, "kid": self.kid, "typ": "JWT"} if header is None else header
        text = url64(json.dumps(head).encode()) + "." + url64(json.dumps(claims).encode())
        return text + "." + url64(self.sign(text.encode()))

    def jwk(self):
        der = openssl("pkey", "-in", self.file, "-pubout", "-outform", "DER")
        made = {"kid": self.kid, "use": "sig", "alg": self.alg}
        if self.alg == "EdDSA":
            return dict(made, kty="OKP", crv="Ed25519", x=url64(der[-32:]))
        if self.alg in CURVES:
            curve, size = CURVES[self.alg]
            return dict(made, kty="EC", crv=curve, x=url64(der[-2 * size:-size]), y=url64(der[-size:]))
        n = openssl("rsa", "-in", self.file, "-noout", "-modulus").decode().strip().split("=")[1]
        return dict(made, kty="RSA", n=url64(bytes.fromhex(n)), e="AQAB")


class Issuer:
    """An OpenID provider of the barest kind: what is in `keys` it shows, what is in `codes` it exchanges."""

    def __init__(self):
        self.keys, self.codes, self.info, self.asked = [], {}, {}, []
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *arguments):
                pass

            def answer(self, what, status=200):
                body = json.dumps(what).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                issuer.asked.append(self.path)
                known = {"/.well-known/openid-configuration": issuer.description, "/keys": issuer.jwks,
                         "/userinfo": lambda: issuer.info}
                if self.path in known:
                    self.answer(known[self.path]())
                else:
                    self.answer({}, 404)

            def do_POST(self):
                size = int(self.headers["Content-Length"])
                form = dict(urllib.parse.parse_qsl(self.rfile.read(size).decode()))
                issuer.asked.append((self.path, form, self.headers.get("Authorization")))
                code = issuer.codes.pop(form.get("code"), None)
                challenge = url64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
                if not code or code["challenge"] != challenge:
                    self.answer({"error": "invalid_grant"}, 400)
                else:
                    self.answer({"access_token": "access", "token_type": "Bearer", "id_token": code["token"]})

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def description(self):
        return {"issuer": self.url, "jwks_uri": self.url + "/keys", "authorization_endpoint": self.url + "/authorize",
                "token_endpoint": self.url + "/token", "userinfo_endpoint": self.url + "/userinfo"}

    def jwks(self):
        return {"keys": [key.jwk() if isinstance(key, Key) else key for key in self.keys]}

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

"""A server of our own for tests: started natively on a free port of the loopback, stopped at the end, and asked over HTTP.

Every request is noted (method, path, what came back, with what kind of token) in the file that ADYTON_ENDPOINTS names, so
that count.py can say which endpoints were seen to succeed, to be denied, and to refuse bad input."""

import http.client
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = "root-token-of-the-tests"
HERE = pathlib.Path(__file__).resolve().parents[2]
SERVER = str(pathlib.Path(os.environ.get("ADYTON_BUILD", HERE / "build")) / "adyton-server")
sys.path.insert(0, str(HERE / "tests/tidy"))
import tap  # noqa: E402


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Answer:
    """Status, headers and body of an answer; the body's JSON by [] where it is an object."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        try:
            self.json = json.loads(body) if body else None
        except ValueError:
            self.json = None

    def __getitem__(self, name):
        return self.json[name]

    @property
    def data(self):
        return self.json["data"]

    @property
    def errors(self):
        return (self.json or {}).get("errors")

    def __repr__(self):
        return f"{self.status} {self.body[:600]!r}"


class Server:
    """With no configuration the developer's server: in memory, unsealed, its root token is ROOT."""

    def __init__(self, config=None, environment=None, arguments=(), tls=None):
        """`tls`: an ssl.SSLContext to speak it with."""
        self.tls = tls
        self.port = free_port()
        self.folder = tempfile.mkdtemp(prefix="adyton-server-")
        self.log = os.path.join(self.folder, "log")
        self.config = config
        self.environment = dict(os.environ, **(environment or {}))
        self.arguments = list(arguments)
        self.process = None
        self.root = ROOT
        self.start()

    def command(self):
        if self.config is None:
            return [SERVER, "-dev", f"-dev-root-token-id={ROOT}", f"-dev-listen-address=127.0.0.1:{self.port}",
                    *self.arguments]
        path = os.path.join(self.folder, "config.hcl")
        with open(path, "w", encoding="utf-8") as f:
            f.write(self.config.replace("{port}", str(self.port)).replace("{folder}", self.folder))
        return [SERVER, f"-config={path}", *self.arguments]

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=self.environment)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}: {self.output()}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.01)
        raise RuntimeError(f"the server did not listen within 20 s: {self.output()}")

    def output(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, keep=False):
        """Its exit status; the folder goes unless it is kept for another start."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            status = self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
        return status

    def ask(self, method, path, body=None, token=ROOT, headers=None, raw=False):
        """One request. `body`: an object that becomes JSON, or bytes as they are; token None: none is sent."""
        connection = (http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self.tls) if self.tls
                      else http.client.HTTPConnection("127.0.0.1", self.port, timeout=60))
        sent = dict(headers or {})
        token = self.root if token is ROOT else token
        if token:
            sent["X-Vault-Token"] = token
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        try:
            connection.request(method, path if path.startswith("/") else "/v1/" + path, body=data, headers=sent)
            got = connection.getresponse()
            answer = Answer(got.status, dict(got.getheaders()), got.read())
        finally:
            connection.close()
        note(method, path, answer.status, ROOT if token == self.root else token, body)
        return answer

    def initialise(self):
        """One share, unsealed; what init answered. Its root token is what requests carry from now on."""
        init = self.put("sys/init", {"secret_shares": 1, "secret_threshold": 1}, token=None)
        unsealed = self.put("sys/unseal", {"key": init["keys"][0]}, token=None)
        if init.status != 200 or unsealed["sealed"]:
            raise RuntimeError(f"init: {init}, unseal: {unsealed}")
        self.root = init["root_token"]
        return init.json

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def list(self, path, **more):
        return self.ask("LIST", path, **more)

    def post(self, path, body=None, **more):
        return self.ask("POST", path, body, **more)

    def put(self, path, body=None, **more):
        return self.ask("PUT", path, body, **more)

    def delete(self, path, **more):
        return self.ask("DELETE", path, **more)

    def patch(self, path, body=None, **more):
        return self.ask("PATCH", path, body, headers={"Content-Type": "application/merge-patch+json"}, **more)

    def token(self, *policies, **more):
        """A token with these policies only; with none it may next to nothing: for denials."""
        asked = dict(more, policies=list(policies) or ["nothing"], no_default_policy=True)
        return self.post("auth/token/create", asked)["auth"]["client_token"]


class Elsewhere(Server):
    """One that runs already, over TLS, as ADYTON_SERVER_AT says: {"port": ..., "token": ...}."""

    def __init__(self, given):  # pylint: disable=super-init-not-called
        given = json.loads(given)
        self.tls = ssl.create_default_context()
        self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE
        self.port, self.root = given["port"], given["token"]
        self.folder = tempfile.mkdtemp(prefix="adyton-server-")  # the client's own

    def stop(self, keep=False):
        shutil.rmtree(self.folder, ignore_errors=True)
        return 0


def mounted(method, path, body):
    """What a request mounts: "kv-v2" and so on; else nothing."""
    if method not in ("POST", "PUT") or not path.startswith(("sys/mounts/", "sys/auth/")) or not isinstance(body, dict):
        return ""
    kind = body.get("type", "") if not path.endswith("/tune") else ""
    version = (body.get("options") or {}).get("version", "1")
    return f"kv-v{version}" if kind == "kv" else kind if isinstance(kind, str) else ""


def note(method, path, status, token, body):
    file = os.environ.get("ADYTON_ENDPOINTS")
    if file:
        with open(file, "a", encoding="utf-8") as f:
            who = "root" if token == ROOT else "other" if token else "none"
            f.write(f"{method}\t{path}\t{status}\t{who}\t{mounted(method, path, body)}\n")


class ServerCase(unittest.TestCase):
    """Tests that share one developer's server."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.weak = cls.server.token()

    @classmethod
    def tearDownClass(cls):
        status = cls.server.stop()
        if status:
            raise RuntimeError(f"the server ended with {status}")

    def expect(self, status, answer):
        self.assertEqual(answer.status, status, answer)
        return answer

    def denied(self, method, path, body=None):
        """With a token that has no policy."""
        self.expect(403, self.server.ask(method, path, body, token=self.weak))


def main():
    if not os.path.exists(SERVER):
        print(f"SKIPPED: {SERVER} is not built")
        sys.exit(77)
    sys.exit(tap.run())

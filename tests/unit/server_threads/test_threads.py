#!/usr/bin/env python3
"""The secrets server under ThreadSanitizer, asked from many threads at once: engines, tokens, leases, logins, mounts that come
and go, audit devices, a reload, in memory and over SQLite. Skips, and says so, where ThreadSanitizer does not run."""

import base64
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading

SOURCE = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(SOURCE / "tests/server"))
import harness  # noqa: E402

RACE = 66
THREADS = 8
ROUNDS = int(os.environ.get("ADYTON_ROUNDS", "25"))
STORED = """storage "file" { path = "{folder}/data" }
seal "static" { current_key = "%s" }
listener "tcp" {
  address     = "127.0.0.1:{port}"
  tls_disable = true
}
""" % ("7a" * 32)
TEXT = base64.b64encode(b"text").decode()


def launcher(program):
    """How ThreadSanitizer runs here, found by a race that it must see; None and why."""
    why = ""
    for words in ([], ["setarch", "-R"]):
        if words and not shutil.which(words[0]):
            continue
        ended = subprocess.run([*words, program], env=dict(os.environ, TSAN_OPTIONS=f"exitcode={RACE}"), capture_output=True,
                               text=True, check=False, timeout=60)
        if ended.returncode == RACE and "data race" in ended.stderr:
            return words, ""
        if "FATAL: ThreadSanitizer" not in ended.stderr and "setarch" not in ended.stderr:
            sys.exit(f"not ok 1 - a race is seen\n# status {ended.returncode}\n{ended.stderr}")
        why = ended.stderr.strip().splitlines()[-1]
    return None, why


class Watched(harness.Server):
    def __init__(self, words, **more):
        self.words = words
        options = f"exitcode={RACE}:halt_on_error=0:suppressions={pathlib.Path(__file__).with_name('suppressions')}"
        super().__init__(environment={"TSAN_OPTIONS": options}, **more)

    def command(self):
        return [*self.words, *super().command()[1:]]


def prepare(s, audit):
    if s.config:
        s.root = s.put("sys/init", {"recovery_shares": 1, "recovery_threshold": 1}, token=None)["root_token"]
    rows = [("sys/mounts/two", {"type": "kv-v2"}), ("sys/mounts/one", {"type": "kv"}), ("sys/mounts/transit", {"type": "transit"}),
            ("sys/mounts/pki", {"type": "pki"}), ("sys/mounts/totp", {"type": "totp"}), ("sys/auth/approle", {"type": "approle"}),
            ("sys/auth/userpass", {"type": "userpass"}), ("auth/approle/role/app", {"token_policies": ["default"]}),
            ("auth/userpass/users/ann", {"password": "p", "token_policies": ["default"]}), ("transit/keys/k", {}),
            ("pki/root/generate/internal", {"common_name": "root", "key_type": "ec"}),
            ("pki/roles/r", {"allow_any_name": True, "key_type": "ec"}),
            ("sys/audit/file", {"type": "file", "options": {"file_path": audit}})]
    for path, body in rows:
        answer = s.post(path, body)
        if answer.status not in (200, 204):
            raise RuntimeError(f"{path}: {answer}")
    return s.get("auth/approle/role/app/role-id").data["role_id"]


def steps(s, me, number, role):
    """What a client does in one round; some meet the same entries as other threads'."""
    yield s.post(f"two/data/{number % 3}", {"data": {"n": number}})
    yield s.get(f"two/data/{number % 3}")
    yield s.post(f"one/{me}", {"n": number})
    yield s.list("one")
    yield s.post("transit/encrypt/k", {"plaintext": TEXT})
    yield s.post("transit/hmac/k", {"input": TEXT})
    secret = s.post("auth/approle/role/app/secret-id", {})
    yield secret
    login = s.post("auth/approle/login", {"role_id": role, "secret_id": secret.data["secret_id"]}, token=None)
    yield login
    token = login["auth"]["client_token"]
    yield s.get("auth/token/lookup-self", token=token)
    yield s.post("auth/token/renew-self", {}, token=token)
    yield s.post("auth/token/revoke-self", {}, token=token)
    yield s.post("auth/token/create", {"ttl": "1s", "num_uses": 2})
    yield s.post("sys/wrapping/wrap", {"a": 1}, headers={"X-Vault-Wrap-TTL": "60"})
    yield s.put(f"sys/policies/acl/p{me % 2}", {"policy": f'path "two/data/{number}" {{ capabilities = ["read"] }}'})
    yield s.get("sys/metrics?format=prometheus")
    yield s.get("sys/internal/ui/mounts")
    yield s.post("identity/entity", {"name": f"e{me % 3}"})
    if number % 6 == me % 6:
        yield s.post("pki/issue/r", {"common_name": f"{me}.example", "ttl": "1h"})
        yield s.post("auth/userpass/login/ann", {"password": "p"}, token=None)
        yield s.post("transit/keys/k/rotate", {})
        yield s.post(f"sys/mounts/m{me}", {"type": "kv"})
        yield s.post(f"m{me}/a", {"b": "c"})
        yield s.delete(f"sys/mounts/m{me}")
        yield s.post(f"sys/audit/a{me}", {"type": "file", "options": {"file_path": "discard"}})
        yield s.delete(f"sys/audit/a{me}")
        yield s.put("sys/rotate", {})
        yield s.get("sys/in-flight-req")
        yield s.get("sys/host-info")
        s.process.send_signal(signal.SIGHUP)


def client(s, me, role, wrong):
    try:
        for number in range(ROUNDS):
            for at, answer in enumerate(steps(s, me, number, role)):
                if answer.status not in (200, 204):
                    wrong.append(f"step {at}: {answer}")
    except Exception as error:  # pylint: disable=broad-except
        wrong.append(repr(error))


def load(number, name, words, config):
    """One server's life; a race that it had is its exit status."""
    s = Watched(words, config=config)
    wrong = []
    try:
        role = prepare(s, os.path.join(s.folder, "audit.log"))
        threads = [threading.Thread(target=client, args=(s, i, role, wrong)) for i in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        status = s.stop(keep=True)
        said = s.output()
        shutil.rmtree(s.folder, ignore_errors=True)
    good = status == 0 and not wrong
    print(f"{'' if good else 'not '}ok {number} - {name}")
    for line in [f"status {status}", *wrong[:5], *(said.splitlines()[:int(os.environ.get('ADYTON_LINES', '150'))])] if not good else []:
        print(f"# {line}")
    return good


def main():
    race, program = sys.argv[1:3]
    words, why = launcher(race)
    if words is None:
        print(f"ThreadSanitizer does not run here, so races of the server's threads are not looked for: {why}")
        return 77
    print("1..3\nok 1 - a race is seen")
    good = load(2, "in memory", [*words, program], None)
    good &= load(3, "over SQLite", [*words, program], STORED)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Images from definition to signature, against a second computation of everything that is measured.

usage: test_image.py ADYTON KERNEL"""

import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tidy"))
import tap  # noqa: E402

ADYTON, KERNEL = map(os.path.abspath, sys.argv[1:3])
PAGE = 4096
ELRANGE, DEFINITION, THREAD0 = 1 << 40, 0xfc02000000, 0xfc03000000
REG, TCS, R, W, X = 0x200, 0x100, 1, 2, 4

DEFINITION_TEXT = """image "shop" {
  rootfs = "root"
  entrypoint = ["/bin/x", "arg"]
  environment = { PATH = "/bin", A-B = "1", A = "2" }
  memory = "64MiB"
  threads = 4
  product_id = 7
  security_version = 3
  allow {
    arguments = true
    environment = ["TERM", "LANG"]
  }
  mount "/data" { type = "host" source = "/srv/data" read_only = true }
  mount "/a" { type = "tmpfs" }
}
"""


def pages_up(data):
    return data + bytes(-len(data) % PAGE)


def record(kind, data):
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def mount(kind, flags, path, source):
    return struct.pack("<IIII", kind, flags, len(path), len(source)) + path.encode() + source.encode()


def compiled(data_blocks, hash_blocks, root_hash):
    """What DEFINITION_TEXT compiles to, by abi/image.h."""
    return b"".join([
        record(1, struct.pack("<II", 1, 1)), record(3, struct.pack("<Q", 64 << 20)), record(4, struct.pack("<Q", 4)),
        record(5, struct.pack("<QQ", data_blocks, hash_blocks) + root_hash), record(7, b"/bin/x"), record(7, b"arg"),
        record(8, b"A=2"), record(8, b"A-B=1"), record(8, b"PATH=/bin"), record(10, b"LANG"), record(10, b"TERM"),
        record(11, mount(1, 0, "/a", "")), record(11, mount(2, 1, "/data", "/srv/data")), record(12, b"")])


def kernel_pages():
    """(address, SECINFO flags, content) of every page of the kernel's segments."""
    elf = pathlib.Path(KERNEL).read_bytes()
    entry, table = struct.unpack_from("<QQ", elf, 24)
    size, count = struct.unpack_from("<HH", elf, 54)
    for i in range(count):
        kind, flags, offset, address, _, file_size, memory_size = struct.unpack_from("<IIQQQQQ", elf, table + i * size)
        if kind != 1:
            continue
        content = pages_up(elf[offset:offset + file_size].ljust(memory_size, b"\0"))
        rwx = (R if flags & 4 else 0) | (W if flags & 2 else 0) | (X if flags & 1 else 0)
        for at in range(0, len(content), PAGE):
            yield address + at, REG | rwx, content[at:at + PAGE]


def thread_pages(debug):
    entry, = struct.unpack_from("<Q", pathlib.Path(KERNEL).read_bytes(), 24)
    tcs = struct.pack("<QQQIIQQQQII", 0, debug, THREAD0 + 0x1000, 0, 2, entry, 0, THREAD0 + 0x3000, THREAD0 + 0x3000,
                      0xffffffff, 0xffffffff)
    yield THREAD0, TCS, tcs.ljust(PAGE, b"\0")
    for first, count in ((0x1000, 2), (0x3000, 2), (0x6000, 2), (0x9000, 8)):
        for i in range(count):
            yield THREAD0 + first + i * PAGE, REG | R | W, bytes(PAGE)


def mrenclave(definition, debug=0):
    hashed = hashlib.sha256(b"ECREATE\0" + struct.pack("<IQ44x", 1, ELRANGE))
    definition = pages_up(definition)
    pages = list(kernel_pages())
    pages += [(DEFINITION + at, REG | R, definition[at:at + PAGE]) for at in range(0, len(definition), PAGE)]
    for address, flags, content in pages + list(thread_pages(debug)):
        hashed.update(b"EADD\0\0\0\0" + struct.pack("<QQ40x", address, flags))
        for at in range(0, PAGE, 256):
            hashed.update(b"EEXTEND\0" + struct.pack("<Q48x", address + at) + content[at:at + 256])
    return hashed.hexdigest()


class ImageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="adyton-image-"))
        cls.environment = dict(os.environ, HOME=str(cls.folder), ADYTON_KERNEL=KERNEL, XDG_CONFIG_HOME="")
        cls.make_root(cls.folder / "root", ["bin/x", "etc/one", "etc/two", "zzz"])
        (cls.folder / "app.hcl").write_text(DEFINITION_TEXT)
        cls.image = cls.folder / "app.adyton"
        cls.built = cls.adyton("build", "app.hcl", "-o", "app.adyton", "--sgxs", "app.sgxs")
        assert cls.built.returncode == 0, cls.built.stderr

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    @classmethod
    def adyton(cls, *args, **more):
        environment = dict(cls.environment, **more)
        return subprocess.run([ADYTON, *map(str, args)], capture_output=True, text=True, cwd=cls.folder,
                              env=environment, stdin=subprocess.DEVNULL, timeout=60)

    @staticmethod
    def make_root(root, names):
        root.mkdir(parents=True)
        for name in names:
            path = root / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(name.encode() * 3000)
            path.chmod(0o755)
        (root / "link").symlink_to("bin/x")
        os.link(root / "zzz", root / "etc/hard")

    def inspect(self, *args):
        done = self.adyton("inspect", "--json", *args)
        self.assertEqual(done.stderr, "")
        return json.loads(done.stdout)

    def refused(self, path, sentence, *args):
        done = self.adyton("inspect", *args, path)
        self.assertEqual(done.returncode, 125, done.stdout)
        self.assertEqual(done.stdout, "")
        self.assertIn(sentence, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)

    def test_measurement_is_that_of_a_second_computation(self):
        data = self.image.read_bytes()
        _, root_size, _, hash_size = struct.unpack_from("<QQQQ", data, 88)
        info = self.inspect(self.image)
        expected = mrenclave(compiled(root_size // PAGE, hash_size // PAGE, bytes.fromhex(info["root_hash"])))
        self.assertEqual(info["mrenclave"], expected)
        self.assertIn(expected, self.built.stdout)
        self.assertEqual(hashlib.sha256((self.folder / "app.sgxs").read_bytes()).hexdigest(), expected)
        self.assertEqual(self.inspect("app.sgxs")["mrenclave"], expected)

    def test_json_says_what_the_definition_says(self):
        info = self.inspect(self.image)
        self.assertEqual((info["product_id"], info["security_version"], info["debug"]), (7, 3, False))
        self.assertEqual((info["development"], info["elrange"], info["verified"]), (True, ELRANGE, False))
        self.assertRegex(info["mrsigner"], "^[0-9a-f]{64}$")
        self.assertTrue(all(isinstance(sentence, str) for sentence in info["insecure"]))
        for part in ("development", "host arguments", "TERM", "/srv/data"):
            self.assertTrue(any(part in sentence for sentence in info["insecure"]), part)
        self.assertTrue(self.inspect("--verify", self.image)["verified"])

    def test_what_must_not_matter_does_not(self):
        other = self.folder / "elsewhere" / "deep"
        names = ["zzz", "etc/two", "bin/x", "etc/one"]
        self.make_root(other / "root", names)
        for path in [other / "root", *other.glob("root/**/*")]:
            os.utime(path, (1, 1), follow_symlinks=False)
            if os.geteuid() == 0:
                os.chown(path, 1234, 70000, follow_symlinks=False)
        (other / "b.hcl").write_text(DEFINITION_TEXT.replace('"shop"', '"another"'))
        self.assertEqual(self.adyton("build", other / "b.hcl", "-o", "b.adyton").returncode, 0)
        a, b = self.inspect(self.image), self.inspect("b.adyton")
        self.assertEqual(a["mrenclave"], b["mrenclave"])
        self.assertEqual(b["label"], "another")
        as_json = {"image": {"x": {"rootfs": str(self.folder / "root"), "entrypoint": ["/bin/x", "arg"], "threads": 4,
                                   "environment": {"A": "2", "A-B": "1", "PATH": "/bin"}, "memory": "65536KiB",
                                   "allow": {"environment": ["LANG", "TERM"], "arguments": True},
                                   "mount": {"/data": {"type": "host", "source": "/srv/data", "read_only": True},
                                             "/a": {"type": "tmpfs"}}, "product_id": 7, "security_version": 3}}}
        (self.folder / "c.json").write_text(json.dumps(as_json))
        self.assertEqual(self.adyton("build", "c.json", "-o", "c.adyton").returncode, 0)
        self.assertEqual(self.inspect("c.adyton")["mrenclave"], a["mrenclave"])

    def test_what_must_matter_does(self):
        base = self.inspect(self.image)["mrenclave"]
        changes = [("64MiB", "65MiB"), ("threads = 4", "threads = 5"), ('"arg"', '"arh"'), ("LANG", "LANF"),
                   ("arguments = true", "arguments = false"), ('A = "2"', 'A = "3"'), ("read_only = true", ""),
                   ("threads = 4", "threads = 4 debug = true"), ("threads = 4", "threads = 4 ordinary_memory = true"),
                   ("threads = 4", 'threads = 4 working_directory = "/x"')]
        seen = {base}
        for before, after in changes:
            (self.folder / "d.hcl").write_text(DEFINITION_TEXT.replace(before, after))
            self.assertEqual(self.adyton("build", "d.hcl", "-o", "d.adyton").returncode, 0, after)
            seen.add(self.inspect("d.adyton")["mrenclave"])
        self.assertEqual(len(seen), len(changes) + 1)
        self.assertEqual(self.inspect("d.adyton")["debug"], False)

    def test_debug_is_in_the_attributes(self):
        (self.folder / "e.hcl").write_text(DEFINITION_TEXT.replace("threads = 4", "threads = 4 debug = true"))
        self.assertEqual(self.adyton("build", "e.hcl", "-o", "e.adyton").returncode, 0)
        info = self.inspect("e.adyton")
        self.assertTrue(info["debug"])
        self.assertEqual(info["attributes"]["flags"], "0x6")
        self.assertTrue(any("debug" in sentence for sentence in info["insecure"]))

    def test_veritysetup_agrees(self):
        tool = shutil.which("veritysetup") or shutil.which("veritysetup", path="/usr/sbin:/sbin")
        if not tool:
            self.skipTest("veritysetup is not installed")
        big = self.folder / "big.hcl"
        root = self.folder / "big"
        root.mkdir()
        (root / "blob").write_bytes(random.Random(1).randbytes(PAGE * 40000))  # three levels of hashes
        big.write_text('image "big" { rootfs = "big" entrypoint = ["/x"] }')
        self.assertEqual(self.adyton("build", big, "-o", "big.adyton").returncode, 0)
        root_hash = self.inspect("--verify", "big.adyton")["root_hash"]
        data = (self.folder / "big.adyton").read_bytes()
        root_at, root_size, hash_at, hash_size = struct.unpack_from("<QQQQ", data, 88)
        (self.folder / "data").write_bytes(data[root_at:root_at + root_size])
        (self.folder / "tree").write_bytes(data[hash_at:hash_at + hash_size])
        subprocess.run([tool, "verify", "--no-superblock", "--salt=-", "--hash=sha256", "--data-block-size=4096",
                        "--hash-block-size=4096", f"--data-blocks={root_size // PAGE}", self.folder / "data",
                        self.folder / "tree", root_hash], check=True)
        fsck = shutil.which("fsck.erofs")
        if fsck:
            subprocess.run([fsck, self.folder / "data"], check=True, stdout=subprocess.DEVNULL)

    def test_an_erofs_image_is_a_root(self):
        data = self.image.read_bytes()
        root_at, root_size = struct.unpack_from("<QQ", data, 88)
        (self.folder / "root.erofs").write_bytes(data[root_at:root_at + root_size])
        (self.folder / "f.hcl").write_text(DEFINITION_TEXT.replace('"root"', '"root.erofs"'))
        self.assertEqual(self.adyton("build", "f.hcl", "-o", "f.adyton").returncode, 0)
        self.assertEqual(self.inspect("f.adyton")["mrenclave"], self.inspect(self.image)["mrenclave"])

    def test_an_empty_root_has_a_tree(self):
        (self.folder / "empty").mkdir()
        (self.folder / "g.hcl").write_text('image "g" { rootfs = "empty" entrypoint = ["/x"] }')
        self.assertEqual(self.adyton("build", "g.hcl", "-o", "g.adyton").returncode, 0)
        self.assertEqual(self.inspect("--verify", "g.adyton")["root_size"], 2 * PAGE)

    def test_definition_errors_name_the_place(self):
        good, tmpfs = 'rootfs = "root" entrypoint = ["/x"]', '{ type = "tmpfs" }'
        cases = [
            ('image "x" {\n  rootfs = "root"\n  entrypont = ["/x"]\n}', 3, 3, "entrypont"),
            ('image "x" {\n  rootfs = 7\n}', 2, 12, "expected a string, found a number"),
            ('image "x" {\n rootfs = "root"\n}', 1, 11, "expected the key entrypoint"),
            ('image "x" {}', 1, 11, "expected the key rootfs"),
            ("", 1, 1, 'expected image "name"'),
            ("image {}", 1, 7, "label"),
            ('image "x" "y" {}', 1, 11, "too many labels"),
            ('picture "x" {}', 1, 1, "found picture"),
            (f'image "x" {{ {good} }}\nimage "y" {{ {good} }}', 2, 1, "found a second"),
            (f'image "x" {{ {good}\n threads = "4" }}', 2, 12, "expected a whole number from 1"),
            (f'image "x" {{ {good}\n threads = 0 }}', 2, 12, "found 0"),
            (f'image "x" {{ {good}\n product_id = 65536 }}', 2, 15, "from 0 to 65535, found 65536"),
            (f'image "x" {{ {good}\n memory = 64MiB }}', 2, 13, "quotes"),
            (f'image "x" {{ {good}\n memory = "64MB" }}', 2, 11, "expected a size"),
            (f'image "x" {{ {good}\n memory = "99999999999TiB" }}', 2, 11, "expected a size"),
            (f'image "x" {{ {good}\n debug = 1 }}', 2, 10, "expected true or false, found a number"),
            (f'image "x" {{ {good}\n processor = "sgx1" }}', 2, 14, '"sgx1" is not supported yet'),
            (f'image "x" {{ {good}\n elrange = "64GiB" }}', 2, 12, "not supported yet"),
            (f'image "x" {{ {good}\n mount "/d" {{ type = "encrypted" source = "/s" }} }}', 2, 22, "not supported yet"),
            (f'image "x" {{ {good}\n mount "d" {{ type = "tmpfs" }} }}', 2, 2, "absolute path"),
            (f'image "x" {{ {good}\n mount "/d" {{ type = "host" }} }}', 2, 13, "expected the key source"),
            (f'image "x" {{ {good}\n mount "/d" {{ type = "host" source = "s" }} }}', 2, 38, "absolute path"),
            (f'image "x" {{ {good}\n mount "/d" {tmpfs}\n mount "/d" {tmpfs} }}', 3, 2, "one mount"),
            (f'image "x" {{ {good}\n environment = {{ A = 1 }} }}', 2, 22, "expected a string, found a number"),
            (f'image "x" {{ {good}\n environment = {{ "A=B" = "1" }} }}', 2, 18, "A=B"),
            (f'image "x" {{ {good}\n allow {{ argument = true }} }}', 2, 10, "expected a key of allow"),
            ('image "x" { rootfs = "root"\n entrypoint = ["x"] }', 2, 16, "absolute path of the program"),
            ('image "x" { rootfs = "root"\n entrypoint = [] }', 2, 15, "an empty list"),
            ('{"image": {"x": {"rootfs": "root",\n "entrypoint": "/x"}}}', 2, 16, "expected a list of strings"),
            ('image "x" { rootfs = "a"\n rootfs = "b" }', 2, 2, "once"),
        ]
        for text, line, column, sentence in cases:
            (self.folder / "bad.hcl").write_text(text)
            done = self.adyton("build", "bad.hcl", "-o", "bad.adyton")
            self.assertEqual(done.returncode, 125, text)
            self.assertIn(f"bad.hcl:{line}:{column}: ", done.stderr, text)
            self.assertIn(sentence, done.stderr, text)
            self.assertFalse((self.folder / "bad.adyton").exists())

    def test_keys_and_passphrases(self):
        self.assertEqual(self.adyton("keygen", "-o", "k.pem").returncode, 0)
        self.assertEqual((self.folder / "k.pem").stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.adyton("keygen", "-o", "k.pem").returncode, 125)  # an existing key is kept
        (self.folder / "phrase").write_text("open sesame\n")
        (self.folder / "wrong").write_text("open barley\n")
        self.assertEqual(self.adyton("keygen", "-o", "p.pem", "--passphrase-file=phrase").returncode, 0)
        self.assertIn("ENCRYPTED", (self.folder / "p.pem").read_text())
        shutil.copy(self.image, self.folder / "signed.adyton")
        before = self.inspect("signed.adyton")
        for key, more in (("k.pem", []), ("p.pem", ["--passphrase-file=phrase"])):
            done = self.adyton("sign", f"--key={key}", *more, "signed.adyton")
            self.assertEqual(done.returncode, 0, done.stderr)
            after = self.inspect("signed.adyton")
            self.assertEqual(after["mrenclave"], before["mrenclave"])
            self.assertEqual(after["mrsigner"], self.mrsigner(key))
            self.assertFalse(after["development"])
            self.assertEqual((after["product_id"], after["security_version"]), (7, 3))
        for more in ([], ["--passphrase-file=wrong"]):
            done = self.adyton("sign", "--key=p.pem", *more, "signed.adyton")
            self.assertEqual(done.returncode, 125)
            self.assertIn("passphrase", done.stderr)
        self.assertEqual(self.inspect("signed.adyton")["mrsigner"], after["mrsigner"])
        done = self.adyton("build", "app.hcl", "-o", "h.adyton", "--key=k.pem")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(self.inspect("h.adyton")["mrenclave"], before["mrenclave"])

    def mrsigner(self, key):
        command = ["openssl", "rsa", "-in", self.folder / key, "-passin", "pass:open sesame", "-noout", "-modulus"]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return hashlib.sha256(bytes.fromhex(text.split("=")[1])[::-1]).hexdigest()

    def test_development_key(self):
        path = self.folder / ".config/adyton/development.pem"
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.inspect(self.image)["mrsigner"], self.mrsigner(path))
        path.chmod(0o644)
        done = self.adyton("build", "app.hcl", "-o", "i.adyton")
        path.chmod(0o600)
        self.assertEqual(done.returncode, 125)
        self.assertIn("expected mode 0600, found 0644", done.stderr)

    def test_other_keys_are_refused(self):
        subprocess.run(["openssl", "genrsa", "-out", self.folder / "f4.pem", "2048"], check=True, capture_output=True)
        done = self.adyton("sign", "--key=f4.pem", "app.adyton")
        self.assertIn("expected an RSA key of 3072 bits with exponent 3, found RSA of 2048 bits", done.stderr)

    def test_signature_holds_by_arithmetic(self):
        sig = self.image.read_bytes()[2048:2048 + 1808]
        n, s = (int.from_bytes(sig[at:at + 384], "little") for at in (128, 516))
        q1, q2 = (int.from_bytes(sig[at:at + 384], "little") for at in (1040, 1424))
        self.assertEqual(q1, s * s // n)
        self.assertEqual(q2, (s ** 3 - q1 * s * n) // n)
        prefix = bytes.fromhex("3031300d060960864801650304020105000420")
        message = prefix + hashlib.sha256(sig[:128] + sig[900:1028]).digest()
        padded = b"\0\1" + b"\xff" * (384 - 3 - len(message)) + b"\0" + message
        self.assertEqual(pow(s, 3, n), int.from_bytes(padded, "big"))
        self.assertEqual(int.from_bytes(sig[944:952], "little"), (1 << 64) - 1)  # ATTRIBUTEMASK.FLAGS
        self.assertEqual(int.from_bytes(sig[952:960], "little"), 3)              # .XFRM: fewer features are allowed

    def test_whole_files_are_reproducible(self):
        for name in ("j1", "j2"):
            self.assertEqual(self.adyton("build", "app.hcl", "-o", name, SOURCE_DATE_EPOCH="1000000000").returncode, 0)
        self.assertEqual((self.folder / "j1").read_bytes(), (self.folder / "j2").read_bytes())
        self.assertEqual(self.inspect("j1")["signed_on"], "2001-09-09")

    def test_every_damage_is_found(self):
        good = self.image.read_bytes()
        path = self.folder / "damaged"
        label = range(120, 184)
        rng = random.Random(2)
        places = [at for at in range(0, 912) if at not in label] + [rng.randrange(912, PAGE) for _ in range(300)]
        places += [rng.randrange(PAGE, len(good)) for _ in range(60)]
        for at in places:
            damaged = bytearray(good)
            damaged[at] ^= 1 << rng.randrange(8)
            path.write_bytes(damaged)
            done = self.adyton("inspect", "--verify", path)
            self.assertEqual(done.returncode, 125, f"byte {at}")
            self.assertEqual((done.stdout, done.stderr.count("\n")), ("", 1), f"byte {at}")
        for size in [0, 1, 8, 511, 4095, 4096, 8192, len(good) - 1, len(good) - 4096]:
            path.write_bytes(good[:size])
            self.assertEqual(self.adyton("inspect", path).returncode, 125, f"cut to {size}")
        path.write_bytes(good + bytes(PAGE))
        self.refused(path, f"made longer: expected {len(good)} bytes, found {len(good) + PAGE}")
        path.write_bytes(good[:-1])
        self.refused(path, "cut off")

    def test_a_changed_block_is_named(self):
        good = bytearray(self.image.read_bytes())
        root_at, root_size = struct.unpack_from("<QQ", good, 88)
        path = self.folder / "block"
        for at in range(0, root_size, PAGE):
            text = bytes(good[root_at + at:root_at + at + 40]).decode("ascii", "replace")
            names = {"bin/x": "/bin/x", "etc/one": "/etc/one", "etc/two": "/etc/two", "zzz": "(/etc/hard|/zzz)"}
            owners = [names[name] for name in names if name * 4 in text]
            if owners:
                damaged = bytearray(good)
                damaged[root_at + at + 5] ^= 1
                path.write_bytes(damaged)
                done = self.adyton("inspect", "--verify", path)
                expected = f"block {at // PAGE} of {root_size // PAGE}, in {owners[0]}, is not what was measured"
                self.assertRegex(done.stderr, expected)
        self.assertEqual(self.adyton("inspect", path).returncode, 0)  # without --verify only measured pages are read

    def test_kernels_that_are_refused(self):
        elf = pathlib.Path(KERNEL).read_bytes()
        table, = struct.unpack_from("<Q", elf, 32)
        cases = [(b"x", "expected an ELF file"), (elf[:16] + b"\3" + elf[17:], "of type EXEC"),
                 (elf.replace(b".enclu", b".enclv"), "section .enclu"),
                 (elf[:table + 4] + b"\7" + elf[table + 5:], "expected R, RX or RW"),
                 (elf[:table + 17] + b"\1" + elf[table + 18:], "expected a page-aligned place"),
                 (elf[:24] + bytes(8) + elf[32:], "expected the entry in an executable segment"),
                 (elf[:2000], "do not lie inside the file")]
        path = self.folder / "kernel"
        for content, sentence in cases:
            path.write_bytes(content)
            done = self.adyton("build", "app.hcl", "-o", "l.adyton", ADYTON_KERNEL=str(path))
            self.assertEqual(done.returncode, 125)
            self.assertIn(sentence, done.stderr)
        done = self.adyton("build", "app.hcl", "-o", "l.adyton", ADYTON_KERNEL="/none")
        self.assertIn("cannot read /none", done.stderr)

    def test_roots_that_are_refused(self):
        for root, sentence in (("none", "cannot read"), ("app.hcl", "a folder or an EROFS image")):
            (self.folder / "m.hcl").write_text(f'image "m" {{ rootfs = "{root}" entrypoint = ["/x"] }}')
            done = self.adyton("build", "m.hcl", "-o", "m.adyton")
            self.assertEqual(done.returncode, 125)
            self.assertIn(sentence, done.stderr)

    def test_measured_streams_of_others(self):
        good = (self.folder / "app.sgxs").read_bytes()
        unmeasured = b"UNMEASRD" + struct.pack("<Q48x", THREAD0 + 0x10000) + bytes(256)
        path = self.folder / "x.sgxs"
        path.write_bytes(good + unmeasured)
        info = self.inspect(path)
        self.assertEqual(info["mrenclave"], hashlib.sha256(good).hexdigest())
        self.assertEqual((info["unmeasured_chunks"], info["ssa_frame_size"]), (1, 1))
        for content, sentence in ((good[:-1], "ends inside"), (good + good, "second ECREATE"),
                                  (good[:12] + b"\3" + good[13:], "power of two"),
                                  (good[:64] + bytes(64), "expected EADD"),
                                  (good[:64] + good[128:], "chunk of the page")):
            path.write_bytes(content)
            self.refused(path, sentence)

    def test_sigstructs_of_others(self):
        beside = pathlib.Path(__file__).resolve().parents[4] / "shared/vectors"
        folder = pathlib.Path(os.environ.get("ADYTON_VECTORS", beside)) / "sigstruct"
        if not folder.is_dir():
            self.skipTest(f"SKIPPED: no evidence in {folder}")
        ends = {"sig1.sigstruct.bin": "a75d", "test_enclave.sig": "198fc", "le.signed.sig": "b4574",
                "gramine-test.sig": "c81b"}
        for path in sorted(folder.iterdir()):
            info = self.inspect(path)
            self.assertTrue(info["valid"] and info["mrenclave"].endswith(ends[path.name]), path)
            self.assertEqual(info["vendor"], "0x8086" if path.name == "le.signed.sig" else "0x0")
            good = path.read_bytes()
            for at, code in ((0, 1), (17, 1), (512, 1), (910, 1), (130, 8), (600, 8), (1026, 8), (1100, 8), (1500, 8)):
                damaged = bytearray(good)
                damaged[at] ^= 4
                (self.folder / "x.sig").write_bytes(damaged)
                done = self.adyton("inspect", "--json", "x.sig")
                self.assertEqual(done.returncode, 125)
                info = json.loads(done.stdout)
                self.assertEqual((info["valid"], info["einit"]), (False, code), at)

    def test_crypto_ignores_the_users_configuration(self):
        text = "openssl_conf = x\n[x]\nproviders = y\n[y]\nnull = z\n[z]\nactivate = 1\n"
        (self.folder / "openssl.cnf").write_text(text)
        done = self.adyton("build", "app.hcl", "-o", "n.adyton", OPENSSL_CONF=str(self.folder / "openssl.cnf"))
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    del sys.argv[1:]
    sys.exit(tap.run())

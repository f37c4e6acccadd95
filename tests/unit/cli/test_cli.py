#!/usr/bin/env python3
"""The command line's contract, with a stand-in for the host program.

usage: test_cli.py ADYTON KERNEL"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tidy"))
import tap  # noqa: E402

ADYTON, KERNEL = map(os.path.abspath, sys.argv[1:3])
STRICT, QUICK = 1, 2


class CliTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="adyton-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)
        for name in ("bin", "lib/adyton", "work", "path1", "path2"):
            (self.folder / name).mkdir(parents=True)
        shutil.copy(ADYTON, self.folder / "bin/adyton")
        shutil.copy(KERNEL, self.folder / "lib/adyton/adyton-kernel")
        shutil.copy(pathlib.Path(__file__).parent / "fake_host.py", self.folder / "lib/adyton/adyton-host")
        for name in ("adyton-host", "adyton-guard"):
            (self.folder / "lib/adyton" / name).touch()
            (self.folder / "lib/adyton" / name).chmod(0o755)
        self.environment = {"HOME": str(self.folder), "PATH": f"{self.folder}/path1:{self.folder}/path2:/usr/bin:/bin",
                            "ODD": "a=b\nc"}

    def adyton(self, *args, folder=None, **more):
        return subprocess.run([self.folder / "bin/adyton", *map(str, args)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, cwd=folder or self.folder / "work", timeout=60,
                              env=dict(self.environment, **more))

    def launch(self, *args, **more):
        done = self.adyton("run", *args, **more)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)

    def fails(self, status, sentence, *args, **more):
        done = self.adyton(*args, **more)
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        self.assertTrue(done.stderr.startswith("adyton: "), done.stderr)
        self.assertIn(sentence, done.stderr)

    def image(self, text="", name="app.adyton"):
        work = self.folder / "work"
        (work / "root").mkdir(exist_ok=True)
        (work / "app.hcl").write_text('image "a" { rootfs = "root" entrypoint = ["/x"] %s }' % text)
        self.assertEqual(self.adyton("build", "app.hcl", "-o", name).returncode, 0)
        return work / name

    def test_quick_run(self):
        launch = self.launch("true", "-x", "--", "--stats=y", "")
        self.assertEqual(launch["argv"], ["true", "-x", "--", "--stats=y", ""])
        self.assertEqual(launch["program"], shutil.which("true", path="/usr/bin:/bin"))
        self.assertEqual((launch["magic"], launch["version"], launch["whole"]), ("4144594c4e434801", 1, True))
        self.assertEqual((launch["image"], launch["flags"], launch["stats"]), ("414459544f4e0001", QUICK, False))
        self.assertEqual((launch["trace"], launch["trace_names"]), (0, None))
        self.assertEqual((launch["memory"], launch["processor"]), (0, 0))
        self.assertEqual(launch["cwd"], str(self.folder / "work"))
        self.assertIn("ODD=a=b\nc", launch["envp"])
        self.assertEqual(len(launch["envp"]), len(self.environment))
        self.assertEqual(launch["guard"], str(self.folder / "bin/../lib/adyton/adyton-guard"))
        self.assertIsNone(launch["keys"])
        self.assertEqual(launch["data_dir"], str(self.folder / ".local/share/adyton/platform"))
        self.assertEqual(launch["seals"], 0xf)
        self.assertNotIn("ODD", launch["env"])

    def test_the_process_is_kept(self):
        command = [self.folder / "bin/adyton", "run", "true"]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, env=self.environment)
        self.assertEqual(json.loads(child.communicate(timeout=60)[0])["pid"], child.pid)

    def test_options_end_at_the_first_operand(self):
        launch = self.launch("--stats=s.json", "--trace", "--memory=ordinary", "--strict", "--processor=soft", "true",
                             "--memory=secret")
        self.assertEqual((launch["stats"], launch["trace"], launch["memory"], launch["processor"]), (True, 1, 1, 1))
        self.assertEqual((launch["flags"], launch["argv"]), (STRICT | QUICK, ["true", "--memory=secret"]))
        self.assertEqual((self.folder / "work/s.json").read_text(), "{}")
        self.assertEqual(self.launch("--", "true", "--")["argv"], ["true", "--"])
        self.assertEqual(self.launch("--trace=fault,read,openat,hostcall", "true")["trace"], 1 | 2 | 4)
        self.assertEqual(self.launch("--trace=fault,read,openat", "true")["trace_names"], "read,openat")
        self.assertEqual(self.launch("--trace=all", "true")["trace"], 15)

    def test_bad_options(self):
        for args in (["--nonsense", "true"], ["-q", "true"], ["--memory=x", "true"], ["--trace=rea", "true"],
                     ["--trace=", "true"], ["--strict=1", "true"], ["--memory"], ["--processor=sgx3", "true"], []):
            self.fails(125, "run", "run", *args)
        self.fails(125, "cannot write", "run", "--stats=/none/x", "true")

    def test_images(self):
        image = self.image('environment = { A = "1" }')
        launch = self.launch("app.adyton", "--", "-a", "--", "b")
        self.assertEqual((launch["argv"], launch["flags"], launch["program"]), (["-a", "--", "b"], 0, None))
        self.assertEqual(launch["image_path"], "app.adyton")
        self.assertEqual(self.launch(image, "a")["argv"], ["a"])
        self.assertEqual(self.launch(image)["argv"], [])
        image.chmod(0o755)
        shutil.move(image, self.folder / "path2/app")
        self.assertEqual(self.launch("app", "x")["flags"], 0)

    def test_an_image_of_ordinary_memory(self):
        self.image("ordinary_memory = true")
        self.assertEqual(self.launch("app.adyton")["memory"], 1)
        self.assertEqual(self.launch("--memory=secret", "app.adyton")["memory"], 0)

    def test_path_is_searched_as_a_shell_does(self):
        def program(place, mode):
            (self.folder / place).write_text("#!/bin/sh\n")
            (self.folder / place).chmod(mode)
        program("path2/prog", 0o755)
        self.assertEqual(self.launch("prog")["program"], str(self.folder / "path2/prog"))
        program("path1/prog", 0o644)  # not executable: the search goes on
        self.assertEqual(self.launch("prog")["program"], str(self.folder / "path2/prog"))
        (self.folder / "path1/folder-not-program").mkdir()
        self.fails(127, "not found", "run", "folder-not-program")
        program("path2/plain", 0o644)
        self.fails(126, "Permission denied", "run", "plain")
        self.fails(127, "not found in PATH", "run", "no-such-program")
        self.fails(127, "No such file", "run", "./none")
        self.fails(127, "Not a directory", "run", "/etc/passwd/x")
        self.fails(127, "", "run", "")
        self.fails(126, "Is a directory", "run", "/etc")
        self.fails(126, "Permission denied", "run", "/etc/passwd")
        program("work/here", 0o755)
        self.fails(127, "not found", "run", "here")
        places = (("./here", None, "./here"), (".//./here", None, ".//./here"), ("here", "", "./here"), ("here", ":/bin", "./here"),
                  ("here", "/bin:", "./here"), ("here", "../work", "../work/here"))
        for operand, path, program in places:
            more = {} if path is None else {"PATH": path}
            self.assertEqual(self.launch(operand, **more)["program"], program)
        self.assertEqual(self.launch("here", folder=self.folder / "work", PATH=".")["argv"], ["here"])

    def test_the_quick_image_is_made_once(self):
        cache = self.folder / ".cache/adyton"
        self.launch("true")
        first, = cache.iterdir()
        stamp = first.stat()
        self.launch("true")
        self.launch("echo")
        self.assertEqual([path.name for path in cache.iterdir()], [first.name])
        self.assertEqual((first.stat().st_ino, first.stat().st_mtime_ns), (stamp.st_ino, stamp.st_mtime_ns))
        self.launch("--memory=ordinary", "true")
        self.assertEqual(len(list(cache.iterdir())), 2)
        kernel = self.folder / "lib/adyton/adyton-kernel"
        kernel.write_bytes(kernel.read_bytes() + b"\0")  # a new kernel build
        self.launch("true")
        self.assertEqual(len(list(cache.iterdir())), 3)
        info = json.loads(self.adyton("inspect", "--json", first).stdout)
        self.assertEqual((info["development"], info["debug"], info["root_hash"]), (True, False, None))
        self.assertTrue(any("host root" in sentence for sentence in info["insecure"]))

    def test_the_cache_of_quick_images_is_bounded(self):
        cache = self.folder / ".cache/adyton"
        cache.mkdir(parents=True)
        old = [cache / f"quick-{number:024x}.adyton" for number in range(40)]
        unfinished, fresh, foreign = cache / "quick-0.adyton.AbCdEf", cache / "quick-1.adyton.AbCdEf", cache / "other.adyton"
        for number, path in enumerate([*old, unfinished, foreign]):
            path.touch()
            os.utime(path, (10**9 + number, 10**9 + number))
        fresh.touch()
        self.launch("true")
        left = set(cache.iterdir())
        self.assertEqual(left & set(old), set(old[-15:]))
        self.assertEqual(len(left), 15 + 1 + 2)
        self.assertTrue({fresh, foreign} <= left)
        mine, = left - set(old) - {fresh, foreign}
        os.utime(mine, (10**9, 10**9))
        self.launch("true")
        self.assertGreater(mine.stat().st_mtime, 10**9 + 100)  # it is noted that it was used

    def test_quick_images_that_vanish(self):
        cache, stop = self.folder / ".cache/adyton", threading.Event()

        def remove():
            while not stop.wait(0.002):
                for path in cache.glob("quick-*.adyton"):
                    path.unlink(missing_ok=True)

        remover = threading.Thread(target=remove)
        remover.start()
        try:
            for _ in range(20):
                self.launch("true")
        finally:
            stop.set()
            remover.join()

    def test_many_first_runs_at_once(self):
        command = [self.folder / "bin/adyton", "run", "true"]
        children = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment)
                    for _ in range(4)]
        for child in children:
            _, errors = child.communicate(timeout=60)
            self.assertEqual((child.returncode, errors), (0, b""))
        self.assertEqual(len(list((self.folder / ".cache/adyton").iterdir())), 1)
        self.assertEqual(len(list((self.folder / ".config/adyton").iterdir())), 1)

    def test_missing_parts(self):
        (self.folder / "lib/adyton/adyton-host").unlink()
        self.fails(125, "expected adyton-host beside this command", "run", "true")
        (self.folder / "lib/adyton/adyton-kernel").unlink()
        self.fails(125, "expected adyton-kernel beside this command", "run", "true", XDG_CACHE_HOME=str(self.folder))
        (self.folder / "file").touch()
        self.fails(125, "cannot make the folder", "run", "true", XDG_CACHE_HOME=f"{self.folder}/file", ADYTON_KERNEL=KERNEL)

    def test_help(self):
        verbs = ("run", "build", "sign", "keygen", "inspect", "platform", "syscalls")
        for args in (["--help"], ["help"], ["-h"]):
            done = self.adyton(*args)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            for verb in verbs:
                self.assertIn(f"\n  {verb} ", done.stdout)
        for verb in verbs:
            done = self.adyton("help", verb)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertTrue(done.stdout.startswith(f"usage: adyton {verb} "))
            self.assertEqual(self.adyton(verb, "--help").stdout, done.stdout)
        self.assertRegex(self.adyton("--version").stdout, r"^adyton \d+\.\d+\.\d+\n$")
        self.fails(125, "there is no verb dance", "dance")
        self.fails(125, "there is no verb dance", "help", "dance")
        self.fails(125, "expected a verb")
        for verb in verbs[1:5]:
            self.fails(125, "expected", verb)

    def test_platform(self):
        done = self.adyton("platform", "--json")
        processors = {p["name"]: p for p in json.loads(done.stdout)["processors"]}
        self.assertEqual(set(processors), {"hw", "soft"})
        for processor in processors.values():
            unmet = [c["name"] for c in processor["conditions"] if not c["met"]]
            self.assertEqual(processor["missing"], unmet)
            self.assertEqual(processor["available"], all(c["met"] for c in processor["conditions"] if c["required"]))
        if not os.path.exists("/dev/sgx_enclave"):
            self.assertFalse(processors["hw"]["available"])
        self.assertIn("soft", self.adyton("platform").stdout)

    def test_syscalls(self):
        calls = json.loads(self.adyton("syscalls", "--json").stdout)
        numbers = {call["name"]: call["number"] for call in calls}
        self.assertEqual((numbers["read"], numbers["openat"], numbers["clone3"]), (0, 257, 435))
        self.assertEqual({call["support"] for call in calls} - {"full", "partial", "none"}, set())
        self.assertEqual(len(numbers), len({call["number"] for call in calls}))
        self.assertIn(" full, ", self.adyton("syscalls").stdout)

    def test_a_full_disk_is_said(self):
        with open("/dev/full", "w") as full:
            command = [self.folder / "bin/adyton", "syscalls"]
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 125)
        self.assertIn("No space left", done.stderr)


if __name__ == "__main__":
    del sys.argv[1:]
    sys.exit(tap.run())

#!/usr/bin/env python3
"""The verifier under ThreadSanitizer, in several threads: made evidence, and real evidence where there is some. Skips, and says
so, where ThreadSanitizer does not run: it needs its own places in the address space."""

import csv
import datetime
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[3]
VECTORS = pathlib.Path(os.environ.get("ADYTON_VECTORS") or SOURCE.parent / "shared/vectors")
RACE = 66
MADE = [("sgx-v3", "none"), ("sgx-v3", "revoked-pck"), ("sgx-v5", "old-pck"), ("tdx-v4", "signature"), ("tdx-v5-1.5", "none"),
        ("tdx-v5-1.5", "old-qe")]
REAL_QUOTES = 6
SNP = ("milan-v3-14fd2b6e459c", "2025-03-29T16:33:43Z")


def run(launcher, program, *arguments):
    environment = dict(os.environ, TSAN_OPTIONS=f"exitcode={RACE}:halt_on_error=0")
    return subprocess.run([*launcher, program, *map(str, arguments)], env=environment, capture_output=True, text=True, check=False,
                          timeout=240)


def launcher(program):
    """How ThreadSanitizer runs here, found by a race that it must see; None and why."""
    why = ""
    for words in ([], ["setarch", "-R"]):
        if words and not shutil.which(words[0]):
            continue
        ended = run(words, program, "race")
        if ended.returncode == RACE and "data race" in ended.stderr:
            return words, ""
        if "FATAL: ThreadSanitizer" not in ended.stderr and "setarch" not in ended.stderr:
            sys.exit(f"not ok 1 - a race is seen\n# status {ended.returncode}\n{ended.stderr}")
        why = ended.stderr.strip().splitlines()[-1]
    return None, why


def seconds(moment):
    return int(datetime.datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S%z").timestamp())


def made(forge, folder):
    roots, words = "", []
    for i, (kind, change) in enumerate(MADE):
        own = folder / str(i)
        own.mkdir()
        now = subprocess.run([forge, kind, change, own], capture_output=True, text=True, check=True).stdout.strip()
        roots += (own / "root.pem").read_text()
        words += [own / "quote.bin", own / "collateral.json", "-", "-", now]
    (folder / "roots.pem").write_text(roots)
    return [folder / "roots.pem", *words]


def real():
    with open(VECTORS / "quotes-expected.tsv", newline="", encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file, delimiter="\t") if r["collateral"]]
    bundles = {p.stem: p for p in (VECTORS / "collateral-sets").rglob("*.json")}
    rows = [r for r in rows if r["collateral"] in bundles and not r["status"].startswith("REJECT")]
    words = ["-"]
    for row in rows[::max(1, len(rows) // REAL_QUOTES)][:REAL_QUOTES]:
        words += [VECTORS / "quotes" / row["quote"], bundles[row["collateral"]], "-", "-", seconds(row["at"])]
    snp = VECTORS / "snp-reports" / SNP[0]
    return words + [f"{snp}.bin", "-", f"{snp}.vcek.der", VECTORS / "amd-roots/ask_ark_milan.pem", seconds(SNP[1])]


def case(number, name, ended):
    good = ended.returncode == 0
    print(f"{'' if good else 'not '}ok {number} - {name}")
    for line in ended.stdout.splitlines() + ended.stderr.splitlines()[:80]:
        print(f"# {line}")
    return good


def main():
    program, forge = sys.argv[1:3]
    words, why = launcher(program)
    if words is None:
        print(f"ThreadSanitizer does not run here, so races of the verifier's threads are not looked for: {why}")
        return 77
    print("ok 1 - a race is seen")
    with tempfile.TemporaryDirectory() as folder:
        good = case(2, "made evidence in threads", run(words, program, *made(forge, pathlib.Path(folder))))
    if VECTORS.is_dir():
        good &= case(3, "real evidence in threads", run(words, program, *real()))
    else:
        print(f"ok 3 - real evidence in threads # SKIP there is no real evidence in {VECTORS} (ADYTON_VECTORS)")
    print("1..3")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

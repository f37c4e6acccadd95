#!/usr/bin/env python3
"""Waits with a timeout that are interrupted again and again, by a stop and no handler: they end at the deadline that
they had. A wait that began anew each time would never end here. Natively epoll_wait(2) answers EINTR (signal(7))."""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ADYTON = os.environ["ADYTON"]
EXPECTED = {"poll": "0", "ppoll": "0", "select": "0", "epoll_wait": "0", "nanosleep": "0", "futex": "-1 Connection timed out"}
INTERRUPTIONS = 60  # each 0.2 s apart, for a wait of 1 s


def answer(argv):
    """What the program printed after it was ready, or that it went on waiting."""
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout.readline().strip() != "ready":
            return "did not get ready"
        for _ in range(INTERRUPTIONS):
            time.sleep(0.15)
            if process.poll() is not None:
                return process.stdout.read().strip()
            process.send_signal(signal.SIGTSTP)
            time.sleep(0.05)
            process.send_signal(signal.SIGCONT)
        return f"still waits after {INTERRUPTIONS} interruptions"
    finally:
        process.kill()
        process.wait()


def main():
    failed = 0
    with tempfile.TemporaryDirectory(prefix="adyton-deadline-") as folder:
        program = f"{folder}/deadline"
        subprocess.run(["cc", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-o", program, HERE / "deadline.c"], check=True)
        print(f"1..{2 * len(EXPECTED)}")
        for number, (name, wanted) in enumerate(EXPECTED.items()):
            for inside, command in enumerate(([], [ADYTON, "run"])):
                found = answer([*command, program, name])
                fine = found == wanted or (not inside and name == "epoll_wait" and found.startswith("-1 Interrupted"))
                print(f"{'ok' if fine else 'not ok'} {2 * number + inside + 1} - {name} {'inside' if inside else 'natively'}")
                if not fine:
                    print(f"# {found!r}, wanted {wanted!r}")
                failed += not fine
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

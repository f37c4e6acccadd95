"""One process that becomes other programs, and what each of them finds: exec.py FOLDER [STAGE [PID]]"""
import ctypes
import os
import signal
import sys
import threading
import time

folder, stage = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0
python = os.readlink("/proc/self/exe")
SOURCE = os.path.abspath(__file__)
libc = ctypes.CDLL(None, use_errno=True)


def attempt(path, argv, env=None):
    try:
        os.execve(path, argv, env if env is not None else os.environ)
    except OSError as error:
        return error.strerror
    return "?"


def write(name, content, mode=0o755):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="ascii") as f:
        f.write(content)
    os.chmod(path, mode)
    return path


def threads():
    return len(os.listdir("/proc/self/task"))


def describe():
    with open("/proc/self/cmdline", "rb") as f:
        print("cmdline", f.read().split(b"\0")[-4:-2])
    with open("/proc/self/comm", encoding="ascii") as f:
        print("comm", f.read().strip(), "exe", os.path.basename(python), "threads", threads())
    with open("/proc/self/environ", "rb") as f:
        print("environ", sorted(e for e in f.read().split(b"\0") if e.startswith(b"STAGE")))


def go(number, **more):
    sys.stdout.flush()
    env = {**os.environ, **more}
    os.execve(python, [python, __file__, folder, str(number), str(os.getpid())], env)


if stage == 0:
    print("missing", attempt(f"{folder}/none", ["x"]))
    print("folder", attempt(folder, ["x"]))
    print("below a file", attempt(f"{__file__}/x", ["x"]))
    print("not executable", attempt(write("plain", "#!/bin/sh\n", 0o644), ["x"]))
    print("no format", attempt(write("words", "hello\n"), ["x"]))
    print("empty", attempt(write("empty", ""), ["x"]))
    print("no interpreter", attempt(write("lost", "#!/no/such/interpreter\n"), ["x"]))
    loop = write("loop", f"#!{folder}/loop\n")
    print("own interpreter", attempt(loop, ["x"]))
    print("long argument", attempt(python, ["x", "a" * (200 << 10)]))
    print("many arguments", attempt(python, ["x"] + ["b" * 100_000] * 100))
    print("bad path", libc.execve(ctypes.c_void_p(8), None, None), os.strerror(ctypes.get_errno()))
    print("bad list", libc.execve(python.encode(), ctypes.c_void_p(8), None), os.strerror(ctypes.get_errno()))
    os.chdir(folder)
    os.umask(0o027)
    signal.signal(signal.SIGUSR1, lambda number, frame: None)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGHUP, signal.SIGWINCH})
    os.kill(os.getpid(), signal.SIGHUP)
    signal.setitimer(signal.ITIMER_REAL, 1000)
    os.set_inheritable(os.open("/dev/null", os.O_RDONLY), True)
    os.set_inheritable(os.open("/etc/passwd", os.O_RDONLY), False)
    for _ in range(8):
        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
    reader, writer = os.pipe()
    threading.Thread(target=os.read, args=(reader, 1), daemon=True).start()
    while threads() != 10:
        time.sleep(0.01)
    threading.Thread(target=go, args=(1,), kwargs={"STAGE": "one"}).start()
    time.sleep(1000)
elif stage == 1:
    describe()
    print("process", os.getpid() == int(sys.argv[3]), threading.get_native_id() == os.getpid())
    print("folder", os.getcwd() == os.path.realpath(folder), oct(os.umask(0)))
    print("handlers", [signal.getsignal(s) for s in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM)])
    print("mask", sorted(signal.pthread_sigmask(signal.SIG_BLOCK, set())), "pending", sorted(signal.sigpending()))
    print("timer", 990 < signal.getitimer(signal.ITIMER_REAL)[0] <= 1000)
    kept = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")]
    print("descriptors", "/dev/null" in kept, "/etc/passwd" in kept, any(name.startswith("pipe:") for name in kept))
    script = write("script", f"#!{python} -B\nimport sys\nsys.argv[1:] = [{folder!r}, '2']\n__file__ = {SOURCE!r}\nexec(open(__file__).read())\n")
    sys.stdout.flush()
    os.execve(script, ["ignored", "one", "two"], {"STAGE": "two", "STAGE2": ""})
elif stage == 2:
    describe()
    sys.stdout.flush()
    fd = os.open(python, os.O_RDONLY)
    os.execve(fd, ["by descriptor", SOURCE, folder, "3"], os.environ)
elif stage < 40:  # again and again: nothing is used up
    if stage == 3:
        describe()
    bytearray(8 << 20)
    go(stage + 1)
else:
    describe()
    libc.execve(b"/bin/echo", None, None)
    print("?")

"""RLIMIT_FSIZE: what each way to make a file larger answers, below and above the limit, and how large the file got."""
import ctypes
import fcntl
import os
import resource
import signal
import sys

LIMIT = 10000
signals = []
signal.signal(signal.SIGXFSZ, lambda *_: signals.append("XFSZ"))
libc = ctypes.CDLL(None, use_errno=True)


def attempt(name, action, fd):
    signals.clear()
    try:
        answer = action()
    except OSError as error:
        answer = error.strerror
    print(name, answer, signals, os.fstat(fd).st_size)


def fallocate(fd, mode, offset, length):
    if libc.fallocate(fd, mode, ctypes.c_long(offset), ctypes.c_long(length)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return 0


def main(folder):
    path = f"{folder}/file"
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    source = os.open(f"{folder}/source", os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    os.write(source, b"s" * 30000)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, resource.RLIM_INFINITY))
    attempt("write up to it", lambda: os.write(fd, b"a" * 6000), fd)
    attempt("write across it", lambda: os.write(fd, b"b" * 6000), fd)
    attempt("write at it", lambda: os.write(fd, b"c"), fd)
    attempt("write nothing", lambda: os.write(fd, b""), fd)
    attempt("pwrite below it", lambda: os.pwrite(fd, b"d" * 100, 50), fd)
    attempt("pwrite across it", lambda: os.pwrite(fd, b"d" * 100, LIMIT - 7), fd)
    attempt("pwrite above it", lambda: os.pwrite(fd, b"d", LIMIT + 1), fd)
    attempt("writev across it", lambda: os.pwritev(fd, [b"e" * 50] * 30, LIMIT - 75), fd)
    attempt("truncate above it", lambda: os.ftruncate(fd, LIMIT + 1), fd)
    attempt("truncate to it", lambda: os.truncate(path, LIMIT), fd)
    attempt("truncate above it by name", lambda: os.truncate(path, LIMIT + 5), fd)
    attempt("fallocate above it", lambda: fallocate(fd, 0, 0, LIMIT + 1), fd)
    os.ftruncate(fd, 100)
    fcntl.fcntl(fd, fcntl.F_SETFL, os.O_APPEND)
    attempt("append across it", lambda: os.write(fd, b"f" * 20000), fd)
    attempt("append at it", lambda: os.write(fd, b"f"), fd)
    fcntl.fcntl(fd, fcntl.F_SETFL, 0)
    os.ftruncate(fd, 0)
    os.lseek(fd, 0, 0)
    # Linux tries once more here, so that the signal comes too: not a promise of sendfile(2).
    attempt("sendfile across it", lambda: (os.sendfile(fd, source, 0, 20000), signals.clear())[0], fd)
    attempt("sendfile at it", lambda: os.sendfile(fd, source, 0, 1), fd)
    reader, writer = os.pipe()
    attempt("a pipe", lambda: os.write(writer, b"g" * 20000), source)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20000, resource.RLIM_INFINITY))
    attempt("shrink above it", lambda: os.ftruncate(source, 25000), source)
    attempt("write inside what is above it", lambda: os.pwrite(source, b"h", 22000), source)


main(sys.argv[1])

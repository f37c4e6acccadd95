"""sendfile and copy_file_range between every two kinds of files: prints what a program sees, which is the same inside and
outside. copy.py FOLDER (on the host; /dev/shm is the program's own)"""
import ctypes
import errno
import mmap
import os
import signal
import socket
import sys
import threading
import zlib

folder = sys.argv[1]
libc = ctypes.CDLL(None, use_errno=True)
BIG = bytes(range(256)) * 2048  # half a MiB: more than one call to the host holds


def tell(what, call):
    try:
        print(what, call())
    except OSError as e:
        print(what, type(e).__name__, errno.errorcode[e.errno])


def opened(where, content=b"", flags=os.O_RDWR):
    name = os.path.join(where, "copied")
    with open(name, "wb") as f:
        f.write(content)
    fd = os.open(name, flags)
    os.unlink(name)
    return fd


def told(fd):
    size = os.fstat(fd).st_size
    return os.lseek(fd, 0, os.SEEK_CUR), size, zlib.crc32(os.pread(fd, size, 0))


def range_copy(one, other, size, at=None, to=None):
    a, b = (None if x is None else ctypes.byref(ctypes.c_int64(x)) for x in (at, to))
    done = libc.copy_file_range(one, a, other, b, ctypes.c_size_t(size), 0)
    if done < 0:
        raise OSError(ctypes.get_errno(), "")
    return done, [x._obj.value for x in (a, b) if x]


def drained(end, pump):
    """What pump(end) sends, as the other end of a connection sees it."""
    got = []
    reader = threading.Thread(target=lambda: got.extend(iter(lambda: end.recv(65536), b"")))
    reader.start()
    said = pump()
    reader.join()
    data = b"".join(got)
    return said, len(data), zlib.crc32(data)


def connected(kind):
    if kind == "pair":
        return socket.socketpair()
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    return client, listener.accept()[0]


def to_socket(kind, where, offset, size):
    one, other = connected(kind)
    fd = opened(where, BIG)
    os.lseek(fd, 5, os.SEEK_SET)

    def pump():
        said, at = [], offset
        while not said or said[-1] > 0 and sum(said) < size:
            said.append(os.sendfile(one.fileno(), fd, at, size - sum(said)))
            at = None if at is None else at + said[-1]
        one.close()
        return sum(said), told(fd)
    return drained(other, pump)


def never_blocks(where):
    one, other = connected("tcp")
    one.setblocking(False)
    fd, total = opened(where, BIG), 0
    try:
        while total < 1 << 26:
            total += os.sendfile(one.fileno(), fd, 0, len(BIG))
    except BlockingIOError:
        return total > 0
    return None


def shut(where):
    one, other = connected("tcp")
    one.shutdown(socket.SHUT_WR)
    seen = []
    signal.signal(signal.SIGPIPE, lambda *_: seen.append("SIGPIPE"))
    try:
        return os.sendfile(one.fileno(), opened(where, BIG), 0, 1000)
    except BrokenPipeError:
        return seen
    finally:
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def mapped(where):
    """What was stored through a shared mapping is what is sent, and what came is seen there."""
    fd, to = opened(where, bytes(8192)), opened(where, bytes(8192))
    with mmap.mmap(fd, 8192) as m, mmap.mmap(to, 8192) as n:
        m[4096:4101], before = b"hello", n[5000]
        os.lseek(fd, 4096, os.SEEK_SET)
        os.lseek(to, 4096, os.SEEK_SET)
        said = os.sendfile(to, fd, None, 100), n[4096:4101], os.read(fd, 5)
        m[0:5] = b"again"
        return said, before, range_copy(fd, to, 4096, 0, 4096), n[4096:4101], os.pread(to, 5, 4096)


for where in folder, "/dev/shm":
    kind = "host" if where == folder else "own"
    for end in "tcp", "pair":
        tell(f"{kind} to {end}: from an offset", lambda: to_socket(end, where, 100, 300000))
        tell(f"{kind} to {end}: from the position", lambda: to_socket(end, where, None, 1 << 20))
        tell(f"{kind} to {end}: behind the end", lambda: to_socket(end, where, len(BIG) + 1, 10))
    tell(f"{kind}: a full socket", lambda: never_blocks(where))
    tell(f"{kind}: shut down", lambda: shut(where))
    tell(f"{kind}: shared mappings", lambda: mapped(where))
    for other in folder, "/dev/shm":
        towards = f"{kind} to {'host' if other == folder else 'own'}"

        def both(call):
            one, two = opened(where, BIG), opened(other, b"0123456789")
            os.lseek(one, 3, os.SEEK_SET)
            return call(one, two), told(one), told(two)
        tell(f"{towards}: sendfile", lambda: both(lambda one, two: os.sendfile(two, one, None, 200000)))
        tell(f"{towards}: sendfile at", lambda: both(lambda one, two: os.sendfile(two, one, 77, 1000)))
        tell(f"{towards}: nothing", lambda: both(lambda one, two: os.sendfile(two, one, 77, 0)))
        if where == other:  # Linux refuses between some file systems
            tell(f"{towards}: range", lambda: both(lambda one, two: range_copy(one, two, 200000)))
            tell(f"{towards}: range at", lambda: both(lambda one, two: range_copy(one, two, 2000, 50, 100)))
            tell(f"{towards}: overlap", lambda: both(lambda one, two: range_copy(one, one, 2000, 50, 100)))
            for at in -1, -100, 5:
                for size in 10, (1 << 64) - 1:
                    tell(f"{towards}: {size} at {at}", lambda: both(lambda one, two: range_copy(one, two, size, at, 0)))
    tell(f"{kind}: append", lambda: os.sendfile(opened(where, flags=os.O_WRONLY | os.O_APPEND), opened(where, BIG), 0, 10))
    tell(f"{kind}: not for reading", lambda: os.sendfile(opened(where), opened(where, BIG, os.O_WRONLY), 0, 10))
    tell(f"{kind}: not for writing", lambda: os.sendfile(opened(where, flags=os.O_RDONLY), opened(where, BIG), 0, 10))
    tell(f"{kind}: negative", lambda: os.sendfile(opened(where), opened(where, BIG), -5, 10))
    tell(f"{kind}: from a pipe", lambda: os.sendfile(opened(where), os.pipe()[0], None, 10))
    tell(f"{kind}: from a socket", lambda: os.sendfile(opened(where), connected("tcp")[0].fileno(), None, 10))
tell("closed", lambda: os.sendfile(999, 998, 0, 10))

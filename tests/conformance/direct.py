"""O_DIRECT, which a program asks for and sees, whatever carries the bytes: direct.py FOLDER"""
import fcntl
import mmap
import os
import sys

path = os.path.join(sys.argv[1], "direct")
page = mmap.mmap(-1, 8192)


def direct(fd):
    return bool(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_DIRECT)


fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_DIRECT)
page[:] = b"d" * 8192
print(direct(fd), os.pwritev(fd, [page], 0), os.preadv(fd, [memoryview(page)[:4096]], 4096))
flags = fcntl.fcntl(fd, fcntl.F_GETFL)
fcntl.fcntl(fd, fcntl.F_SETFL, flags & ~os.O_DIRECT)
print(direct(fd), os.pread(fd, 3, 1))
fcntl.fcntl(fd, fcntl.F_SETFL, flags)
print(direct(fd), os.preadv(fd, [page], 0))
again = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_DIRECT)
print(direct(again), os.readv(again, [page]), page[:] == b"d" * 8192)
os.unlink(path)

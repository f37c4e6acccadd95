"""Random file operations in one fresh directory; prints every result: files.py DIRECTORY SEED COUNT"""
import errno
import os
import random
import stat
import sys

base, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.umask(0o022)
r = random.Random(seed)
os.mkdir(base); os.chdir(base)
names = ['a','b','c','d','e']
def path():
    n = r.randint(1,3)
    p = '/'.join(r.choice(names) for _ in range(n))
    x = r.random()
    if x < .05: p = './' + p
    elif x < .1: p = p + '/'
    elif x < .14: p = p + '/..'
    elif x < .17: p = p.replace('/', '//')
    elif x < .19: p = p + '/.'
    elif x < .24: p = base + '/' + p
    elif x < .26: p = '../' + os.path.basename(base) + '/' + p
    return p
fds = []
def st(p, follow=True):
    s = os.stat(p, follow_symlinks=follow)
    return (oct(s.st_mode), s.st_nlink if not stat.S_ISDIR(s.st_mode) else -1, s.st_size if stat.S_ISREG(s.st_mode) else -1, s.st_uid)
def tree():
    out = []
    for d, ds, fs in os.walk('.'):
        ds.sort()
        for n in sorted(ds + fs):
            p = os.path.join(d, n)
            s = os.lstat(p)
            out.append((p, oct(s.st_mode), os.readlink(p) if stat.S_ISLNK(s.st_mode) else s.st_size if stat.S_ISREG(s.st_mode) else None))
    return out
FL = [os.O_RDONLY, os.O_WRONLY, os.O_RDWR]
def op():
    k = r.randint(0, 30)
    if k < 4:
        fl = r.choice(FL)
        if r.random() < .7: fl |= os.O_CREAT
        if r.random() < .2: fl |= os.O_EXCL
        if r.random() < .3: fl |= os.O_TRUNC
        if r.random() < .2: fl |= os.O_APPEND
        if r.random() < .1: fl |= os.O_NOFOLLOW
        if r.random() < .1: fl |= os.O_DIRECTORY
        if fl & os.O_CREAT and fl & os.O_DIRECTORY: fl &= ~os.O_DIRECTORY
        p = path(); m = r.choice([0o644, 0o600, 0o755, 0o4755])
        return ('open', p, oct(fl)), lambda: fds.append(os.open(p, fl, m))
    if k == 4: p = path(); return ('mkdir', p), lambda: os.mkdir(p)
    if k == 5: p = path(); return ('mkdir', p), lambda: os.mkdir(p, 0o700)
    if k == 6: p = path(); return ('rmdir', p), lambda: os.rmdir(p)
    if k == 7: p = path(); return ('unlink', p), lambda: os.unlink(p)
    if k in (8, 9): p, q = path(), path(); return ('rename', p, q), lambda: os.rename(p, q)
    if k == 10: p, q = path(), path(); return ('link', p, q), lambda: os.link(p, q, follow_symlinks=False)
    if k == 11: p, q = path(), path(); return ('symlink', p, q), lambda: os.symlink(p, q)
    if k == 12: p = path(); return ('readlink', p), lambda: os.readlink(p)
    if k == 13: p = path(); return ('stat', p), lambda: st(p)
    if k == 14: p = path(); return ('lstat', p), lambda: st(p, False)
    if k == 15: p = path(); return ('listdir', p), lambda: sorted(os.listdir(p))
    if k == 16: p = path(); n = r.choice([0, 1, 4095, 4096, 10000, 100000]); return ('truncate', p, n), lambda: os.truncate(p, n)
    if k == 17: p = path(); m = r.choice([0o644, 0o1777, 0o4711]); return ('chmod', p), lambda: os.chmod(p, m)
    if k == 18: p = path(); t = r.randint(0, 10**9); return ('utime', p), lambda: (os.utime(p, ns=(t, t)), os.stat(p).st_mtime_ns)[1]
    if k == 19 and fds: f = r.choice(fds); fds.remove(f); return ('close',), lambda: os.close(f)
    if k in (20, 21) and fds:
        f, b = r.choice(fds), bytes([r.randint(1, 255)]) * r.choice([1, 100, 4096, 5000, 20000])
        return ('write', len(b)), lambda: os.write(f, b)
    if k == 22 and fds: f = r.choice(fds); n = r.choice([1, 100, 5000]); return ('read', n), lambda: hash_(os.read(f, n))
    if k == 23 and fds: f = r.choice(fds); n = r.choice([1, 100, 5000, 8192]); o = r.randint(0, 30000); return ('pread', n, o), lambda: hash_(os.pread(f, n, o))
    if k == 24 and fds: f = r.choice(fds); o = r.randint(0, 70000); return ('pwrite', o), lambda: os.pwrite(f, b'hello' * r.randint(1, 1), o)
    if k == 25 and fds: f = r.choice(fds); o = r.randint(-10, 9000); w = r.choice([0, 1, 2]); return ('lseek', o, w), lambda: os.lseek(f, o, w)
    if k == 26 and fds: f = r.choice(fds); n = r.choice([0, 5, 4097, 9000]); return ('ftruncate', n), lambda: os.ftruncate(f, n)
    if k == 27 and fds: f = r.choice(fds); return ('fstat',), lambda: st(f)
    if k == 28 and fds: f = r.choice(fds); o = r.randint(0, 9000); n = r.randint(0, 9000); return ('fallocate', o, n), lambda: os.posix_fallocate(f, o, n)
    if k == 29: p = path(); m = r.choice([os.R_OK, os.W_OK, os.X_OK, os.F_OK]); return ('access', p, m), lambda: os.access(p, m)
    p = path(); return ('chdir', p), lambda: (os.chdir(p), os.getcwd(), os.chdir(base))[1]
def hash_(b):
    h = 5381
    for c in b: h = (h * 33 + c) & 0xffffffff
    return len(b), h
for i in range(count):
    what, f = op()
    try: res = f()
    except OSError as e: res = errno.errorcode.get(e.errno, e.errno)
    print(i, what, res)
    if i % 50 == 0:
        for t in tree(): print(t)
    if len(fds) > 20: os.close(fds.pop(0))
for t in tree(): print(t)

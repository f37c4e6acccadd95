"""What root's tools do to a process. Each function returns the bytes that it got, or raises OSError."""

import ctypes
import errno
import os
import select
import signal
import struct
import subprocess

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.restype = ctypes.c_long
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
PEEKDATA, CONT, SINGLESTEP, GETREGS, SETREGS, ATTACH, DETACH, SEIZE = 2, 7, 9, 12, 13, 16, 17, 0x4206
PAGE, CHUNK, USER_END = 4096, 1 << 18, 1 << 47
SYS_PIDFD_OPEN, SYS_PIDFD_GETFD = 434, 438
REGISTERS = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base "
             "ds es fs gs").split()


class Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]


def check(result, what):
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def maps(pid):
    """(start, end, permissions, name) of each mapping below the kernel's half."""
    with open(f"/proc/{pid}/maps") as lines:
        for line in lines:
            fields = line.split(None, 5)
            start, end = (int(number, 16) for number in fields[0].split("-"))
            if start < USER_END:
                yield start, end, fields[1], fields[5].strip() if len(fields) > 5 else ""


def ranges(pid, size):
    for start, end, _, _ in maps(pid):
        for at in range(start, end, size):
            yield at, min(size, end - at)


def read_mem(pid):
    """Everything that /proc/PID/mem gives."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        def read(at, size):
            try:
                return os.pread(memory.fileno(), size, at)
            except OSError:
                if size == PAGE:
                    return b""
                return b"".join(read(page, PAGE) for page in range(at, at + size, PAGE))
        return b"".join(read(at, size) for at, size in ranges(pid, CHUNK))


def read_vm(pid):
    """Everything that process_vm_readv gives."""
    def read(at, size):
        room = ctypes.create_string_buffer(size)
        local, remote = Iovec(ctypes.addressof(room), size), Iovec(at, size)
        got = LIBC.process_vm_readv(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
        return room.raw[:got] if got > 0 else b""
    return b"".join(read(at, size) for at, size in ranges(pid, PAGE))


def wait_stop(tid):
    _, status = os.waitpid(tid, 0x40000000)
    if not os.WIFSTOPPED(status):
        raise OSError(errno.ESRCH, "it ended")


class Attached:
    """PTRACE_ATTACH to a thread, detached at the end."""

    def __init__(self, tid):
        self.tid = tid

    def __enter__(self):
        check(LIBC.ptrace(ATTACH, self.tid, None, None), "PTRACE_ATTACH")
        wait_stop(self.tid)
        return self

    def __exit__(self, *_):
        LIBC.ptrace(DETACH, self.tid, None, None)

    def peek(self, address, size):
        words = b""
        for at in range(address, address + size, 8):
            ctypes.set_errno(0)
            word = LIBC.ptrace(PEEKDATA, self.tid, at, None)
            if word == -1 and ctypes.get_errno():
                check(-1, "PTRACE_PEEKDATA")
            words += struct.pack("<q", word)
        return words

    def registers(self, new=None):
        room = ctypes.create_string_buffer(struct.pack("<27Q", *new.values()) if new else bytes(27 * 8), 27 * 8)
        check(LIBC.ptrace(SETREGS if new else GETREGS, self.tid, None, ctypes.addressof(room)), "registers")
        return dict(zip(REGISTERS, struct.unpack("<27Q", room.raw)))


def peek(tid, addresses, size=32):
    with Attached(tid) as thread:
        return b"".join(thread.peek(address, size) for address in addresses)


def seize(tid):
    check(LIBC.ptrace(SEIZE, tid, None, None), "PTRACE_SEIZE")
    LIBC.ptrace(0x4207, tid, None, None)  # PTRACE_INTERRUPT
    wait_stop(tid)
    LIBC.ptrace(DETACH, tid, None, None)


def inject_write(tid, address, size=32):
    """Make a thread that waits in read(2) execute write(1, address, size) instead, then read again."""
    with Attached(tid) as thread:
        old = thread.registers()
        thread.registers(dict(old, rax=1, rdi=1, rsi=address, rdx=size, rip=old["rip"] - 2, orig_rax=(1 << 64) - 1))
        check(LIBC.ptrace(SINGLESTEP, tid, None, None), "PTRACE_SINGLESTEP")
        wait_stop(tid)
        thread.registers(dict(old, rax=0, rip=old["rip"] - 2, orig_rax=(1 << 64) - 1))


def gdb(pid, addresses, folder):
    """Memory and vector registers as gdb shows them, and a core file by gcore. Returns (bytes, what gdb said)."""
    core = folder / "gcore"
    commands = [word for address in addresses for word in ("-ex", f"x/32xb {address:#x}")]
    run = subprocess.run(["gdb", "-nx", "-batch", "-p", str(pid), *commands, "-ex", f"gcore {core}"], timeout=60,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    text = run.stdout.decode("utf-8", "replace")
    shown = bytes(int(word, 16) for line in text.splitlines() if line.startswith("0x") and ":" in line
                  for word in line.split(":", 1)[1].split() if word.startswith("0x") and len(word) == 4)
    return shown + (core.read_bytes() if core.exists() else b""), text


def read_map_files(pid):
    folder, got = f"/proc/{pid}/map_files", []
    for name in os.listdir(folder):
        try:
            with open(f"{folder}/{name}", "rb") as file:
                got.append(file.read())
        except OSError:
            continue
    return b"".join(got)


def steal_descriptors(pid, keep=(0, 1, 2)):
    """pidfd_getfd on each descriptor, and what can be read from it. The standard ones are the test's own pipes."""
    pidfd, got = check(LIBC.syscall(SYS_PIDFD_OPEN, pid, 0), "pidfd_open"), []
    for number in sorted(int(name) for name in os.listdir(f"/proc/{pid}/fd")):
        fd = -1 if number in keep else LIBC.syscall(SYS_PIDFD_GETFD, pidfd, number, 0)
        if fd < 0:
            continue
        try:
            got.append(os.pread(fd, 1 << 20, 0))
        except OSError:
            if select.select([fd], [], [], 0)[0]:
                try:
                    got.append(os.read(fd, 4096))
                except OSError:
                    pass
        finally:
            os.close(fd)
    os.close(pidfd)
    return b"".join(got)


def read_syscall(pid):
    """Registers in /proc/PID/task/*/syscall as memory would hold them, and the kernel's stacks as text."""
    got = b""
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/syscall") as file:
            words = file.read().split()
        numbers = [int(word, 16) for word in words[1:] if word.startswith("0x")]
        got += struct.pack(f"<{len(numbers)}Q", *numbers)
        try:
            with open(f"/proc/{pid}/task/{tid}/stack", "rb") as file:
                got += file.read()
        except OSError:
            continue
    return got


def dump_core(victim):
    """Let it dump core by SIGABRT into its folder; what was dumped."""
    for tid in victim.threads():
        LIBC.prlimit(tid, 4, struct.pack("<QQ", (1 << 64) - 1, (1 << 64) - 1), None)
    os.kill(victim.pid, signal.SIGABRT)
    victim.process.wait(30)
    return b"".join(path.read_bytes() for path in victim.path.glob("*core*"))


def write_mem(pid):
    """Try to write to pages of every mapping through /proc/PID/mem, the value that is there where that can be read.
    The mappings of which a page was written, and how many were tried."""
    written, tried = [], 0
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
        for start, end, permissions, name in maps(pid):
            step = max(PAGE, (end - start) // 64 // PAGE * PAGE)
            tried += 1
            for at in list(range(start, end, step)) + [end - PAGE]:
                try:
                    value = os.pread(memory.fileno(), 1, at)
                except OSError:
                    value = b"\0"
                try:
                    if value and os.pwrite(memory.fileno(), value, at) == 1:
                        written.append((start, end, permissions, name))
                        break
                except OSError:
                    continue
    return written, tried


def write_vm(pid):
    """The same through process_vm_writev."""
    written, value = [], ctypes.create_string_buffer(1)
    for start, end, permissions, name in maps(pid):
        local, remote = Iovec(ctypes.addressof(value), 1), Iovec(start, 1)
        if LIBC.process_vm_readv(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) == 1 and \
           LIBC.process_vm_writev(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) == 1:
            written.append((start, end, permissions, name))
    return written

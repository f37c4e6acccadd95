#!/usr/bin/env python3
"""Compare abi/linux/*.h with the headers of the system that builds it: every constant, every structure's size and every
member's place. Ours go into one program, the system's into others (the kernel's headers and libc's cannot share one).
A name that no system header knows is a failure unless it stands in OURS or NEWER, with the reason."""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
ABI = ROOT / "abi" / "linux"

KERNEL_HEADERS = """
asm/errno.h linux/fcntl.h asm/mman.h linux/mman.h asm/signal.h asm/siginfo.h asm/sigcontext.h asm/ucontext.h
linux/stat.h asm/stat.h asm/statfs.h linux/time.h linux/time_types.h linux/futex.h asm/poll.h linux/eventpoll.h
asm/socket.h linux/in.h linux/in6.h linux/un.h linux/netlink.h linux/uio.h linux/sched.h linux/sched/types.h
linux/resource.h linux/auxvec.h asm/auxvec.h linux/utsname.h linux/sysinfo.h asm/ioctls.h asm/termbits.h
linux/prctl.h asm/prctl.h linux/ptrace.h linux/memfd.h linux/signalfd.h linux/timerfd.h linux/inotify.h linux/ipc.h
linux/shm.h linux/msg.h linux/sem.h linux/wait.h linux/mount.h linux/random.h linux/xattr.h linux/personality.h
asm/unistd_64.h linux/membarrier.h linux/close_range.h linux/falloc.h linux/sockios.h linux/pidfd.h
linux/capability.h linux/mempolicy.h linux/openat2.h linux/limits.h linux/magic.h linux/elf.h""".split()

LIBC_HEADERS = """
errno.h fcntl.h sys/mman.h signal.h sys/stat.h sys/statvfs.h time.h sys/time.h poll.h sys/epoll.h sys/socket.h
netinet/in.h netinet/tcp.h netinet/udp.h sys/un.h sys/uio.h sched.h sys/resource.h elf.h dirent.h sys/utsname.h
sys/sysinfo.h sys/ioctl.h termios.h sys/prctl.h sys/ptrace.h sys/eventfd.h sys/signalfd.h sys/timerfd.h
sys/inotify.h sys/ipc.h sys/shm.h sys/msg.h sys/sem.h sys/wait.h sys/mount.h sys/random.h sys/xattr.h
sys/personality.h sys/file.h stdio.h unistd.h net/if.h sys/times.h utime.h limits.h sys/timex.h sys/vfs.h""".split()

# Names of ours alone: no system header has them, or has another thing under that name.
OURS = set("""
SYSCALL_NR_END ERRNO_MAX SIGNAL_MAX SIGNAL_RT_MIN SOCK_TYPE_MASK SOCKADDR_MAX UTSNAME_LENGTH WAIT_CONTINUED
WAIT_CORE WNOTHREAD WALL WCLONE NSEC_PER_SEC NSEC_PER_USEC USEC_PER_SEC SCM_MAX_FD ST_VALID ERESTARTSYS
ERESTARTNOINTR ERESTARTNOHAND ERESTART_RESTARTBLOCK""".split())

# libc hides these behind types or values of its own.
LIBC_DIFFERS = set("O_LARGEFILE NCCS FP_XSTATE_MAGIC2_SIZE".split())

# Newer than the oldest headers that we build with (Debian 12: 6.1); compared where the system has them.
NEWER = set("""
MFD_NOEXEC_SEAL MFD_EXEC F_SEAL_EXEC AT_RSEQ_FEATURE_SIZE AT_RSEQ_ALIGN ARCH_CET_STATUS ARCH_SHSTK_STATUS
__NR_cachestat __NR_fchmodat2 __NR_map_shadow_stack __NR_futex_wake __NR_futex_wait __NR_futex_requeue
PIDFD_NONBLOCK SS_AUTODISARM SYS_USER_DISPATCH""".split())

# Linux's name where ours differs because ours would be ambiguous.
RENAMED = {"WNOTHREAD": "__WNOTHREAD", "WALL": "__WALL", "WCLONE": "__WCLONE"}

# Ours: (system's type, its headers, {our member: theirs}). Members that only fill (pad, unused ...) are not compared.
KERNEL, LIBC = "kernel", "libc"
TYPES = {
    "struct flock": ("struct flock", LIBC, {}),
    "struct f_owner_ex": ("struct f_owner_ex", LIBC, {}),
    "struct open_how": ("struct open_how", "linux/openat2.h", {}),
    "struct timespec": ("struct timespec", LIBC, {}),
    "struct timeval": ("struct timeval", LIBC, {}),
    "struct itimerspec": ("struct itimerspec", LIBC, {}),
    "struct itimerval": ("struct itimerval", LIBC, {}),
    "struct timezone": ("struct timezone", LIBC, {}),
    "struct tms": ("struct tms", LIBC, {}),
    "struct utimbuf": ("struct utimbuf", LIBC, {}),
    "struct timex": ("struct timex", LIBC, {}),
    "struct sigaction": ("struct sigaction", "asm/signal.h", {}),
    "struct sigaltstack": ("stack_t", LIBC, {}),
    "union sigval": ("union sigval", LIBC, {}),
    "struct siginfo": ("siginfo_t", LIBC, {}),
    "struct sigevent": ("struct sigevent", LIBC, {"tid": "_sigev_un._tid"}),
    "struct fpx_sw_bytes": ("struct _fpx_sw_bytes", "asm/sigcontext.h", {}),
    "struct fpstate": ("struct _fpstate_64", "asm/sigcontext.h", {}),
    "struct xstate_header": ("struct _xstate", "asm/sigcontext.h", None),
    "struct sigcontext": ("struct sigcontext_64", "asm/sigcontext.h",
                          {"rdi": "di", "rsi": "si", "rbp": "bp", "rbx": "bx", "rdx": "dx", "rax": "ax",
                           "rcx": "cx", "rsp": "sp", "rip": "ip", "eflags": "flags"}),
    "struct ucontext": ("struct ucontext", "asm/signal.h asm/sigcontext.h asm/siginfo.h asm/ucontext.h", {}),
    "struct rt_sigframe": (None, None, {}),
    "struct signalfd_siginfo": ("struct signalfd_siginfo", LIBC, {}),
    "struct stat": ("struct stat", "asm/stat.h", {}),
    "struct statx_timestamp": ("struct statx_timestamp", "linux/stat.h", {}),
    "struct statx": ("struct statx", "linux/stat.h", {}),
    "struct statfs": ("struct statfs", LIBC, {}),
    "struct robust_list": ("struct robust_list", "linux/futex.h", {}),
    "struct robust_list_head": ("struct robust_list_head", "linux/futex.h", {}),
    "struct futex_waitv": ("struct futex_waitv", "linux/futex.h", {}),
    "struct pollfd": ("struct pollfd", LIBC, {}),
    "struct epoll_event": ("struct epoll_event", LIBC, {}),
    "struct inotify_event": ("struct inotify_event", LIBC, {}),
    "struct iovec": ("struct iovec", LIBC, {}),
    "struct sockaddr": ("struct sockaddr", LIBC, {}),
    "struct in_addr": ("struct in_addr", LIBC, {}),
    "struct in6_addr": ("struct in6_addr", LIBC, {}),
    "struct sockaddr_in": ("struct sockaddr_in", LIBC, {}),
    "struct sockaddr_in6": ("struct sockaddr_in6", LIBC, {}),
    "struct sockaddr_un": ("struct sockaddr_un", LIBC, {}),
    "struct sockaddr_nl": ("struct sockaddr_nl", "linux/netlink.h", {}),
    "struct sockaddr_storage": ("struct sockaddr_storage", LIBC, {"data": None}),
    "struct linger": ("struct linger", LIBC, {}),
    "struct ucred": ("struct ucred", LIBC, {}),
    "struct msghdr": ("struct msghdr", LIBC, {}),
    "struct mmsghdr": ("struct mmsghdr", LIBC, {}),
    "struct cmsghdr": ("struct cmsghdr", LIBC, {}),
    "struct nlmsghdr": ("struct nlmsghdr", "linux/netlink.h", {}),
    "struct clone_args": ("struct clone_args", "linux/sched.h", {}),
    "struct sched_param": ("struct sched_param", LIBC, {}),
    "struct sched_attr": ("struct sched_attr", "linux/types.h linux/sched/types.h", {}),
    "struct rlimit": ("struct rlimit", LIBC, {}),
    "struct rusage": ("struct rusage", LIBC, {}),
    "Elf64_Ehdr": ("Elf64_Ehdr", LIBC, {}),
    "Elf64_Phdr": ("Elf64_Phdr", LIBC, {}),
    "Elf64_Shdr": ("Elf64_Shdr", LIBC, {}),
    "Elf64_Sym": ("Elf64_Sym", LIBC, {}),
    "Elf64_Rela": ("Elf64_Rela", LIBC, {}),
    "Elf64_Dyn": ("Elf64_Dyn", LIBC, {"d_val": "d_un.d_val"}),
    "Elf64_Nhdr": ("Elf64_Nhdr", LIBC, {}),
    "Elf64_auxv_t": ("Elf64_auxv_t", LIBC, {"a_val": "a_un.a_val"}),
    "struct linux_dirent64": ("struct dirent64", LIBC, None),
    "struct linux_dirent": (None, None, {}),
    "struct utsname": ("struct utsname", LIBC, {}),
    "struct sysinfo": ("struct sysinfo", LIBC, {}),
    "struct termios": ("struct termios", "asm/termbits.h", {}),
    "struct termios2": ("struct termios2", "asm/termbits.h", {}),
    "struct winsize": ("struct winsize", LIBC, {}),
    "struct ifreq": ("struct ifreq", LIBC, {}),
    "struct ifconf": ("struct ifconf", LIBC, {"ifc_buf": "ifc_ifcu.ifcu_buf"}),
    "struct user_regs_struct": ("struct user_regs_struct", "sys/user.h", {}),
    "struct ipc64_perm": ("struct ipc64_perm", "linux/ipc.h", {}),
    "struct shmid64_ds": ("struct shmid64_ds", "linux/shm.h", {}),
    "struct semid64_ds": ("struct semid64_ds", "linux/sem.h", {}),
    "struct sembuf": ("struct sembuf", "linux/sem.h", {}),
    "struct msqid64_ds": ("struct msqid64_ds", "linux/msg.h", {}),
    "struct cap_user_header": ("struct __user_cap_header_struct", "linux/capability.h", {}),
    "struct cap_user_data": ("struct __user_cap_data_struct", "linux/capability.h", {}),
}

# Members inside siginfo's union, which the two sides nest and name differently.
SIGINFO = {"kill.pid": "si_pid", "kill.uid": "si_uid", "timer.tid": "si_timerid", "timer.overrun": "si_overrun",
           "timer.sigval": "si_value", "rt.sigval": "si_value", "child.status": "si_status", "child.utime": "si_utime",
           "child.stime": "si_stime", "fault.addr": "si_addr", "fault.addr_lsb": "si_addr_lsb",
           "fault.lower": "si_lower", "fault.upper": "si_upper", "poll.band": "si_band", "poll.fd": "si_fd",
           "sys.call_addr": "si_call_addr", "sys.syscall": "si_syscall", "sys.arch": "si_arch"}

# Macros with an argument: compared at these values.
FUNCTIONS = {"S_ISLNK": (0o120777, 0o100644), "S_ISREG": (0o120777, 0o100644), "S_ISDIR": (0o40755, 0o60644),
             "S_ISCHR": (0o20600, 0o60600), "S_ISBLK": (0o60600, 0o20600), "S_ISFIFO": (0o10600, 0o100600),
             "S_ISSOCK": (0o140777, 0o40755), "WEXITSTATUS": (0x300, 0xff00), "WTERMSIG": (9, 0x8b),
             "WIFEXITED": (0x100, 9), "WIFSTOPPED": (0x137f, 0x100), "WIFSIGNALED": (9, 0x137f, 0x100),
             "CMSG_ALIGN": (1, 8, 9), "CMSG_SPACE": (1, 8, 12), "CMSG_LEN": (1, 8, 12), "ELF64_R_TYPE": (0x500000008,)}


def strip_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def constants(text):
    """Names of object-like macros, guards left out, and of function-like ones."""
    names = re.findall(r"^#define (\w+) \S", text, re.M)
    calls = re.findall(r"^#define (\w+)\(", text, re.M)
    strings = {n for n in names if re.search(rf"^#define {n} (\"|\(\(void)", text, re.M)}
    libc_guards = {"_STRUCT_TIMESPEC", "__timeval_defined", "__itimerspec_defined", "_BITS_TYPES_STRUCT_SCHED_PARAM"}
    return [n for n in names if n not in strings | libc_guards], calls


def types(text):
    """{type: [members]} of the outermost level; members of unnamed unions and arrays by their bare name."""
    found = {}
    text = re.sub(r"^\t[\w ]+\[\];\n", "", text, flags=re.M)  # a flexible array has no size, and its place follows
    for match in re.finditer(r"^(typedef struct|struct \w+|union \w+) \{\n(.*?)^\}([^;]*);", text, re.M | re.S):
        name = match[3].strip() if match[1] == "typedef struct" else match[1]
        found[name] = re.findall(r"^\t(?!\t)[\w ]*?\*?(\w+)(?:\[\w*\])?;", match[2], re.M)
    return found


def compile_and_run(source, folder):
    """Lines that the program prints; lines of the source that do not compile are dropped, as names unknown to it."""
    lines = source.split("\n")
    for _ in range(12):
        (folder / "probe.c").write_text("\n".join(lines))
        command = ["cc", "-Werror=implicit-function-declaration", "-fmax-errors=0", f"-I{ROOT}"]
        done = subprocess.run(command + ["-o", folder / "probe", folder / "probe.c"], capture_output=True, text=True,
                              check=False)
        if done.returncode == 0:
            return subprocess.run([folder / "probe"], capture_output=True, text=True, check=True).stdout.splitlines()
        bad = {int(n) for n in re.findall(r"probe\.c:(\d+):\d+: (?:fatal )?error", done.stderr)}
        if not bad:
            break
        for number in bad:
            lines[number - 1] = ""
    sys.exit(f"probe does not compile:\n{done.stderr[:4000]}")


def probe(headers, expressions, folder):
    """{key: value} for the C expressions that these headers can give."""
    source = ["#define _GNU_SOURCE 1", "#define _FILE_OFFSET_BITS 64"]
    source += [f"#if __has_include(<{h}>)\n#include <{h}>\n#endif" for h in headers if not h.startswith("abi/")]
    source += [f'#include "{h}"' for h in headers if h.startswith("abi/")]
    source += ["extern int printf(const char *, ...);", "int main(void) {"]
    for key, expression in expressions.items():
        source.append(f'printf("%s\\t%lld\\n", "{key}", (long long)({expression}));')
    source.append("return 0; }")
    return {k: int(v) for k, v in (line.split("\t") for line in compile_and_run("\n".join(source), folder))}


def type_expressions(system):
    """What to ask of ours (system False) or of the system's: {key: expression} by header group."""
    groups = {}
    for ours, members in ALL_TYPES.items():
        theirs, headers, renamed = TYPES[ours]
        if theirs is None:
            continue
        name = theirs if system else ours
        group = groups.setdefault(headers, {})
        if renamed is None:
            if ours != "struct linux_dirent64":
                continue
            renamed = {}
        else:
            group[f"sizeof {ours}"] = f"sizeof({name})"
        for member in members:
            if re.match(r"_*(pad|reserved|unused|spare|f_spare|private)\d*$|nl_pad$", member) or \
                    renamed.get(member, "") is None:
                continue
            inside = renamed.get(member, member) if system else member
            group[f"{ours}.{member}"] = f"__builtin_offsetof({name}, {inside})"
            group[f"sizeof {ours}.{member}"] = f"sizeof((({name} *)0)->{inside})"
        if ours == "struct siginfo":
            for mine, their in SIGINFO.items():
                group[f"{ours}.{mine}"] = f"__builtin_offsetof({name}, {their if system else mine})"
    return groups


def constant_expressions(names, calls):
    asked = {n: n for n in names}
    for name in calls:
        for argument in FUNCTIONS.get(name, ()):
            asked[f"{name}({argument})"] = f"{name}({argument})"
    return asked


def check_constants(failures, folder):
    names, calls = constants(ALL_TEXT)
    ours = probe([f"abi/linux/{p.name}" for p in sorted(ABI.glob("*.h"))], constant_expressions(names, calls), folder)
    asked = {k: RENAMED.get(k, e) for k, e in constant_expressions(names, calls).items()}
    kernel = probe(KERNEL_HEADERS, asked, folder)
    libc = probe(LIBC_HEADERS, asked, folder)
    compared = 0
    for name, value in ours.items():
        system = kernel.get(name, libc.get(name))
        if system is None:
            if name not in OURS | NEWER | LIBC_DIFFERS:
                failures.append(f"{name}: no system header knows it")
            continue
        compared += 1
        wide = (1 << 64) - 1 if value > 0xffffffff or system > 0xffffffff else 0xffffffff
        if value & wide != system & wide and name not in LIBC_DIFFERS:
            failures.append(f"{name}: ours {value:#x}, the system's {system:#x}")
    for name in names:
        if name not in ours:
            failures.append(f"{name}: does not compile")
    for name in calls:
        if name not in FUNCTIONS and not re.match(r"WAIT_|DEV_", name):
            failures.append(f"{name}(): not compared; give it arguments in FUNCTIONS")
    return compared


def check_types(failures, folder):
    compared = 0
    for name in ALL_TYPES:
        if name not in TYPES:
            failures.append(f"{name}: not in TYPES")
    for headers, asked in type_expressions(True).items():
        files = {LIBC: LIBC_HEADERS, KERNEL: KERNEL_HEADERS}.get(headers, headers.split())
        theirs = probe(files, asked, folder)
        ours = probe([f"abi/linux/{p.name}" for p in sorted(ABI.glob("*.h"))], type_expressions(False)[headers], folder)
        for key in asked:
            compared += 1
            if key not in theirs:
                failures.append(f"{key}: the system's headers have no such member")
            elif ours.get(key) != theirs[key]:
                failures.append(f"{key}: ours {ours.get(key)}, the system's {theirs[key]}")
    return compared


def check_errno_table(failures, _folder):
    """errno.def lists each number of errno.h once, in order."""
    defined = re.findall(r"^#define (E\w+) (\d+)$", (ABI / "errno.h").read_text(), re.M)
    expected = [n for n, v in defined if int(v) < 512]
    listed = re.findall(r"^ERRNO\((\w+), ", (ABI / "errno.def").read_text(), re.M)
    if listed != expected:
        failures.append(f"errno.def and errno.h differ: {sorted(set(listed) ^ set(expected))}")
    return len(listed)


def self_test(folder):
    """The comparison can fail: a wrong value and a wrong offset are found."""
    failures = []
    check = probe(LIBC_HEADERS, {"O_CREAT": "O_CREAT", "O_NO_SUCH_THING": "O_NO_SUCH_THING"}, folder)
    if check.get("O_CREAT") != 0o100 or "O_NO_SUCH_THING" in check:
        failures.append("self test: the probe does not tell known from unknown names")
    parsed = types("struct a {\n\tint32_t b;\n\tuint8_t c[4];\n};\n")
    if parsed != {"struct a": ["b", "c"]}:
        failures.append(f"self test: parsed {parsed}")
    return failures


ALL_TEXT = "\n".join(strip_comments(p.read_text()) for p in sorted(ABI.glob("*.h")))
ALL_TYPES = types(ALL_TEXT)


def report(name, failures, compared):
    print(f"{'not ok' if failures else 'ok'} - {name}: {compared} compared")
    for failure in failures:
        print(f"# {failure}")
    return bool(failures)


def main():
    failed = False
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        failed |= report("the probe itself", self_test(folder), 2)
        checks = (("constants", check_constants), ("structures", check_types), ("errno.def", check_errno_table))
        for name, check in checks:
            failures = []
            compared = check(failures, folder)
            failed |= report(name, failures, compared)
    print("1..4")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

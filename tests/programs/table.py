"""Programs that must work unmodified. Each row is run natively first; what it then does is what it must do in an enclave.

A Row is a command that ends by itself: exit status, outputs and the files that it leaves are compared. A Server is
started, driven over loopback and stopped; what the driver saw is compared. `needs="fork"` marks rows that start processes."""

import dataclasses
import typing

import servers

# What the runtime cannot do yet, so that rows that need it are skipped, loudly. Empty this as it learns.
MISSING = {"fork": "starting processes is not supported yet"}


@dataclasses.dataclass
class Row:
    name: str
    argv: list
    package: str = "coreutils"
    files: dict = dataclasses.field(default_factory=dict)  # relative path: bytes, or text as the target of a link
    setup: list = dataclasses.field(default_factory=list)  # commands run natively, before
    stdin: bytes = b""
    env: dict = dataclasses.field(default_factory=dict)
    status: int = 0
    ignore: tuple = ()  # of stdout, stderr, tree
    normal: tuple = ()  # (pattern, replacement) on what is compared
    seconds: int = 20
    source: str = ""  # a program of ours in src/ that must be built first
    image: tuple = None  # more files of its measured root; None: not run as an image
    needs: str = ""
    long: bool = False
    memory: str = ""


@dataclasses.dataclass
class Server:
    name: str
    argv: typing.Callable  # (port, folder, program built) -> argv
    drive: typing.Callable  # (port, folder, seconds) -> dict that must be equal everywhere
    package: str
    prepare: typing.Callable = lambda port, folder: None
    status: int = 0
    source: str = ""
    image: tuple = None
    start_seconds: int = 30
    long: bool = False
    load: int = 2  # seconds of load in a short run


LINES = b"".join(b"%d %s\n" % (n * 7919 % 1000, bytes([97 + n % 26]) * (n % 40)) for n in range(2000))
BINARY = bytes((n * n + n // 7) % 256 for n in range(300_000))
FILES = {"lines": LINES, "binary": BINARY, "empty": b"", "d/one": b"1\n", "d/e/two": b"2 two\n", "d/link": "one",
         "gone": "nowhere", "d/.hidden": b"h"}


def core(argv, name="", **more):
    words = argv.split() if isinstance(argv, str) else argv
    return Row(name=f"coreutils/{name or ' '.join(words)}", argv=words, files=FILES, **more)


TOUCH = ["find", ".", "-exec", "touch", "-h", "-d", "2020-02-02 02:02:02", "{}", "+"]

COREUTILS = [
    core("true"), core("false", status=1), core("echo one two"), core("ls -l d", setup=[TOUCH]),
    core("ls -laR --time-style=full-iso .", setup=[TOUCH], normal=((r"(?m)^total \d+$|\d+ \.\.?$|^d.* \.\.?$", ""),)),
    core("ls nothing-here", status=2), core("cat lines binary empty"), core("cat", stdin=BINARY),
    core("sort -n lines"), core("sort -r -k2 --parallel=2 -S 1M lines"), core("uniq -c", stdin=b"a\na\nb\n"),
    core("sha256sum lines binary empty"), core("md5sum binary"), core("b2sum binary"), core("cksum binary lines"),
    core("date -u -d @86400 +%F"), core(["date", "-d", "2026-03-29 12:00", "+%s %Z %A"], env={"TZ": "Europe/Berlin"}),
    core(["stat", "-c", "%n %s %a %F %h %Y", "lines", "d", "d/link"], setup=[TOUCH],
         normal=((r"d 4096 |d \d+ ", "d "),)),
    core(["stat", "-f", "-c", "%T", "lines"]), core("dd if=binary of=copy bs=4096 skip=3 count=7 status=none"),
    core("dd if=/dev/zero of=zeros bs=1M count=8 conv=fsync status=none"),
    core("cp -a d copied"), core("cp --sparse=always binary sparse"), core("mv d/one moved"), core("mv d renamed"),
    core("ln lines hard"), core("ln -s lines soft"), core("touch -d 2001-01-01 new"), core("rm -r d"),
    core("rm nothing-here", status=1), core("mkdir -p a/b/c"), core("rmdir d", status=1), core("chmod 640 lines"),
    core("truncate -s 100000 binary"), core("find . -type f -name *e* -size -2", name="find (findutils)",
                                            package="findutils", normal=()),
    core("wc lines binary"), core("head -n 3 lines"), core("head -c -299000 binary"), core("tail -n 3 lines"),
    core("tail -c 100 binary"), core("id"), core("id -u nobody"), core("whoami"), core("env -i A=b C=d printenv"),
    core(["printf", "%05d %s %x\\n", "42", "text", "255"]), core("sleep 0.05"), core("tr a-m A-M", stdin=LINES),
    core("cut -d: -f1", stdin=b"a:b\nc:d\n"), core("paste lines lines"), core("join d/one d/one"), core("comm d/one d/e/two"),
    core("od -A x -t x1z -N 64 binary"), core("base64 binary"), core("base64 -d", stdin=b"aGVsbG8=\n"), core("seq 1 3 20"),
    core("seq 2000000", name="seq 2000000 (much output)"), core("tac lines"), core("nl lines"), core("fold -w 7 lines"), core("expand lines"),
    core("split -b 100000 binary part-"), core("tee copy", stdin=LINES), core("readlink -f d/link"), core("realpath d/../lines"),
    core("basename /a/b.c .c"), core("dirname /a/b.c"), core("pwd"), core("uname -s -m"), core("nproc", normal=((r"\d+", "N"),)),
    core("expr 6 * 7"), core("test -d d"), core("factor 1234567890123456789"), core("shuf -i 1-9 --random-source=binary"),
    core("mkfifo pipe"), core("du -sb d", normal=((r"\d+", "N"),)), core("df --output=target .", ignore=("stdout",)), core("sync lines"),
    core("install -m 751 lines installed"), core("cmp lines binary", package="diffutils", status=1),
    core("diff -u d/one d/e/two", package="diffutils", status=1, normal=((r"(?m)^(---|\+\+\+) .*$", ""),)),
    core("grep -c 9 lines", package="grep"), core(["grep", "-E", "^(12|9)[0-9]* (a+|z+)$", "lines"], package="grep"),
    core(["sed", "-n", "s/^\\([0-9]*\\) .*/\\1/p", "lines"], package="sed"), core("sed -i s/1/one/ d/one", package="sed"),
    core("gzip -kn lines", package="gzip"), core("tar --sort=name --mtime=@0 --owner=0 --group=0 -cf d.tar d", package="tar"),
    core(["awk", "{ sum += $1 } END { print NR, sum }", "lines"], package="mawk"),
    core("timeout 5 sleep 0.05", needs="fork"), core("nice -n 5 sleep 0.01"), core("xargs echo", stdin=b"a b\n", needs="fork"),
    core(["sh", "-c", "cat lines | sort | tail -1; (exit 3) || echo $?"], needs="fork", package="dash"),
    core(["sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo $i; read x < d/one; echo $x"],
         name="dash: a loop", package="dash"),
    core(["bash", "-c", "a=(1 2 3); echo ${a[@]/2/x} $((2**40)); printf '%q\\n' 'a b'; exit 4"], name="bash: builtins",
         package="bash", status=4),
]


def box(argv, **more):
    words = argv.split() if isinstance(argv, str) else argv
    return Row(name=f"busybox/{' '.join(words)}", argv=["busybox", *words], package="busybox-static", files=FILES, image=(),
               **more)


BUSYBOX = [
    box("true"), box("echo static"), box("cat lines"), box("sha256sum binary"), box("ls -1 d"), box("sort -n lines"),
    box("wc binary"), box("md5sum lines"), box("head -n 2 lines"), box("grep -c 1 lines"), box("cp binary copied"),
    box("mkdir -p x/y"), box("mv lines moved"), box("rm d/one"), box("find d"), box("tar cf d.tar d", ignore=("tree",)),
    box("gzip -k lines", ignore=("tree",)), box("date -u -d @0"), box("env -i A=b"), box("expr 1 + 1"), box("seq 5"),
    box("id -u"), box("stat -c %s binary"), box("awk {n+=$1}END{print(n)} lines"), box("vi --bad", status=1, ignore=("stderr",)),
    box("usleep 1000"), box("cmp lines lines"), box("nosuchapplet", status=127),
]


def python(name, argv, **more):
    return Row(name=f"python3/{name}", argv=["/usr/bin/python3", *argv], package="python3", **more)


JAVA = "/usr/lib/jvm/java-17-openjdk-amd64"
JAVA_ROOT = (f"{JAVA}/lib", f"{JAVA}/conf", "/etc/java-17-openjdk", f"{JAVA}/lib/server/libjvm.so", f"{JAVA}/lib/libzip.so")
MAKE_CERTIFICATE = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "30",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
PYTHON_ROOT = ("/usr/lib/python3.11", "/usr/lib/python3")

PYTHON = [
    python("print", ["-c", "print(1)"], image=PYTHON_ROOT),
    python("exit status", ["-c", "import sys; sys.exit(42)"], status=42),
    python("abort", ["-c", "import os; os.abort()"], status=-6, ignore=("stderr",)),
    python("traceback", ["-c", "1/0"], status=1),
    python("os", ["-c", "import os,sys,platform,tempfile; print(os.getcwd(), sys.argv, os.path.exists('/proc/self/exe'), "
                  "sys.maxsize, os.sysconf('SC_PAGESIZE')); f=tempfile.TemporaryFile(); f.write(b'x'*9999); print(f.tell())"]),
    python("threads", ["{source}"], source="threads.py", image=PYTHON_ROOT),
    python("ssl", ["{source}", "cert.pem", "key.pem"], source="tls.py", setup=[MAKE_CERTIFICATE], ignore=("tree",)),
    python("sqlite3", ["{source}"], source="database.py", ignore=("tree",)),
    python("asyncio", ["{source}"], source="streams.py", image=PYTHON_ROOT),
    python("subprocess", ["-c", "import subprocess; print(subprocess.run(['echo', 'x'], capture_output=True))"], needs="fork"),
    python("multiprocessing", ["-c", "import multiprocessing as m; print(sum(m.Pool(4).map(abs, range(-100, 100))))"],
           needs="fork"),
]

# CPython's own tests: (name, modules or classes, seconds, long). Debian leaves test_sqlite3 out of libpython3.11-testsuite.
CPYTHON = [
    ("json", ["test.test_json"], 30, False), ("struct", ["test.test_struct"], 20, False),
    ("mmap", ["test.test_mmap"], 20, False), ("zlib", ["test.test_zlib"], 30, False),
    ("hashlib", ["test.test_hashlib"], 30, False), ("threading", ["test.test_threading"], 90, False),
    ("socket (parts)", [f"test.test_socket.{c}" for c in ("GeneralModuleTests", "BasicTCPTest", "BasicUDPTest",
     "BasicSocketPairTest", "NonBlockingTCPTests", "UnbufferedFileObjectClassTestCase", "SendmsgTCPTest", "RecvmsgTCPTest",
     "SendmsgUnixStreamTest", "RecvmsgUnixStreamTest", "RecvmsgSCMRightsStreamTest", "TestUnixDomain", "TCPTimeoutTest")], 60, False),
    ("ssl (parts)", [f"test.test_ssl.{c}" for c in ("ContextTests", "BasicSocketTests", "MemoryBIOTests",
     "SimpleBackgroundTests")], 60, False),
    ("asyncio (parts)", ["test.test_asyncio.test_streams", "test.test_asyncio.test_tasks", "test.test_asyncio.test_locks",
     "test.test_asyncio.test_queues", "test.test_asyncio.test_sock_lowlevel"], 90, False),
    ("waiting and files", ["test.test_select", "test.test_epoll", "test.test_selectors", "test.test_posixpath", "test.test_tempfile",
     "test.test_fileio"], 90, False),
    ("signal", ["test.test_signal", "test.test_poll"], 200, True),
    ("socket", ["test.test_socket"], 200, True), ("ssl", ["test.test_ssl"], 200, True), ("asyncio", ["test.test_asyncio"], 300, True),
    ("os posix time", ["test.test_os", "test.test_posix", "test.test_time", "test.test_io", "test.test_shutil"], 300, True),
]

# Tests of CPython that pass natively and need not pass in an enclave: (pattern on the identity, why).
CPYTHON_EXCEPTIONS = [
    (r"Interprocess|forking|after_fork|_fork\b|fork_", "start processes by other means than those noted"),
    (r"pidfd|Pidfd", "file descriptors of processes come with processes"),
    (r"xattr|ExtendedAttribute", "extended attributes of host files are not passed on"),
    (r"test_monotonic_settime", "the clock is the host's: nobody sets it from inside"),
    (r"VSOCK|CAN|RDS|Bluetooth|Qipcrtr|UDPLITE", "address families that enclaves refuse by name"),
]

COMPILED = [
    Row("c++/threads", ["{source}"], "g++", source="threads.cc", image=(), seconds=30),
    Row("rust/threads", ["{source}"], "rustc", source="threads.rs", image=(), seconds=30,
        normal=((r"(?s)thread '<unnamed>'.*?backtrace\n", ""), (r"\n\n", "\n"))),
]

SQL = ("create table t(id integer primary key, a text, b blob); begin; with recursive n(i) as (select 1 union all select i+1 from n "
       "where i < {rows}) insert into t select i, 'row ' || i, zeroblob(900) from n; commit; create index x on t(a); select count(*), "
       "sum(id), max(a) from t; select id from t where a = 'row 777'; pragma integrity_check; delete from t where id % 3 = 0; "
       "select count(*) from t; vacuum; pragma page_count;")
SQLITE = [
    Row("sqlite3/in memory", ["sqlite3", ":memory:", SQL.format(rows=20000)], "sqlite3", seconds=60, image=()),
    Row("sqlite3/10 MB file", ["sqlite3", "t.db", SQL.format(rows=10000)], "sqlite3", seconds=60, ignore=("tree",)),
    Row("sqlite3/100 MB file", ["sqlite3", "t.db", SQL.format(rows=100000)], "sqlite3", seconds=240, ignore=("tree",), long=True),
    Row("sqlite3/write-ahead log", ["sqlite3", "t.db", "pragma journal_mode=wal; " + SQL.format(rows=2000)], "sqlite3",
        ignore=("tree",), seconds=60),
]

OTHERS = [
    Row("perl", ["perl", "-e", "my %h; $h{$_ % 97} .= $_ for 1..50000; print join(',', map {length $h{$_}} sort keys %h), qq(\\n); "
                 "open my $f, '>', 'out'; print $f 'x' x 99999; close $f; print -s 'out'"], "perl-base"),
    Row("node/script", ["/usr/bin/node", "-e", "const z=require('zlib');const b=z.gzipSync('x'.repeat(1e6));console.log(z.gunzipSync(b)."
                 "length);setTimeout(()=>{console.log('later');process.exitCode=3},20)"], "nodejs", status=3, seconds=40),
    Row("java/version", ["/usr/bin/java", "-Xshare:auto", "--version"], "openjdk-17-jre-headless", seconds=60),
    Row("openssl", ["openssl", "enc", "-aes-256-ctr", "-K", "00" * 32, "-iv", "00" * 16, "-in", "binary", "-out", "enc"], "openssl",
        files=FILES),
    Row("gcc: cc1", ["{cc1}", "-quiet", "-O2", "x.c", "-o", "x.s"], "gcc",
        files={"x.c": b"int f(int n)\n{\n\treturn n < 2 ? n : f(n - 1) + f(n - 2);\n}\n"}),
    Row("git", ["git", "init", "-q", "--template=", "r"], "git", ignore=("tree",)),
    Row("xz", ["xz", "-k", "-T2", "binary"], "xz-utils", files=FILES),
]

# stress-ng starts a process for each stressor, whatever is asked of it.
STRESS = [Row(f"stress-ng/{name}", ["stress-ng", f"--{name}", "2", "--timeout", "3s", "--verify", "-q"], "stress-ng", needs="fork",
              ignore=("stdout", "stderr", "tree"), long=name not in ("futex", "timer"), seconds=40)
          for name in ("futex", "timer", "pthread", "mmap", "mremap", "madvise", "eventfd", "epoll", "sigq", "sigsegv", "hdd", "fstat",
                       "dentry", "vm", "clock", "nanosleep", "sock", "pipe", "poll", "malloc", "memfd", "get", "getrandom", "membarrier")]

SERVERS = [
    Server("redis", servers.redis_argv, servers.redis_drive, "redis-server redis-tools", image=()),
    Server("nginx", servers.nginx_argv, servers.nginx_drive, "nginx-light wrk", servers.nginx_prepare,
           image=("/etc/nginx/mime.types", "/usr/share/nginx")),
    Server("memcached", servers.memcached_argv, servers.memcached_drive, "memcached", image=()),
    Server("go http", servers.go_argv, servers.go_drive, "golang-go wrk", source="server.go", image=()),
    Server("node http", servers.node_argv, servers.node_drive, "nodejs wrk", source="server.js", image=("{source}",)),
    Server("java http", servers.java_argv, servers.java_drive, "openjdk-17-jre-headless wrk", source="Server.java", status=143,
           start_seconds=60, image=(*JAVA_ROOT, "{source}")),
    Server("prometheus", servers.prometheus_argv, servers.prometheus_drive, "prometheus", servers.prometheus_prepare,
           image=(), start_seconds=60, load=8),
    Server("etcd", servers.etcd_argv, servers.etcd_drive, "etcd-server", image=(), start_seconds=60, load=8, status=-15),
]

ROWS = [*COREUTILS, *BUSYBOX, *PYTHON, *COMPILED, *SQLITE, *OTHERS, *STRESS]

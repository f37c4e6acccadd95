# What the stories in this folder share: a stage, a narrator, and root's tools to read memory with. Sourced; needs $adyton.
stage=$(mktemp -d "${TMPDIR:-/tmp}/adyton-demo-XXXXXX")
running=

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
tell() { printf '    %s\n' "$*"; }
show() { sed 's/^/    | /'; }
typed() { printf '  $ %s\n' "$*"; }

stop() {
	for pid in ${1:-$running}; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	running=
}
trap 'stop; rm -rf "$stage"' EXIT
trap 'exit 130' INT TERM
fail() {
	printf '\n\033[1mNot as told:\033[0m %s\n' "$*" >&2
	exit 1
}

needs() {
	for program in "$@"; do
		command -v "$program" >/dev/null || fail "$program is not installed: run this as 'make demo'"
	done
	[ -x "$adyton" ] || fail "no $adyton: run this as 'make demo'"
	[ "$(id -u)" = 0 ] || tell "(you are not root: what root reads of others may be refused to you)"
}

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Everything that /proc/PID/mem gives away, searched: prints how often the secret is there, and how much could be read.
search_memory() {
	python3 - "$1" "$2" <<'END'
import re, sys
pid, secret = sys.argv[1], sys.argv[2].encode()
found = read = refused = 0
try:
    memory = open(f"/proc/{pid}/mem", "rb", 0)
except OSError as error:
    print(f"0 times: /proc/{pid}/mem cannot even be opened ({error.strerror})")
    sys.exit()
for line in open(f"/proc/{pid}/maps"):
    start, end, mode = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
    tail = b""
    at, end = int(start, 16), min(int(end, 16), 1 << 47)
    while "r" in mode and at < end:
        try:
            memory.seek(at)
            part = memory.read(min(1 << 20, end - at))
        except OSError:
            refused += 1
            break
        if not part:
            break
        found += (tail + part).count(secret)
        read += len(part)
        tail, at = part[-len(secret) + 1:], at + len(part)
print(f"{found} times in {read >> 20} MiB that could be read; {refused} ranges were refused")
END
}

# A core dump by gdb's gcore: prints how often the secret is in it.
search_core() {
	timeout 60 gcore -o "$stage/core" "$1" >"$stage/gcore.log" 2>&1
	if [ -e "$stage/core.$1" ]; then
		count=$(grep -c -a -F "$2" "$stage/core.$1")
		rm -f "$stage/core.$1"
		echo "$count lines of a core file"
	else
		echo "0: no core file ($(grep -i -m1 -E 'permitted|could not|unable|denied|cannot' "$stage/gcore.log" | cut -c1-90))"
	fi
}

#!/bin/sh
# timeout: 120
# Strict mode: ENCLU and CPUID trap one by one, as in silicon, and programs must not notice.
set -u
adyton=${ADYTON:-build/adyton}
build=${ADYTON_BUILD:-build}
count=0 failed=0
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

case_() {
	name=$1 expected=$2
	shift 2
	count=$((count + 1))
	if [ ! -x "$1" ]; then
		echo "ok $count - $name # SKIP $1 is not installed"
		return
	fi
	found=$(timeout -k 1 60 "$adyton" run --strict --memory=ordinary "$@" </dev/null 2>"$errors")
	status=$?
	if [ "$status: $found" = "$expected" ]; then
		echo "ok $count - $name"
	else
		failed=1
		echo "not ok $count - $name"
		{ echo "# expected $expected, found $status: $found"; cat "$errors"; } | head -20
	fi
}

echo 1..5
case_ "a static program" "0: hi" "$(command -v busybox || echo /bin/busybox)" echo hi
case_ "a dynamic program" "0: /etc" /bin/ls -d /etc
case_ "its exit status" "7: " /bin/sh -c 'exit 7'
case_ "threads, and an interpreter" "0: 4950" /usr/bin/python3 -c '
import threading
done = []
threads = [threading.Thread(target=done.append, args=(i,)) for i in range(100)]
[t.start() for t in threads]; [t.join() for t in threads]
print(sum(done))'
case_ "exceptions and signals" "0: victim
victim
victim" "$build/tests/evil/victim"
exit $failed

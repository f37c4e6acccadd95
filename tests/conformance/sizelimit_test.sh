#!/bin/sh
# RLIMIT_FSIZE natively and inside: on a host directory and on the enclave's own /dev/shm.
set -u
cd "$(dirname "$0")" || exit 1
python=$(python3 -c "import os, sys; print(os.path.realpath(sys.executable))") # not a shim that needs exec
results=$(mktemp -d)
trap 'rm -rf "$results" "$base"' EXIT
status=0
for base in "${TMPDIR:-/tmp}/adyton-size-$$" /dev/shm/adyton-size-$$; do
	code="import os, sys; os.makedirs('$base', exist_ok=True); sys.argv[1:] = ['$base']; exec(open('sizelimit.py').read())"
	"$python" -c "$code" > "$results/native" || status=1
	"${ADYTON:?}" run "$python" -c "$code" > "$results/inside" || status=1
	rm -rf "$base"
	if ! cmp -s "$results/native" "$results/inside"; then
		echo "$base: answers differ (< native, > inside):"
		diff "$results/native" "$results/inside"
		status=1
	fi
done
exit $status

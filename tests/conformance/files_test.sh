#!/bin/sh
# Random file operations: natively and inside, on a host directory and on the enclave's own /dev/shm. Every answer and the
# tree that results must be the same.
set -u
cd "$(dirname "$0")" || exit 1
python=$(python3 -c "import os, sys; print(os.path.realpath(sys.executable))") # not a shim that needs exec
results=$(mktemp -d)
trap 'rm -rf "$results" "$base"' EXIT
status=0
for parent in /tmp /dev/shm; do
	base=$parent/adyton-files-$$
	for seed in 101 102 103; do
		rm -rf "$base"
		"$python" files.py "$base" $seed 2000 > "$results/native" || status=1
		rm -rf "$base"
		"${ADYTON:?}" run "$python" files.py "$base" $seed 2000 > "$results/inside" || status=1
		rm -rf "$base"
		if ! cmp -s "$results/native" "$results/inside"; then
			echo "$parent, seed $seed: answers differ (< native, > inside):"
			diff "$results/native" "$results/inside" | head -10
			status=1
		fi
	done
done
exit $status

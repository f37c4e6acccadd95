#!/bin/sh
# execve(2) and execveat(2), natively and inside.
set -u
cd "$(dirname "$0")" || exit 1
python=$(python3 -c "import os, sys; print(os.path.realpath(sys.executable))")
base=$(mktemp -d "${TMPDIR:-/var/tmp}/adyton-exec-XXXXXX")
trap 'rm -rf "$base"' EXIT
mkdir "$base/work"
"$python" "$PWD/exec.py" "$base/work" > "$base/native" 2>&1 || { cat "$base/native"; exit 1; }
rm -rf "$base/work"; mkdir "$base/work"
"${ADYTON:?}" run "$python" "$PWD/exec.py" "$base/work" 2> "$base/stderr" > "$base/inside" || { cat "$base/inside" "$base/stderr"; exit 1; }
cmp -s "$base/native" "$base/inside" && exit 0
echo "answers differ (< native, > inside):"
diff "$base/native" "$base/inside"
exit 1

#!/bin/sh
# O_DIRECT on a host file, natively and inside. Not in /tmp: tmpfs may know no O_DIRECT.
set -u
cd "$(dirname "$0")" || exit 1
python=$(python3 -c "import os, sys; print(os.path.realpath(sys.executable))") # not a shim that needs exec
base=$(mktemp -d "${TMPDIR:-/var/tmp}/adyton-direct-XXXXXX")
trap 'rm -rf "$base"' EXIT
"$python" direct.py "$base" > "$base/native" || { echo "SKIP: no O_DIRECT natively under $base"; exit 77; }
"${ADYTON:?}" run "$python" direct.py "$base" > "$base/inside" || { cat "$base/inside"; exit 1; }
cmp -s "$base/native" "$base/inside" && exit 0
echo "answers differ (< native, > inside):"
diff "$base/native" "$base/inside"
exit 1

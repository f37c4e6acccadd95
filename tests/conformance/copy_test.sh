#!/bin/sh
# sendfile and copy_file_range: what a program sees natively and inside must be the same.
set -u
cd "$(dirname "$0")" || exit 1
python=$(python3 -c "import os, sys; print(os.path.realpath(sys.executable))") # not a shim that needs exec
base=$(mktemp -d)
trap 'rm -rf "$base"' EXIT
mkdir "$base/folder"
"$python" copy.py "$base/folder" > "$base/native" || exit 1
"${ADYTON:?}" run "$python" copy.py "$base/folder" > "$base/inside" || { cat "$base/inside"; exit 1; }
cmp -s "$base/native" "$base/inside" && exit 0
echo "answers differ (< native, > inside):"
diff "$base/native" "$base/inside"
exit 1

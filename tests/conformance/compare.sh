# Sourced by tests whose Python script, SCRIPT FOLDER, must print the same natively and inside; each run has an empty
# folder of its own. Sets $python, which is not a shim that needs further processes.
python=$(python3 -c "import os, sys; print(os.path.realpath(sys.executable))")

compare() {
	base=$(mktemp -d "${TMPDIR:-/var/tmp}/adyton-compare-XXXXXX") || exit 1
	trap 'rm -rf "$base"' EXIT
	mkdir "$base/folder"
	"$python" "$PWD/$1" "$base/folder" > "$base/native" 2>&1 || { cat "$base/native"; exit 1; }
	rm -rf "$base/folder"
	mkdir "$base/folder"
	"${ADYTON:?}" run "$python" "$PWD/$1" "$base/folder" 2> "$base/stderr" > "$base/inside" ||
		{ cat "$base/inside" "$base/stderr"; exit 1; }
	cmp -s "$base/native" "$base/inside" && exit 0
	echo "answers differ (< native, > inside):"
	diff "$base/native" "$base/inside"
	exit 1
}

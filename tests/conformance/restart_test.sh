#!/bin/sh
# Restarted calls at a rewritten site: the same answers as natively, and no trap at every call from then on.
set -u
cd "$(dirname "$0")" || exit 1
base=$(mktemp -d)
trap 'rm -rf "$base"' EXIT
gcc -O2 -Wall -Werror restart.c -o "$base/restart" || exit 1
"$base/restart" > "$base/native" || exit 1
"${ADYTON:?}" run --stats="$base/stats" "$base/restart" > "$base/inside" || { echo "status $?"; exit 1; }
if ! cmp -s "$base/native" "$base/inside"; then
	echo "answers differ (< native, > inside):"
	diff "$base/native" "$base/inside"
	exit 1
fi
exits=$(sed 's/.*"aex":\([0-9]*\).*/\1/' "$base/stats")
[ "$exits" -lt 5000 ] && exit 0
echo "$exits asynchronous exits: 100000 calls from a rewritten site trap"
exit 1

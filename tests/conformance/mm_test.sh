#!/bin/sh
# Memory mappings: the same program natively, then inside.
set -u
cd "$(dirname "$0")" || exit 1
program=$(mktemp -d)/mm
trap 'rm -rf "$(dirname "$program")"' EXIT
cc -D_GNU_SOURCE -O1 -Wall -Wextra -o "$program" mm.c -lpthread || exit 1
"$program" native || exit 1
"${ADYTON:?}" run "$program" inside

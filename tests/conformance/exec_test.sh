#!/bin/sh
# execve(2) and execveat(2), natively and inside.
set -u
cd "$(dirname "$0")" || exit 1
. ./compare.sh
compare exec.py

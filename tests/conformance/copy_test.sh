#!/bin/sh
# sendfile and copy_file_range: what a program sees natively and inside must be the same.
set -u
cd "$(dirname "$0")" || exit 1
. ./compare.sh
compare copy.py

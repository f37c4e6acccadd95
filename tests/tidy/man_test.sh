#!/bin/sh
# The manual pages are well-formed mdoc.
cd "$(dirname "$0")/../.." || exit 1
if ! command -v mandoc >/dev/null; then
	echo "mandoc is not installed"
	exit 77
fi
count=0
failed=0
for page in docs/man/*.[1-9]; do
	count=$((count + 1))
	# "referenced manual not found" depends on the machine, not on the page.
	if said=$(mandoc -Tlint -Wwarning "$page" | grep -v 'referenced manual not found'); then
		echo "not ok $count - $page"
		echo "$said" | sed 's/^/# /'
		failed=1
	else
		echo "ok $count - $page"
	fi
done
echo "1..$count"
exit $failed

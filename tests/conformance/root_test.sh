#!/bin/sh
# A measured root: its bytes arrive, and a changed block is found when it is read, told by file and block, and answered EIO.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
for program in /bin/cat; do
	mkdir -p "root$(dirname $program)"
	cp $program root$program
	for library in $(ldd $program | grep -o '/lib[^ ]*'); do
		mkdir -p "root$(dirname "$library")"
		cp "$library" "root$library"
	done
done
head -c 1000000 /dev/urandom > root/data
cat > app.hcl <<'END'
image "root" {
  rootfs = "root"
  entrypoint = ["/bin/cat"]
  allow { arguments = true }
}
END
"${ADYTON:?}" build app.hcl -o app.adyton > /dev/null || exit 1
"$ADYTON" run app.adyton -- /data > out || { echo "an intact image does not run"; exit 1; }
cmp out root/data || exit 1
python3 - <<'END' || exit 1
image, data = bytearray(open("app.adyton", "rb").read()), open("root/data", "rb").read()
at = image.find(data[17 * 4096:17 * 4096 + 64])
image[at + 5] ^= 1
open("changed.adyton", "wb").write(image)
END
if "$ADYTON" run changed.adyton -- /data > out 2> err; then
	echo "a changed block went unnoticed"
	exit 1
fi
grep -q "adyton: /data: block 17 (file offset 69632) does not match the root hash" err || { cat err; exit 1; }
grep -q "Input/output error" err || { cat err; exit 1; }
test "$(wc -c < out)" -le 69632 || { echo "bytes of or behind the changed block came out"; exit 1; }

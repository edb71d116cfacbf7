# Every target takes every input of its corpus.
. "$srcdir/tests/support/tap.sh"
for corpus in "$srcdir"/tests/fuzz/corpus/*; do
	name=${corpus##*/}
	ok "$name: $(find "$corpus" -type f | wc -l) inputs" \
	    "$builddir/tests/fuzz/fuzz-$name" "$corpus"/*
done
tap_done

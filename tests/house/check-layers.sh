# The includes keep to the layers, and the check sees it when they do not.
. "$srcdir/tests/support/tap.sh"
check="$srcdir/build-aux/check-layers"
tree=$(mktemp -d) && trap 'rm -rf "$tree"' EXIT

rooms=$(sed '/^#/d' "$srcdir/build-aux/rooms")
ok "this tree keeps to the layers" "$check" "$srcdir"

# refuses NAME FILE INCLUDE: a tree that is well but for one line is refused.
refuses() {
	rm -rf "$tree"/*
	mkdir -p "$tree/src" "$tree/localkms" "$tree/tools"
	for room in $rooms; do
		mkdir -p "$tree/$room"
		echo '#include <stddef.h>' >"$tree/$room/${room##*/}-part.h"
	done
	for header in src/kms.h src/http.h src/json.h localkms/db.h \
	    tools/move-plan.h tools/token.h; do
		echo '#include <stddef.h>' >"$tree/$header"
	done
	echo '#include "kms.h"' >"$tree/pkcs11/token/key.c"
	ok "$1: well without it" "$check" "$tree"
	echo "$3" >>"$tree/$2"
	fails_saying "$1" "$2:" "$check" "$tree"
}
refuses "src/ includes pkcs11/" src/kms.c '#include "token/token-part.h"'
refuses "src/ includes pkcs11/ by a path" src/kms.c '#include "../pkcs11/token/token-part.h"'
refuses "src/ includes Cryptoki" src/kms.c '#include <p11-kit/pkcs11.h>'
refuses "curl outside http.c" src/kms.c '#include <curl/curl.h>'
refuses "yajl outside json.c" src/kms.c '#  include <yajl/yajl_gen.h>'
refuses "a file of src/ includes one above it" src/kms.c '#include "http.h"'
refuses "a file of src/ that is in no order" src/new.c '#include "kms.h"'
refuses "pkcs11/ includes http.h" pkcs11/token/key.c '#include "http.h"'
refuses "pkcs11/ includes json.h" pkcs11/token/key.c '	#include "json.h" /* so */'
refuses "pkcs11/ includes localkms/" pkcs11/token/key.c '#include "db.h"'
refuses "localkms/ includes pkcs11/" localkms/db.c '#include "token/token-part.h"'
refuses "SQLite outside disk.c" localkms/store/store.c '#include <sqlite3.h>'
refuses "a header that is not there" pkcs11/token/key.c '#include "gone.h"'
refuses "tools/ includes pkcs11/token/" tools/token.c '#include "token/token-part.h"'
refuses "a file of tools/ includes one above it" tools/token.c '#include "move-plan.h"'
refuses "a file of tools/ that is in no order" tools/new.c '#include "token.h"'
# Each room may include those that come after it, and none before.
higher=
for to in $rooms; do
	for from in $higher; do
		[ "${from%/*}" = "${to%/*}" ] || continue
		room=${from#*/}
		refuses "$to/ includes $room/" "$to/part.c" \
		    "#include \"$room/$room-part.h\""
	done
	higher="$higher $to"
done
fails_saying "a tree without source" "no source" "$check" "$tree/src"
tap_done

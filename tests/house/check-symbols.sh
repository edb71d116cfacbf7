# The module shows C_* alone, data that changes has its owners, nothing runs on
# loading; and the check sees it when that is not so.
. "$srcdir/tests/support/tap.sh"
check="$srcdir/build-aux/check-symbols"
tree=$(mktemp -d) && trap 'rm -rf "$tree"' EXIT

"$check" . >/dev/null 2>&1
if [ $? -eq 77 ]; then
	skip "the built files" "sanitizers and gcov add symbols of their own"
else
	ok "the built files" "$check" .
fi

mkdir -p "$tree/src" "$tree/pkcs11/token" "$tree/pkcs11/entry" "$tree/.libs"
compile() { # OBJECT TEXT
	echo "$2" | ${CC:-cc} -fPIC -fvisibility=hidden -x c -c - -o "$tree/$1"
}
visible='__attribute__((visibility("default")))'
entries=
for name in C_GetFunctionList C_GetInterface C_GetInterfaceList; do
	entries="$entries $visible int $name(void) { return 0; }"
done
whole() { # [FLAG...]: a build as it should be
	compile src/kms.o '
		int f(void) { return 1; }
		static int (*const table[])(void) = {f};
		int g(int i) { return table[i](); }'
	compile pkcs11/token/m-module.o 'static int state; int *h(void) { return &state; }'
	compile pkcs11/entry/m-entry.o "$entries"
	link -Wl,-z,nodelete
}
link() { # [FLAG...]
	${CC:-cc} -shared "$@" "$tree"/src/*.o "$tree"/pkcs11/*/*.o \
	    -o "$tree/.libs/keyferry-pkcs11.so"
}
whole
ok "a small build that is well" "$check" "$tree"

refuses() { # NAME WHAT OBJECT TEXT [FLAG...]
	name=$1 what=$2 object=$3 text=$4; shift 4
	compile "$object" "$text"
	link "${@:--Wl,-z,nodelete}"
	fails_saying "$name" "$what" "$check" "$tree"
	rm -f "$tree/src/bad.o" "$tree/pkcs11/token/bad.o"
	whole
}
refuses "data that changes" "bad.o: counter is data" src/bad.o 'int counter;'
refuses "data of a function" "is data" src/bad.o \
    'int f2(void) { static int count = 1; return count++; }'
refuses "a pointer that changes" "bad.o: call is data" src/bad.o \
    'int f3(void); int (*call)(void) = f3; int f3(void) { return 0; }'
refuses "data of a thread" "bad.o: last is data" src/bad.o \
    'static __thread int last; int *f4(void) { return &last; }'
refuses "C_ defined outside entry/" "C_Sign() is defined here" \
    pkcs11/token/bad.o 'int C_Sign(void) { return 0; }'
refuses "an export that is not C_*" "exports kms" src/bad.o \
    "$visible int kms(void) { return 0; }"
refuses "a constructor" "runs on loading" src/bad.o \
    '__attribute__((constructor)) static void start(void) { }'
refuses "a destructor" "runs on loading" src/bad.o \
    '__attribute__((destructor)) static void end(void) { }'
refuses "a module that can be unloaded" "not linked with -z nodelete" \
    src/bad.o 'int f5(void) { return 1; }' -Wl,-z,now
refuses "no C_GetInterface" "does not export C_GetInterface" pkcs11/entry/m-entry.o \
    "$visible int C_GetFunctionList(void) { return 0; }"
ok "the small build is well again" "$check" "$tree"
fails_saying "a build without objects" "no objects" "$check" "$tree/.libs"
tap_done

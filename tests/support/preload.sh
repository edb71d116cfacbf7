# preload.sh: `. "$srcdir/tests/support/preload.sh"` for tests in which a program that
# is not ours loads the module. Needs $builddir.
module=$(cd "$builddir" && pwd)/.libs/keyferry-pkcs11.so

# The sanitizer runtimes that the module wants; they must come before all else
# in the program that loads it. Empty in a plain build.
preload=$(ldd "$module" 2>/dev/null | awk '/lib[a-z]*san\.so/ { print $3 }' |
    paste -s -d: -)

# host COMMAND...: runs such a program. Its own leaks are not looked for.
host() {
	if [ -n "$preload" ]; then
		env LD_PRELOAD="$preload" ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS-}" \
		    "$@"
	else
		"$@"
	fi
}

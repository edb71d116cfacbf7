# TAP for shell tests: `. "$srcdir/tests/support/tap.sh"`, checks, `tap_done`.
tap_count=0 tap_failed=0

# ok NAME COMMAND...: the command succeeds. Its output is shown when it does not.
ok() {
	tap_name=$1; shift
	tap_count=$((tap_count + 1))
	if tap_out=$("$@" 2>&1); then
		echo "ok $tap_count - $tap_name"
	else
		echo "not ok $tap_count - $tap_name"
		printf '%s\n' "$*" "$tap_out" | sed 's/^/# /'
		tap_failed=$((tap_failed + 1))
	fi
}

# fails NAME COMMAND...: the command fails.
fails() {
	tap_name=$1; shift
	ok "$tap_name" tap_not "$@"
}
tap_not() { ! "$@"; }

# fails_saying NAME TEXT COMMAND...: the command fails and says TEXT.
fails_saying() {
	tap_name=$1; shift
	ok "$tap_name" tap_fails_saying "$@"
}
tap_fails_saying() {
	tap_text=$1; shift
	! tap_said=$("$@" 2>&1) || { echo "it succeeded"; return 1; }
	case $tap_said in
	*"$tap_text"*) ;;
	*) printf 'said:   %s\nwanted: %s\n' "$tap_said" "$tap_text"; false ;;
	esac
}

# is NAME GOT WANTED: two strings are the same.
is() {
	ok "$1" tap_same "$2" "$3"
}
tap_same() {
	[ "$1" = "$2" ] || { printf 'got:    %s\nwanted: %s\n' "$1" "$2"; false; }
}

# skip NAME WHY
skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

tap_done() {
	echo "1..$tap_count"
	exit $((tap_failed != 0))
}

# manual.sh: `. "$srcdir/tests/tools/manual.sh"`, before testenv.sh changes the
# directory, for tests that run the examples of a manual page as they are printed.
# as_printed PAGE N: runs the N-th block of commands of docs/PAGE, with /var and /etc
# below the test's directory; fails with the block's status. Run by root, p11-kit reads
# the system's configuration alone: so `keyferry` is a function there that adds to each
# URI which module has the token, and to a command without any the URI of Keyferry's.
manuals=$(cd "$srcdir" && pwd)/docs
as_printed() {
	sed -i 's/^\[token test\]/[token production]/' keyferry.conf
	cat >block.sh <<-'END'
	keyferry() {
		keyferry_uri=
		for keyferry_word; do
			shift
			case $keyferry_word in
			pkcs11:token=production*)
				keyferry_uri=yes keyferry_path=$module ;;
			pkcs11:*)
				keyferry_path=$softhsm ;;
			*)
				set -- "$@" "$keyferry_word"
				continue ;;
			esac
			case $keyferry_word in
			*\?*) keyferry_word="$keyferry_word&module-path=$keyferry_path" ;;
			*) keyferry_word="$keyferry_word?module-path=$keyferry_path" ;;
			esac
			set -- "$@" "$keyferry_word"
		done
		[ -n "$keyferry_uri" ] || [ "$1" = wrap ] || [ "$1" = fingerprint ] ||
		    set -- "$@" --to "pkcs11:token=production?module-path=$module"
		"$built/keyferry" "$@"
	}
	END
	awk -v wanted="$2" '/^\.Bd -literal/ { n++; on = 1; next } /^\.Ed/ { on = 0 }
	    on && n == wanted { gsub(/\\e/, "\\"); gsub(/\\-/, "-"); print }' \
	    "$manuals/$1" | sed -e "s,/var/,$dir/var/,g" -e "s,/etc/,$dir/etc/,g" >printed
	[ -s printed ] || { echo "docs/$1 has no block $2"; return 99; }
	cat printed >>block.sh
	module=$module built=$built softhsm=${softhsm-} host sh -eu block.sh
}

# manual.sh: `. "$srcdir/tests/tools/manual.sh"`, before testenv.sh changes the
# directory, for tests that run the examples of a manual page as they are printed.
# as_printed PAGE N [LANGUAGE]: runs the N-th block of commands of docs/PAGE, with /var
# and /etc below the test's directory; fails with the block's status. A page that is not a
# manual has blocks of several languages: sh, crontab, ini (a unit of systemd's). Run by
# root, p11-kit reads the system's configuration alone: so `keyferry` is a function there
# that adds to each URI which module has the token, and to a command without any the URI
# of Keyferry's. `aws` checks its arguments and does no more.
# printed PAGE N [LANGUAGE]: the block itself.
manuals=$(cd "$srcdir" && pwd)/docs
printed() {
	awk -v wanted="$2" -v begin="\`\`\`${3-sh}" '
	    on && (/^\.Ed/ || /^```$/) { on = 0 }
	    on && n == wanted { gsub(/\\e/, "\\"); gsub(/\\-/, "-"); print }
	    /^\.Bd -literal/ || $0 == begin { n++; on = 1 }' "$manuals/$1"
}
# The commands among the lines of a block.
commands_of() { # LANGUAGE
	case $1 in
	crontab) sed -n 's/^\([0-9*/]* \)\{5\}[a-z]* //p' ;;
	ini) sed -n 's,^ExecStart=/usr/bin/,,p' ;;
	*) cat ;;
	esac
}
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
	aws() { command "$aws" "$@" --generate-cli-skeleton output; }
	END
	printed "$@" | commands_of "${3-sh}" |
	    sed -e "s,/var/,$dir/var/,g" -e "s,/etc/,$dir/etc/,g" >block.printed
	[ -s block.printed ] || { echo "docs/$1 has no block $2"; return 99; }
	cat block.printed >>block.sh
	module=$module built=$built aws=${aws-} softhsm=${softhsm-} host sh -eu block.sh
}

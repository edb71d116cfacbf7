# setup.sh: installing packages and configuring, for ./quickstart and ./run-tests,
# which source it from the top of the checkout.

# say COMMAND...: prints a command that is about to run, so that it can be copied.
say() { printf '\n$ %s\n' "$*"; }

# quietly COMMAND...: shows its output only if it fails.
quietly() {
	if out=$("$@" 2>&1 </dev/null); then
		return 0
	fi
	printf '%s\n' "$out" | tail -n 60 >&2
	echo "failed: $*" >&2
	return 1
}

# as_root COMMAND...
as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "must be run by root, and there is no sudo: $*" >&2
		return 1
	fi
}

# packages_for GROUP...: the packages in build-aux/packages that the groups need
# and that are not installed; optional ones only if apt offers them.
packages_for() {
	missing=$(for group in "$@"; do
		awk -v group="$group" '!/^#/ {
			for (i = 2; i <= NF; i++)
				if ($i == group)
					print $1, /optional/ ? "optional" : ""
		}' build-aux/packages
	done | sort -u | while read -r package optional; do
		case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
		*' installed') ;;
		*) echo "$package $optional" ;;
		esac
	done)
	echo "$missing" | sed -n 's/ $//p'
	optional=$(echo "$missing" | sed -n 's/ optional$//p')
	# shellcheck disable=SC2086 # package names
	[ -z "$optional" ] || apt_offers $optional
}

# Those of the packages that apt knows where to get. One question for all: each
# takes seconds.
apt_offers() {
	LC_ALL=C apt-cache policy "$@" | awk '
		/^[^ ]/ { package = substr($1, 1, length($1) - 1) }
		/^ *Candidate:/ && $2 != "(none)" { print package }'
}

# Whether apt could install them all, according to its present lists.
apt_knows() { apt-get install -s -qq "$@" >/dev/null 2>&1; }

apt_install() {
	say "apt-get install -y --no-install-recommends $*"
	quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get install \
	    -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 \
	    -o Dpkg::Use-Pty=0 "$@"
}

# install_packages GROUP...: installs what is missing. Updates apt's lists only if
# the present ones do not suffice.
install_packages() {
	if ! command -v apt-get >/dev/null; then
		echo "There is no apt-get here. build-aux/packages lists the packages needed."
		return 0
	fi
	[ -n "$(packages_for "$@")" ] || return 0
	# shellcheck disable=SC2046 # package names
	if apt_knows $(packages_for "$@") && apt_install $(packages_for "$@"); then
		return 0
	fi
	say apt-get update
	quietly as_root apt-get update -qq || return 1
	# shellcheck disable=SC2046
	apt_install $(packages_for "$@")
}

# configure_in DIR ARGUMENT...: runs configure there, unless it was run before with
# the same arguments.
configure_in() {
	dir=$1; shift
	say autoreconf -i
	quietly autoreconf -i || return 1
	mkdir -p "$dir" || return 1
	if [ -f "$dir/Makefile" ] && [ "$(cat "$dir/configured")" = "$*" ]; then
		return 0
	fi
	say "mkdir -p $dir && cd $dir && ../../configure $*"
	(cd "$dir" && quietly ../../configure -q "$@") || return 1
	echo "$*" >"$dir/configured"
}

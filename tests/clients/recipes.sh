# The commands of docs/recipes/ work as they are printed, in the order of its README.
recipes=$(cd "$srcdir" && pwd)/docs/recipes
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool
[ -z "$preload" ] || skip_all "its commands load the module without sanitizers"
engines=$(openssl version -e | sed 's/.*"\(.*\)"/\1/')
modules=$(openssl version -m | sed 's/.*"\(.*\)"/\1/')
sed -i 's/^\[token test\]/[token quickstart]/' keyferry.conf
export module

# is_there NEED: a program, or a module that OpenSSL loads.
is_there() {
	case $1 in
	engine) [ -f "$engines/pkcs11.so" ] ;;
	provider) [ -f "$modules/pkcs11.so" ] ;;
	*) command -v "$1" >/dev/null ;;
	esac
}
# Each block of commands says behind "sh" what it needs.
pages=$(sed -n 's/^| \[.*](\([a-z0-9-]*\)\.md) .*/\1/p' "$recipes/README.md")
for page in $pages; do
	awk -v page="$page" '/^```sh/ { n++; sub(/^```sh /, ""); print >(page n ".needs"); on = 1; next }
	    /^```/ { on = 0 } on { print >(page n ".sh") }' "$recipes/$page.md"
	number=1
	while [ -f "$page$number.needs" ]; do
		missing=
		for need in $(cat "$page$number.needs"); do
			is_there "$need" || missing="$missing $need"
		done
		name="$page, block $number: $(cat "$page$number.needs")"
		if [ -n "$missing" ]; then
			skip "$name" "no$missing here"
		else
			ok "$name" timeout 120 sh -eu "$page$number.sh"
		fi
		number=$((number + 1))
	done
done
is "each page is in the README" \
    "$(cd "$recipes" && for page in *.md; do echo "${page%.md}"; done | grep -v -e README -e programs | LC_ALL=C sort)" \
    "$(printf '%s\n' $pages | LC_ALL=C sort)"
ok "the file for the provider is one" test -s ec.uri
tap_done

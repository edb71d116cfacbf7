# The commands in docs/recipes.md work as they are printed.
recipes=$(cd "$srcdir" && pwd)/docs/recipes.md
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool
[ -z "$preload" ] || skip_all "its commands load the module without sanitizers"
engines=$(openssl version -e | sed 's/.*"\(.*\)"/\1/')
modules=$(openssl version -m | sed 's/.*"\(.*\)"/\1/')
sed -i 's/^\[token test\]/[token quickstart]/' keyferry.conf
export module

# has NEED: a program, or a module that OpenSSL loads.
has() {
	case $1 in
	engine) [ -f "$engines/pkcs11.so" ] ;;
	provider) [ -f "$modules/pkcs11.so" ] ;;
	*) command -v "$1" >/dev/null ;;
	esac
}
awk '/^```sh/ { n++; sub(/^```sh /, ""); print >(n ".needs"); on = 1; next }
    /^```/ { on = 0 } on { print >(n ".sh") }' "$recipes"
number=1
while [ -f $number.needs ]; do
	missing=
	for need in $(cat $number.needs); do
		has "$need" || missing="$missing $need"
	done
	name="recipe $number: $(cat $number.needs)"
	if [ -n "$missing" ]; then
		skip "$name" "no$missing here"
	else
		ok "$name" timeout 120 sh -eu $number.sh
	fi
	number=$((number + 1))
done
is "there are recipes" "$((number > 7))" 1
ok "the file for the provider is one" test -s ec.uri
tap_done

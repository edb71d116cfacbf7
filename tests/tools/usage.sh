# keyferry's help and version, and its messages about a wrong command line.
. "$srcdir/tests/support/tap.sh"
keyferry=$builddir/keyferry
version=$(sed -n 's/^AC_INIT(\[keyferry\], \[\(.*\)\])$/\1/p' "$srcdir/configure.ac")
PKCS11_PIN=1 && export PKCS11_PIN

refused() { # NAME TEXT ARGUMENT...
	name=$1 text=$2; shift 2
	out=$("$keyferry" "$@" 2>&1 </dev/null)
	is "$name: status" $? 2
	ok "$name: said" expr "$out" : ".*$text"
}
is "--version" "$("$keyferry" --version)" "keyferry $version"
commands=$(sed -n 's/^    {"\([a-z-]*\)", .*/\1/p' "$srcdir/tools/keyferry.c")
for command in "" $commands; do
	# shellcheck disable=SC2086 # a command or none
	out=$("$keyferry" $command --help 2>/dev/null)
	is "$command --help: status" $? 0
	ok "$command --help: said" expr "$out" : "usage: keyferry"
done

# completes WORD...: what bash is offered for the last of the words behind keyferry.
completes() {
	# shellcheck disable=SC2016 # for bash
	bash -c '. "$1" && shift && COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) &&
	    _keyferry "$1" && printf "%s\n" "${COMPREPLY[@]}"' bash \
	    "$srcdir/tools/bash-completion/keyferry" "$keyferry" "$@" | LC_ALL=C sort | xargs
}
sorted() { LC_ALL=C sort -u | xargs; }
# shellcheck disable=SC2086 # several words
is "completion: the commands" "$(completes "")" \
    "$(printf '%s\n' $commands --help --version | sorted)"
for command in $commands; do
	is "completion: the options of $command" "$(completes "$command" --)" \
	    "$({ "$keyferry" "$command" --help | grep -o -e '--[a-z][a-z-]*'; echo --help; } | sorted)"
done
for command in $commands; do
	for option in json quiet; do
		ok "$command has --$option" expr "$("$keyferry" "$command" --help)" : ".*--$option"
	done
done
for command in enable disable rename cancel-deletion delete move import; do
	ok "$command has --yes" expr "$("$keyferry" "$command" --help)" : ".*--yes"
done
is "completion: a command's beginning" "$(completes en)" enable
is "completion: values" "$(completes move --hash "")" "sha1 sha256"
is "completion: values on two lines" "$(completes wrap --algorithm RSA_)" \
    "RSA_AES_KEY_WRAP_SHA_1 RSA_AES_KEY_WRAP_SHA_256"
is "completion: behind an equals sign" "$(completes wrap --format = h)" hex
is "completion: files" "$(completes wrap --key "$srcdir/tests/tools/us")" \
    "$srcdir/tests/tools/usage.sh"
is "completion: no invention" "$(completes rename --label "")" ""
is "completion: no such command" "$(completes sink --)" ""

ok "--help lists move" expr "$("$keyferry" --help)" : ".*move"
refused "nothing" "usage: keyferry"
refused "an unknown command" "there is no command sink" sink
refused "an argument" "takes only options" list more
refused "no file" "name a file" import
refused "two files, one label" "are for one file" import a b --label c
refused "names, and a key that has some" "has its label" import a --into b --id 01
refused "new material for none" "that --into names" import a --new-material
refused "one component" "--components 1 is not valid" import --components 1
refused "components and a file" "takes no file" import a --components 2 --label b
refused "no manifest" "--manifest is required" restore
refused "a comparison that changes nothing" "leave out --dry-run" restore --manifest a \
    --check --dry-run
refused "half a byte" "--id 0a0 is not valid" import a --id 0a0
refused "no URI" "from and --to are required" move
refused "no target" "from and --to are required" move --from pkcs11:
refused "an unknown option" "usage: keyferry move" move --sink
refused "an argument" "takes only options" move --from pkcs11: --to pkcs11: more
to="--from pkcs11: --to pkcs11:"
for option in "usage wrap" "hash md5" "wrapping-bits 1024" "end-date tomorrow" \
    "end-date 2020-01-01" "end-date 2099-02-31" "end-date 2099-13-01"; do
	# shellcheck disable=SC2086 # two words
	refused "--$option" "--$option is not valid" move $to --$option
done
refused "a day that is over" "2020-01-01 is not valid: it must be a day that is not over" \
    import a --end-date 2020-01-01
refused "no duration" "soon is not valid: it must be a time such as 30d" list --ending soon
refused "no URI's scheme" "URI" move --from pkcs12: --to pkcs11:
refused "an unknown part" "is unknown" move --from pkcs11: --to pkcs11:colour=red
refused "an object as target" "must name a token, not an object" move --from pkcs11: \
    --to "pkcs11:object=a"
refused "no such module" "/nonexistent.so" move --from pkcs11: \
    --to "pkcs11:?module-path=/nonexistent.so"

# A PIN in a URI is not printed.
out=$("$keyferry" move --from pkcs11: \
    --to "pkcs11:token=none?pin-value=secret&module-path=/nonexistent.so" 2>&1)
is "a wrong URI with a PIN: status" $? 2
ok "its PIN is not shown" tap_not expr "$out" : ".*secret"
# Nor is what may be one: of an attribute that is wrong its name is.
for name in pin-valu colour 'pin%zz' id type slot-id; do
	for before in 'token=none;' 'token=none?' 'token=none?module-path=/a&'; do
		out=$("$keyferry" list --to "pkcs11:$before$name=s3cret%zz" 2>&1)
		is "a wrong $name behind $before: status" $? 2
		ok "its value is not shown" tap_not expr "$out" : ".*s3cret"
		ok "its name is" expr "$out" : ".*an attribute of the URI, $name: "
	done
done
for before in '' 'module-path=/a&'; do
	out=$("$keyferry" list --to "pkcs11:token=a?${before}pin-valeu=s3cret" 2>&1)
	is "a misspelt pin-value behind '$before'" "$out" \
	    "keyferry: an attribute of the URI, pin-valeu: is unknown"
done
out=$("$keyferry" list --to "pkcs11:token=a?pin-value:s3cret" 2>&1)
is "no value" "$out" "keyferry: an attribute of the URI has no value"
out=$("$keyferry" list --to "pkcs11?pin-valu=s3cret" 2>&1)
is "not a URI" "$out" "keyferry: a PKCS#11 URI begins with pkcs11:"
tap_done

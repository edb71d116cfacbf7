# The round with SoftHSM in docs/import.md, as its commands are printed there: a key
# is wrapped in SoftHSM and brought into KMS, and renewed by a pair beside it.
manual=$(cd "$srcdir" && pwd)/docs/import.md
. "$srcdir/tests/tools/softhsm.sh"

sed -n '/^### The whole round with SoftHSM/,/^##/s/^    //p' "$manual" >printed
sed -n '/^# keyferry.conf/,/^# the first/p' printed | grep ' = ' >options
set --
while read -r line; do set -- "$@" "$line"; done <options
is "docs/import.md has the options" $# 3
configure "$@"

commands() { # FROM TO: those lines, as a script
	sed -n "/^# $1/,/^# $2/p" printed | sed \
	    -e 's/^pkcs11-tool --module HSM --token-label source --login/hsm/' \
	    -e 's/^keyferry/"$keyferry"/' -e "s|module-path=HSM|module-path=$softhsm|" \
	    -e 's/^pkcs11-tool --module M/p11/'
}
round() { (set -e; . "./$1"); }
days_left() {
	aws_kms describe-key --key-id "$1" --query KeyMetadata.ValidTo \
	    --output text >end
	echo $((($(date -d "$(sed 's/T/ /' end)" +%s) - $(date +%s)) / 86400))
}
ends_in() { [ "$(days_left "$1")" -ge $(($2 - 1)) ]; }

commands 'the first' 'before each' >first.sh
commands 'before each' 'nothing' >renewal.sh
is "docs/import.md has the first round" "$(grep -c '^hsm\|^p11\|^"$keyferry' first.sh)" 5
is "and the renewal" "$(grep -c '^hsm\|^p11\|^"$keyferry' renewal.sh)" 4
ok "a key of SoftHSM is brought into KMS" round first.sh
ok "it is in use" says invoices p11 --list-objects --type secrkey
key=$(aws_kms list-aliases --output text --query \
    "Aliases[?AliasName=='alias/invoices'].TargetKeyId")
ok "and ends in 90 days" ends_in "$key" 90
control POST '/clock?forward=5184000' >/dev/null
ok "60 days later it is renewed" round renewal.sh
ok "and ends in 90 days from then" ends_in "$key" 150
ok "the pair is gone" [ -z "$(p11 --list-objects --type pubkey 2>/dev/null)" ]
tap_done

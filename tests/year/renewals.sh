# make renewals: a year in which the timers of two hosts run keyferry renew at the same
# moment, each with an HSM of its own. KMS's clock and theirs go on by INTERVAL days, from
# one day of the timers to the next. AES keys are rotated now and then. No key ever ends,
# each material has its end, and nothing is left over. DAYS=60 is a part of it.
. "$srcdir/tests/tools/softhsm.sh"
needs python3
interval=${INTERVAL:-10}
from="pkcs11:token=source?module-path=$softhsm"
configure 'wrapping = RSAES_OAEP_SHA_1'
sed "s,^state = .*,state = $dir/other," keyferry.conf >other.conf
chmod 600 other.conf
day=0
# later COMMAND...: on that day.
later() {
	env LD_PRELOAD="$built/.libs/later.so" LATER=$((day * 86400)) "$@" </dev/null
}
# host_renews CONFIG HSM: into the file of that configuration's name.
host_renews() {
	KEYFERRY_CONFIG=$dir/$1 SOFTHSM2_CONF=$dir/$2 later "$keyferry" renew \
	    --to "$cloud" --from "$from" --manifest manifest.csv --valid-days 90 \
	    --wrapping-bits 2048 --json >"$1.json" 2>"$1.err"
}
# What is wrong today, of the keys in JSON: one that ends within 20 days, or cannot be
# used; and how many materials there are.
look() {
	later "$keyferry" list --json --to "$cloud" >keys.json || return 1
	python3 - "$1" <<-'PYTHON'
		import json, sys
		keys = json.load(open("keys.json"))
		bad = [k for k in keys if k["state"] != "Enabled" or k["days_left"] < 20
		       or k["materials_missing"] != 0]
		print("\n".join(map(str, bad)), end="")
		materials = sum(k["materials"] for k in keys)
		if materials != int(sys.argv[1]):
		    print("materials:", materials)
		sys.exit(bool(bad) or materials != int(sys.argv[1]))
	PYTHON
}
nothing_is_left() {
	[ -z "$(find state other -name 'renew-*' 2>/dev/null)" ] &&
	    later "$keyferry" list --leftovers --to "$cloud" --quiet
}
clone() {
	rm -rf clone
	cp -r tokens clone
	sed "s,$dir/tokens,$dir/clone," softhsm2.conf >clone.conf
}

echo label,file,hash >manifest.csv
for n in 1 2 3; do
	hsm_aes "key-$n" "0$n"
	openssl rand -out "mac-$n.key" 48
	echo "mac-$n,mac-$n.key,sha384" >>manifest.csv
done
ends "keys of an HSM" 0 move --yes --quiet --end-date "$(date -u -d '60 days' +%F)"
ends "keys of files" 0 later "$keyferry" import --to "$cloud" --yes --quiet \
    --manifest manifest.csv --end-date "$(date -u -d '50 days' +%F)"
materials=6 renewed=0 there=0
while [ $day -lt "${DAYS:-365}" ]; do
	day=$((day + interval))
	control POST "/clock?forward=$((interval * 86400))" >/dev/null
	clone
	host_renews other.conf clone.conf &
	host_renews keyferry.conf softhsm2.conf
	first=$?
	wait $!
	second=$?
	is "day $day: both hosts" "$first $second" "0 0"
	cat ./*.conf.err
	renewed=$((renewed + $(cat ./*.conf.json | grep -c '"result":"renewed"')))
	there=$((there + $(cat ./*.conf.json | grep -c '"result":"there"')))
	if [ $((day / interval % 4)) = 0 ]; then
		n=$((day / interval / 4 % 3 + 1))
		hsm_aes "key-$n" "$(printf %02x $((day / interval + 16)))"
		ends "day $day: rotated" 0 later "$keyferry" rotate --yes --quiet \
		    --to "$cloud" --valid-days 90 --wrapping-bits 2048 "key-$n" --from \
		    "pkcs11:token=source;id=%$(printf %02x $((day / interval + 16)))?module-path=$softhsm"
		materials=$((materials + 1))
	fi
	ok "day $day: no key ends" look $materials
	ok "day $day: nothing is left" nothing_is_left
done
echo "# $renewed renewals, $there that the other host was quicker with, $materials materials"
tap_done

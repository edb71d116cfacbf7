# The module as a service has it: no home, a file system that it cannot write, a state
# directory of systemd's, a configuration of root's.
srcdir=$(cd "$srcdir" && pwd)
. "$srcdir/tests/clients/testenv.sh"
needs pkcs11-tool openssl

ok "an EC key" make_ec
echo text >text
sign() { host "$@" pkcs11-tool --module "$module" --sign -m ECDSA-SHA256 \
    --label ec -i text -o /dev/null; }
configured() { printf '%s\n' '[token test]' 'wrapping-bits = 2048' "$@" >keyferry.conf; }

configured
ok "without a home keys are used" sign env -u HOME
ok "nor does one that cannot be entered matter" sign env HOME=/proc/1/nowhere
ok "the environment alone makes a token" sign env -u HOME -u KEYFERRY_CONFIG
mkdir lib lib/keyferry && chmod 700 lib/keyferry
openssl rand -out aes 32
import() {
	host "$@" pkcs11-tool --module "$module" --write-object aes --type secrkey \
	    --key-type AES:32 --label "$label"
}
label=one
fails "without a state directory nothing is imported" import env HOME=/proc/1/nowhere
label=two
ok "with systemd's it is" import env HOME=/proc/1/nowhere \
    XDG_STATE_HOME="$dir/lib"
ok "and the state is there" [ -n "$(ls lib/keyferry)" ]
label=three
mkdir private && mv lib/keyferry private/ && ln -s "$dir/private/keyferry" lib/keyferry
ok "by a link, as with DynamicUser" import env HOME=/proc/1/nowhere \
    XDG_STATE_HOME="$dir/lib"
if [ "$(id -u)" = 0 ] && command -v unshare >/dev/null && unshare -m true 2>/dev/null; then
	ok "a read-only root" sign unshare -m sh -c \
	    'mount --bind / / && mount -o remount,ro,bind / && exec "$@"' sh
else
	skip "a read-only root" "not allowed here"
fi

# The sample of a profile is one.
if command -v apparmor_parser >/dev/null && [ -d /etc/apparmor.d/abstractions ]; then
	sed -n '/^```apparmor/,/^```$/p' "$srcdir/docs/service.md" | sed '/^```/d' \
	    >profile
	ok "AppArmor takes the profile" apparmor_parser -Q -K profile
	ok "the module may be mapped" grep 'keyferry-pkcs11.so mr,' profile
else
	skip "AppArmor takes the profile" "no apparmor_parser here"
fi
tap_done

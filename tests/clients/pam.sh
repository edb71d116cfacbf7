# pam_pkcs11: its tools find a certificate's owner, and a service of PAM lets a user in
# who has the key in KMS.
needs_root=1
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool pkcs11_inspect pklogin_finder pamtester unshare
[ -z "$preload" ] || skip_all "sanitizers are not for its programs"
mkdir certificates cacerts pam.d
configure "certificates = $dir/certificates"
ok "an RSA key is imported" make_rsa
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -subj /CN=ca -days 9 \
    -out cacerts/ca.pem 2>/dev/null
openssl rehash cacerts
openssl req -new -key rsa.key -subj "/CN=Alice Example" |
    openssl x509 -req -CA cacerts/ca.pem -CAkey ca.key -CAcreateserial -days 9 \
    -out certificates/rsa.pem 2>/dev/null
echo "Alice Example -> nobody" >names
recipe logins PAM -e "s,/usr/lib/.*/keyferry-pkcs11.so,$module," \
    -e "s,/etc/pam_pkcs11,$dir," -e "s/quickstart/test/" >printed
sed '/^auth/d' printed >pam_pkcs11.conf
sed '/^auth/!d' printed >pam.d/keyferry
echo "account required pam_permit.so" >>pam.d/keyferry
# The tools want a PIN from the terminal or, where there is none, on standard input.
tool() { echo 1234 | setsid -w "$1" "config_file=$dir/pam_pkcs11.conf"; }
ok "pkcs11_inspect" says "Alice Example" tool pkcs11_inspect
ok "pklogin_finder" says nobody tool pklogin_finder
authenticate() {
	echo 1234 | sh "$mount_over" pam.d /etc/pam.d \
	    pamtester keyferry "$1" authenticate
}
ok "the owner gets in" authenticate nobody
fails "another user does not" authenticate daemon
id=$(aws_kms list-aliases --query "Aliases[?AliasName=='alias/rsa'].TargetKeyId" \
    --output text)
ok "the key is disabled" aws_kms disable-key --key-id "$id"
fails "its owner does not get in" authenticate nobody
tap_done

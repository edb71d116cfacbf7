# pdfsig signs a PDF with a key in KMS, through NSS; openssl takes its signature.
. "$srcdir/tests/clients/testenv.sh"
needs pdfsig modutil certutil pkcs11-tool openssl
[ -z "$preload" ] || skip_all "pdfsig loads the module without sanitizers"
mkdir certificates
configure "certificates = $dir/certificates"
ok "an RSA key is imported" make_rsa
openssl req -new -x509 -key rsa.key -subj /CN=signer -days 9 -out certificates/rsa.pem
rm rsa.key
mkdir nss && certutil -N -d sql:nss --empty-password
ok "modutil -add" modutil -dbdir sql:nss -force -add keyferry -libfile "$module"
# object TEXT: adds an object to the PDF, and its place to the table.
number=0
: >table
object() {
	number=$((number + 1))
	printf '%010d 00000 n \n' "$(wc -c <text.pdf)" >>table
	printf '%d 0 obj\n%s\nendobj\n' $number "$1" >>text.pdf
}
printf '%%PDF-1.7\n' >text.pdf
object "<< /Type /Catalog /Pages 2 0 R >>"
object "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
object "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Resources << >> >>"
place=$(wc -c <text.pdf)
printf 'xref\n0 4\n0000000000 65535 f \n' >>text.pdf
cat table >>text.pdf
printf 'trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n' "$place" >>text.pdf

recipe nss pdfsig -e s/quickstart/test/ >commands
ok "the commands of the recipe" timeout 60 sh -eux commands
ok "pdfsig takes the signature" says "Signature is Valid" pdfsig -nssdir nss signed.pdf
pdfsig -nssdir nss signed.pdf >shown 2>&1
pdfsig -nssdir nss -dump signed.pdf >/dev/null 2>&1
# The signature is of two ranges of the file: [0 - A], [B - C].
ranges=$(sed -n 's/.*Signed Ranges: \[0 - \([0-9]*\)\], \[\([0-9]*\) - \([0-9]*\)\].*/\1 \2 \3/p' shown)
# shellcheck disable=SC2086 # three numbers
set -- $ranges
{ head -c "$1" signed.pdf && tail -c "+$(($2 + 1))" signed.pdf | head -c $(($3 - $2)); } >content
ok "openssl takes it" openssl cms -verify -inform DER -in signed.pdf.sig0 -binary \
    -content content -CAfile certificates/rsa.pem -purpose any -out /dev/null
tap_done

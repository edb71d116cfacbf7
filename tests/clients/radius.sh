# A RADIUS server and a client of 802.1X: FreeRADIUS has its key in KMS through the
# provider; wpa_supplicant's eapol_test through the engine.
needs_root=1
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool freeradius eapol_test unshare
[ -z "$preload" ] || skip_all "sanitizers are not for these programs"
ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out file.key
for name in rsa ec file; do
	openssl req -new -x509 -key $name.key -subj /CN=localhost -days 9 \
	    -addext extendedKeyUsage=serverAuth,clientAuth -out $name.pem
done
rm rsa.key ec.key
cat rsa.pem ec.pem >clients.pem
others_log
install -m 600 -o freerad /dev/null module.log
names() { sed -e "s/token=quickstart/token=test/" -e "s/object=ec/object=$1/" -e "s/ec\\./$1./"; }

# serve NAME KEY-FILE: a server that lets clients in by certificate.
install -d -o freerad raddb
echo '$INCLUDE /usr/share/freeradius/dictionary' >raddb/dictionary
serve() {
	port=$(free_port)
	install -m 600 -o freerad "$2" "raddb/$1.uri"
	cp "$1.pem" raddb/
	cat >raddb/radiusd.conf <<-END
		libdir = $(dirname "$(find /usr/lib -name rlm_eap.so | head -n 1)")
		log {
		    destination = stdout
		}
		security {
		    user = freerad
		    group = freerad
		}
		listen {
		    type = auth
		    ipaddr = 127.0.0.1
		    port = $port
		    virtual_server = default
		}
		client localhost {
		    ipaddr = 127.0.0.1
		    secret = secret
		}
		modules {
		    eap {
			default_eap_type = tls
			tls-config common {
			    $(recipe servers FreeRADIUS -e "s,/etc/freeradius/3.0/certs,$dir/raddb," | names "$1")
			    ca_file = $dir/clients.pem
			    tls_min_version = "1.2"
			    tls_max_version = "1.2"
			}
			tls {
			    tls = common
			}
		    }
		}
		server default {
		    authorize {
			eap
		    }
		    authenticate {
			eap
		    }
		}
	END
	start "FreeRADIUS starts, $1" "Ready to process requests" env \
	    OPENSSL_CONF="$dir/openssl.cnf" freeradius -f -l stdout -d "$dir/raddb" -n radiusd
}
# joins SERVER NAME SETTING...: a client does, with the certificate of that name. It
# loads only what lies below /usr/lib.
trusted=$(dirname "$(find /usr/lib -path '*/pkcs11/p11-kit-trust.so' | head -n 1)")
mkdir trusted && cp "$module" trusted/
ok "a folder for modules" [ -d "$trusted" ]
joins() {
	server_name=$1 client_name=$2; shift 2
	cat >wpa.conf <<-END
		$(for line in "$@"; do echo "$line"; done | grep '^pkcs11_')
		network={
		    key_mgmt=WPA-EAP
		    eap=TLS
		    identity="alice"
		    ca_cert="$dir/$server_name.pem"
		    client_cert="$dir/$client_name.pem"
		    $(for line in "$@"; do echo "$line"; done | grep -v '^pkcs11_')
		}
	END
	timeout 60 sh "$mount_over" trusted "$trusted" eapol_test -c wpa.conf \
	    -a 127.0.0.1 -p "$port" -s secret -t 30
}
: >openssl.cnf
serve file file.key
fails "another key than the certificate's" joins file ec "private_key=\"$dir/file.key\""
if has_engine; then
	for name in rsa ec; do
		settings=$(recipe logins wpa_supplicant \
		    -e "s,/usr/lib/[^/]*/engines-3,$engines," \
		    -e "s,/usr/lib/[^/]*/pkcs11,$trusted," | names $name)
		ok "wpa_supplicant with the engine, $name" says SUCCESS joins file $name \
		    "$settings"
	done
else
	skip "wpa_supplicant with the engine" "none here"
fi
stop
if has_provider; then
	openssl req -new -x509 -key file.key -subj /CN=alice -days 9 -out client.pem
	cp client.pem clients.pem
	provider_settings >openssl.cnf
	for name in rsa ec; do
		uri_file "pkcs11:token=test;object=$name;type=private?pin-value=1234" >$name.uri
		[ $name = rsa ] || recipe servers "Clients with certificates" >>keyferry.conf
		serve $name $name.uri
		ok "a client, $name" says SUCCESS joins $name client \
		    "private_key=\"$dir/file.key\""
		stop
	done
	ok "the log is written" grep -q 'C_Sign.*: CKR_OK' module.log
	ok "no failure in it" tap_not grep ' error: ' module.log
else
	skip "FreeRADIUS with the provider" "none here"
fi
tap_done

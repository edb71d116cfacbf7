# Tomcat with keys in KMS, an RSA and an EC key of one connector, by Java's SunPKCS11: TLS
# 1.3 and 1.2, and 1,000 requests, 32 at once.
. "$srcdir/tests/clients/testenv.sh"
needs java pkcs11-tool openssl curl
[ -z "$preload" ] || skip_all "the sanitizers and Java both want SIGSEGV"
home=/usr/share/tomcat10
[ -f $home/bin/bootstrap.jar ] || skip_all "no Tomcat 10 here"
mkdir -p certificates tomcat/conf tomcat/webapps/ROOT tomcat/logs tomcat/temp tomcat/work
configure "certificates = $dir/certificates"
ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
for name in rsa ec; do
	openssl req -new -x509 -key $name.key -subj /CN=localhost -days 9 \
	    -addext subjectAltName=DNS:localhost -out certificates/$name.pem
	rm $name.key
done
cat certificates/*.pem >both.pem
printf '%s\n' "name = kms" "library = $module" "slotListIndex = 0" >java.cfg
recipe java java.security -e "s,/etc/tomcat10,$dir," >java.security
echo hello >tomcat/webapps/ROOT/index.html
cat >tomcat/conf/web.xml <<'END'
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">
<servlet><servlet-name>default</servlet-name>
<servlet-class>org.apache.catalina.servlets.DefaultServlet</servlet-class></servlet>
<servlet-mapping><servlet-name>default</servlet-name>
<url-pattern>/</url-pattern></servlet-mapping>
<welcome-file-list><welcome-file>index.html</welcome-file></welcome-file-list>
</web-app>
END
port=$(free_port)
# A second certificate beside the printed one.
cat >tomcat/conf/server.xml <<END
<Server port="-1"><Service name="Catalina">
<Connector port="$port" address="127.0.0.1" SSLEnabled="true" maxKeepAliveRequests="1"
  protocol="org.apache.coyote.http11.Http11NioProtocol">
$(recipe java server.xml -e '/<\/SSLHostConfig>/d')
$(recipe java server.xml -e '/<SSLHostConfig>/d' -e 's/"EC"/"RSA"/' -e 's/"ec"/"rsa"/')
</Connector>
<Engine name="Catalina" defaultHost="localhost">
<Host name="localhost" appBase="webapps"/></Engine></Service></Server>
END
start "Tomcat starts" "Server startup" env KEYFERRY_LOG="error:$dir/module.log" java \
    -Djava.security.properties="$dir/java.security" -Dcatalina.home=$home \
    -Dcatalina.base="$dir/tomcat" -Djava.io.tmpdir="$dir/tomcat/temp" \
    -cp $home/bin/bootstrap.jar:$home/bin/tomcat-juli.jar \
    org.apache.catalina.startup.Bootstrap start
# handshake KEY ARGUMENT...: with which openssl takes that key alone.
handshake() {
	hand_key=$1; shift
	says "Verify return code: 0 (ok)" openssl s_client -connect "127.0.0.1:$port" \
	    -CAfile certificates/"$hand_key".pem -servername localhost \
	    -verify_return_error "$@" </dev/null
}
ok "RSA, TLS 1.3" handshake rsa -tls1_3 -sigalgs RSA-PSS+SHA256
ok "EC, TLS 1.3" handshake ec -tls1_3 -sigalgs ECDSA+SHA256
ok "RSA, TLS 1.2" handshake rsa -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256
ok "EC, TLS 1.2" handshake ec -tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256
requests() {
	curl -sS --fail --noproxy '*' --cacert both.pem --parallel --parallel-max 32 \
	    "https://localhost:$port/?[1-1000]" >answers 2>curl.log || { tail -n 3 curl.log; return 1; }
	tap_same "$(grep -c hello answers)" 1000
}
ok "1,000 requests, 32 at once" requests
ok "the module logs no error" test ! -s module.log
[ $tap_failed -eq 0 ] || sed 's/^/# /' served
stop
tap_done

# OpenSSH: prints the token's public keys, uses its keys in an agent, and logs in
# with them to a server that the test starts.
. "$srcdir/tests/clients/testenv.sh"
needs ssh ssh-keygen ssh-agent ssh-add pkcs11-tool openssl
[ -z "$preload" ] || skip_all "ssh-agent is setgid: nothing is preloaded"
ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
ok "ssh-keygen -D" says "ssh-rsa" host ssh-keygen -D "$module"
host ssh-keygen -D "$module" >shown.pub 2>/dev/null
ok "it has both keys" grep -q ecdsa-sha2-nistp256 shown.pub
for name in rsa ec; do
	ssh-keygen -i -m PKCS8 -f $name.pub >>imported.pub
done
is "they are those that were imported" "$(cut -d' ' -f1,2 shown.pub | sort)" \
    "$(cut -d' ' -f1,2 imported.pub | sort)"

# The agent's helper asks for a PIN; the token accepts any.
printf '#!/bin/sh\necho 1234\n' >askpass
chmod 755 askpass
SSH_ASKPASS=$dir/askpass SSH_ASKPASS_REQUIRE=force DISPLAY=:0
export SSH_ASKPASS SSH_ASKPASS_REQUIRE DISPLAY
eval "$(host ssh-agent -P "$(realpath "$module")" -a "$dir/agent")" >agent.log
server=$SSH_AGENT_PID
ok "ssh-add -s" host ssh-add -s "$(realpath "$module")"
ok "ssh-add -L" says "ecdsa-sha2-nistp256" ssh-add -L
for name in rsa ec; do
	ssh-keygen -i -m PKCS8 -f $name.pub >$name.ssh.pub
	echo text >text && rm -f text.sig
	ok "ssh-keygen -Y sign" ssh-keygen -Y sign -f $name.ssh.pub -n file text
	echo "me $(cat $name.ssh.pub)" >allowed
	ok "it verifies" eval "ssh-keygen -Y verify -f allowed -I me -n file \
	    -s text.sig <text"
done

# A certificate authority, by the module alone and by the agent.
ssh-keygen -q -t ed25519 -N '' -f user
for name in rsa ec; do
	for by in "-D $(realpath "$module")" -U; do
		recipe openssh Certificates -e "s,ca.pub,$name.ssh.pub," \
		    -e "s,-D [^ ]*,$by," -e 's,id_ed25519.pub,user.pub,' >ca
		rm -f user-cert.pub
		ok "a certificate by $name, ${by%% *}" sh -e ca
		ok "it is the key's" says \
		    "$(ssh-keygen -lf $name.ssh.pub | cut -d' ' -f2)" \
		    ssh-keygen -L -f user-cert.pub
	done
done

# (With an RSA key, ssh-add 9.2 tests a SHA-1 signature, which KMS does not make.)
ok "ssh-add -T" ssh-add -T ec.ssh.pub

if [ -x /usr/sbin/sshd ]; then
	mkdir -p "$dir/etc"
	ssh-keygen -q -t ed25519 -N '' -f hostkey
	cp shown.pub authorized
	port=$(free_port)
	[ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
	cat >sshd.conf <<-EOF
		ListenAddress 127.0.0.1:$port
		HostKey $dir/hostkey
		PidFile none
		AuthorizedKeysFile $dir/authorized
		StrictModes no
		UsePAM no
		PasswordAuthentication no
		KbdInteractiveAuthentication no
	EOF
	agent=$server
	start "sshd" "Server listening" /usr/sbin/sshd -D -e -f "$dir/sshd.conf"
	for algorithm in rsa-sha2-256 ecdsa-sha2-nistp256; do
		ok "ssh -I, $algorithm" says "logged in" host ssh -F none \
		    -I "$module" -p "$port" -o IdentityAgent=none \
		    -o PubkeyAcceptedAlgorithms=$algorithm \
		    -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		    -o BatchMode=yes "$(id -un)@127.0.0.1" echo logged in
		ok "ssh with the agent" says "logged in" ssh -F none -p "$port" \
		    -o PubkeyAcceptedAlgorithms=$algorithm \
		    -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		    -o BatchMode=yes "$(id -un)@127.0.0.1" echo logged in
	done
	stop
	# The host's key is in the agent, too, and signs what the server proves by.
	mkdir known
	recipe openssh "Host keys" -e "s,/etc/ssh/,$dir/," -e "s,/run/.*,$dir/agent," \
	    >hostkey.conf
	cp ec.ssh.pub kms.pub
	sed -e '/^HostKey/d' sshd.conf | cat hostkey.conf - >hosts.conf
	echo "[127.0.0.1]:$port $(cat ec.ssh.pub)" >known/plain
	start "sshd with the host's key" "Server listening" /usr/sbin/sshd -D -e \
	    -f "$dir/hosts.conf"
	enters() {
		ssh -F none -p "$port" -o StrictHostKeyChecking=yes \
		    -o UserKnownHostsFile="$dir/known/$1" -o BatchMode=yes \
		    "$(id -un)@127.0.0.1" echo logged in
	}
	ok "ssh knows the host by it" says "logged in" enters plain
	echo "[127.0.0.1]:$port $(cat hostkey.pub)" >known/other
	fails "but not by another" enters other
	stop
	server=$agent
else
	skip "logins" "no sshd here"
fi
ok "ssh-add -e" host ssh-add -e "$(realpath "$module")"
fails "the agent holds none" ssh-add -L
stop
tap_done

#!/bin/sh
# Sessions: AWS's command line takes a role, and uses KMS with what it got.
srcdir=${srcdir:-.} builddir=${builddir:-.}
. "$srcdir/tests/support/tap.sh"
. "$srcdir/tests/localkms/start.sh"
[ -n "$aws" ] || { echo "1..0 # SKIP no aws command line"; exit 0; }
localkms_start
is "it starts" $? 0

sts() {
	"$aws" --endpoint-url "$AWS_ENDPOINT_URL_STS" --output text sts "$@"
}
# refused NAME CODE COMMAND...: the command line shows that error.
refused() {
	refused_name=$1 refused_as=$2; shift 2
	ok "$refused_name: $refused_as" refused_so "$refused_as" "$@"
}
refused_so() {
	refused_wanted=$1; shift
	refused_said=$("$@" 2>&1 >/dev/null)
	printf '%s\n' "$refused_said"
	case $refused_said in *"($refused_wanted)"*) return 0 ;; esac
	return 1
}
role=arn:aws:iam::111122223333:role
is "who am I" "$(sts get-caller-identity --query Arn)" \
	arn:aws:iam::111122223333:user/keyferry
refused "a role that denies" AccessDenied \
	sts assume-role --role-arn "$role/denied" --role-session-name me
refused "a role that wants MFA" AccessDenied \
	sts assume-role --role-arn "$role/mfa-admin" --role-session-name me
ok "with MFA" sts assume-role --role-arn "$role/mfa-admin" \
	--role-session-name me --token-code 123456 \
	--serial-number arn:aws:iam::111122223333:mfa/me
ok "a web identity" sts assume-role-with-web-identity --role-arn "$role/web" \
	--role-session-name me --web-identity-token eyJh.eyJz.c2ln
refused "a web identity that is none" InvalidIdentityToken \
	sts assume-role-with-web-identity --role-arn "$role/web" \
	--role-session-name me --web-identity-token none

sts assume-role --role-arn "$role/tester" --role-session-name me \
	--duration-seconds 900 --query \
	'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' |
	tr '\t' '\n' >"$work/session"
AWS_ACCESS_KEY_ID=$(sed -n 1p "$work/session")
AWS_SECRET_ACCESS_KEY=$(sed -n 2p "$work/session")
AWS_SESSION_TOKEN=$(sed -n 3p "$work/session")
export AWS_SESSION_TOKEN
is "who am I in the session" "$(sts get-caller-identity --query Arn)" \
	arn:aws:sts::111122223333:assumed-role/tester/me
ok "KMS takes the session" kms list-keys
forged() { AWS_SESSION_TOKEN=Zm9yZ2Vk kms list-keys; }
refused "a forged token" UnrecognizedClientException forged
without() { (unset AWS_SESSION_TOKEN; kms list-keys); }
refused "no token" UnrecognizedClientException without
tap_done

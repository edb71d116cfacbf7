#!/bin/sh
# AWS's command line: who may ask, and when; Regions, faults, denials, quotas.
srcdir=${srcdir:-.} builddir=${builddir:-.}
. "$srcdir/tests/support/tap.sh"
. "$srcdir/tests/localkms/aws.sh"
localkms_start
is "it starts" $? 0
key=$(new_key)

# These are of the environment: each command is a process of its own.
mismatch="The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
refused "a wrong secret" InvalidSignatureException "$mismatch" \
    apart AWS_SECRET_ACCESS_KEY=wrong kms list-keys
invalid="The security token included in the request is invalid."
refused "an unknown access key" UnrecognizedClientException "$invalid" \
    apart AWS_ACCESS_KEY_ID=AKIAWRONG kms list-keys
refused "a session token that is none" UnrecognizedClientException "$invalid" \
    apart AWS_SESSION_TOKEN=x kms list-keys
refused "no credentials" MissingAuthenticationTokenException \
    "Missing Authentication Token" kms list-keys --no-sign-request
control POST "/clock?skew=901" >/dev/null
refused_late() { kms list-keys 2>&1 | tr '\n' ' '; }
case $(refused_late) in
*"(InvalidSignatureException)"*"Signature expired: "*" is now earlier than "*" - 15 min.)"*) late=0 ;;
*) late=1 ;;
esac
is "a clock 15 minutes behind" $late 0
control POST "/clock?skew=-1802" >/dev/null
case $(refused_late) in
*"(InvalidSignatureException)"*"Signature not yet current: "*" is still later than "*" + 15 min.)"*) late=0 ;;
*) late=1 ;;
esac
is "a clock 15 minutes ahead" $late 0
control POST /reset >/dev/null
ok "on time again" kms list-keys

aws_begin
# What the control address does to calls
arn=$(arn_of "$key") user=arn:aws:iam::111122223333:user/keyferry
control POST "/denials?key=$key&operation=Encrypt" >/dev/null
refused "a key denied" AccessDeniedException \
    "User: $user is not authorized to perform: kms:Encrypt on resource: $arn because no identity-based policy allows the kms:Encrypt action" \
    kms encrypt --key-id "$key" --plaintext aGk=
ok "not to others" kms describe-key --key-id "$key"
control DELETE /denials >/dev/null
ok "nor afterwards" kms encrypt --key-id "$key" --plaintext aGk=
for operation in ListKeys CreateKey; do
	control POST "/denials?operation=$operation" >/dev/null
done
refused "an operation that has no key" AccessDeniedException \
    "User: $user is not authorized to perform: kms:ListKeys on resource: * because no identity-based policy allows the kms:ListKeys action" \
    kms list-keys
refused "one that makes a key" AccessDeniedException \
    "User: $user is not authorized to perform: kms:CreateKey on resource: * because no identity-based policy allows the kms:CreateKey action" \
    kms create-key
control DELETE /denials >/dev/null
control DELETE /counters >/dev/null
control POST "/faults?fault=throttle&operation=ListKeys&count=2" >/dev/null
ok "a throttled call is tried again" kms list-keys
ok "three times in all" sh -c \
    "curl -sf '$KEYFERRY_LOCALKMS_CONTROL/counters' | grep -q '\"ListKeys\":3'"
control POST "/faults?fault=internal&operation=ListKeys&count=0" >/dev/null
refused "an internal error" KMSInternalException "" kms list-keys
control DELETE /faults >/dev/null
control POST "/faults?fault=error&error=KMSInvalidStateException&message=so" \
    >/dev/null
refused "an error that was asked for" KMSInvalidStateException so kms list-keys
ok "once" kms list-keys
refused "another account's key" AccessDeniedException \
    "User: $user is not authorized to perform: kms:Encrypt on resource: arn:aws:kms:$AWS_REGION:444455556666:key/$key because no resource-based policy allows the kms:Encrypt action" \
    kms encrypt --plaintext aGk= \
    --key-id "arn:aws:kms:$AWS_REGION:444455556666:key/$key"
tap_done

# AWS's command line against a local KMS: `. "$srcdir/tests/localkms/aws.sh"`
# after tap.sh, then localkms_start and aws_begin.
. "$srcdir/tests/localkms/start.sh"
[ -n "$aws" ] || { echo "1..0 # SKIP no aws command line"; exit 0; }
for need in openssl curl; do
	command -v $need >/dev/null || { echo "1..0 # SKIP no $need"; exit 0; }
done
unset AWS_PROFILE AWS_ENDPOINT_URL AWS_SESSION_TOKEN AWS_CA_BUNDLE
export HOME="$work" AWS_CONFIG_FILE=/dev/null AWS_PAGER= \
    AWS_SHARED_CREDENTIALS_FILE=/dev/null

# One process for all commands, where the command line is a Python package;
# without it each is a process of its own.
aws_session=
aws_begin() {
	aws_python=$(sed -n '1s/^#!\([^ ]*python[^ ]*\)$/\1/p' "$aws" 2>/dev/null)
	[ -n "$aws_python" ] &&
	    "$aws_python" -c 'import awscli.clidriver' 2>/dev/null || return 0
	mkfifo "$work/aws-in" "$work/aws-status" || return 1
	"$aws_python" "$srcdir/tests/localkms/aws-session.py" \
	    "$work/aws-out" "$work/aws-err" \
	    <"$work/aws-in" >"$work/aws-status" &
	aws_session=$!
	exec 8>"$work/aws-in" 9<"$work/aws-status"
}

# aws_run ARGUMENT...: as aws itself.
aws_run() {
	[ -n "$aws_session" ] || { "$aws" "$@"; return; }
	printf '%s\0' $# "$@" >&8
	read -r aws_status <&9 || return 255
	cat "$work/aws-out"
	cat "$work/aws-err" >&2
	return "$aws_status"
}
kms() { aws_run --endpoint-url "$AWS_ENDPOINT_URL_KMS" --output text kms "$@"; }

# apart VARIABLE=VALUE... COMMAND...: in an environment of its own.
apart() {
	(
		aws_session=
		while case $1 in *=*) ;; *) false ;; esac; do
			export "$1"
			shift
		done
		"$@"
	)
}

# refused NAME EXCEPTION MESSAGE COMMAND...: the command ends with AWS's status
# for errors of the service, shows that exception and exactly that message.
refused() {
	refused_name=$1 refused_as=$2 refused_why=$3; shift 3
	ok "$refused_name: $refused_as" \
	    refused_so "$refused_as" "$refused_why" "$@"
}
refused_so() {
	refused_as=$1 refused_why=$2; shift 2
	refused_said=$("$@" 2>&1 >/dev/null)
	refused_status=$?
	printf '%s\n' "status $refused_status:$refused_said" "wanted: $refused_why"
	refused_said=$(printf '%s' "$refused_said" | tr '\n' ' ' |
	    sed 's/^ *//;s/ *$//')
	[ "$refused_status" -eq 254 ] || return 1
	# it also says whether it tried again
	refused_said=$(printf '%s' "$refused_said" |
	    sed 's/ (reached max retries: [0-9])//
		s/ when calling the [A-Za-z]* operation:/:/')
	refused_wanted="An error occurred ($refused_as): $refused_why"
	[ "$refused_said" = "${refused_wanted% }" ]
}

# What DescribeKey says of a key: of KEY MEMBER.
of() { kms describe-key --key-id "$1" --query "KeyMetadata.$2"; }
state() { of "$1" KeyState; }
new_key() { kms create-key "$@" --query KeyMetadata.KeyId; }
arn_of() { echo "arn:aws:kms:${2-$AWS_REGION}:111122223333:key/$1"; }
# control METHOD PATH: what tests ask of the server.
control() {
	curl -sSf -X "$1" "$KEYFERRY_LOCALKMS_CONTROL$2"
}

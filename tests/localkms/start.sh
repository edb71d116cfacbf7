# A local KMS for shell tests: `. "$srcdir/tests/localkms/start.sh"`.
work=$(mktemp -d) || exit 1
localkms_pid=
localkms_end() {
	[ -z "$localkms_pid" ] || kill -9 "$localkms_pid" 2>/dev/null
	rm -rf "$work"
}
trap localkms_end EXIT
trap 'exit 1' INT TERM

# localkms_start OPTION...: on the store in $work; takes its environment over.
# Not within `ok`: a substitution would wait for the server's end.
localkms_start() {
	rm -f "$work/env"
	"$builddir/keyferry-localkms" --listen 127.0.0.1:0 \
	    --store "$work/store" --env-file "$work/env" "$@" \
	    >/dev/null 2>"$work/log" &
	localkms_pid=$!
	until [ -f "$work/env" ]; do
		kill -0 "$localkms_pid" 2>/dev/null || return 1
		sleep 0.05
	done
	. "$work/env"
}

# localkms_stop SIGNAL: its status is the server's.
localkms_stop() {
	kill -"$1" "$localkms_pid"
	wait "$localkms_pid"
	localkms_status=$?
	localkms_pid=
	return $localkms_status
}

# The AWS command line, if it is here and works.
aws=
for candidate in /usr/bin/aws aws; do
	"$candidate" --version >/dev/null 2>&1 && { aws=$candidate; break; }
done
kms() {
	"$aws" --endpoint-url "$AWS_ENDPOINT_URL_KMS" --output text kms "$@"
}

#!/bin/sh
# AWS's clients for JavaScript, from npm, against keyferry-localkms.
srcdir=${srcdir:-.} builddir=${builddir:-.}
. "$srcdir/tests/support/tap.sh"
. "$srcdir/tests/localkms/start.sh"
skip_all() { echo "1..0 # SKIP $1"; exit 0; }
command -v node >/dev/null && command -v npm >/dev/null ||
    skip_all "no node, no npm"
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] ||
    skip_all "node is older than 20, which AWS's clients need"
from=$srcdir/tests/localkms/sdk to=$builddir/tests/localkms/node
mkdir -p "$to" || exit 1

# Installed once in a build folder, as the lock file says.
npm_quietly() {
	(cd "$to" && npm "$@" --no-audit --no-fund --ignore-scripts \
	    --fetch-retries=1)
}
if ! cmp -s "$from/package-lock.json" "$to/installed"; then
	rm -f "$to/installed"
	cp "$from/package.json" "$from/package-lock.json" "$to" &&
	    chmod u+w "$to"/*.json || exit 1
	if ! npm_quietly ci >"$work/npm.log" 2>&1; then
		npm_quietly view @aws-sdk/client-kms version >/dev/null 2>&1 ||
		    skip_all "the npm registry cannot be reached"
		sed 's/^/# /' "$work/npm.log"
		echo "Bail out! npm ci failed"
		exit 1
	fi
	cp "$from/package-lock.json" "$to/installed"
fi
cp "$from"/*.mjs "$to" && chmod u+w "$to"/*.mjs || exit 1

export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
unset AWS_PROFILE AWS_ENDPOINT_URL AWS_SESSION_TOKEN AWS_CA_BUNDLE
localkms_start || { echo "Bail out! it does not start"; exit 1; }

# One plan for all: their lines are counted anew.
for script in kms encryption-sdk; do
	node --no-warnings "$to/$script.mjs" 2>&1
done | awk '
	/^1\.\.[0-9]/ { plans++; next }
	/^(not )?ok / { n++; sub(/ok [0-9]+/, "ok " n); bad += /^not/ }
	{ print; fflush() }
	END {
		if (plans != 2) { print "Bail out! a script ended early"; bad++ }
		print "1.." n
		exit bad != 0
	}'

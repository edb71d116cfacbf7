"""Random requests with the signatures that AWS's own botocore makes: a line
each, fields with tabs between: signature, secret, date, region, service, body,
then name and value of each signed header. Ends with 77 without botocore."""
import random
import string
import sys

try:
    from botocore import auth, awsrequest, credentials
except ImportError:
    try:  # Debian's awscli brings its own; auth alone imports itself in a ring
        import awscli.botocore.session
        from awscli.botocore import auth, awsrequest, credentials
    except ImportError:
        sys.exit(77)

SAFE = string.ascii_letters + string.digits
rng = random.Random(20150830)


def word(alphabet, most):
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(1, most)))


for i in range(200):
    secret = word(SAFE + "/+=", 60)
    date = "20%02d%02d%02dT%02d%02d%02dZ" % (
        rng.randint(0, 99), rng.randint(1, 12), rng.randint(1, 28),
        rng.randint(0, 23), rng.randint(0, 59), rng.randint(0, 59))
    region, service = word(SAFE, 20), word(SAFE, 12)
    body = word(SAFE + "{}\":,", 300)
    host = word(string.ascii_lowercase, 30) + ":%d" % rng.randint(1024, 65535)
    headers = {"X-Amz-Date": date, "Content-Type": "application/x-amz-json-1.1"}
    for _ in range(rng.randint(0, 6)):
        # spaces within and around: they are trimmed for the signature
        headers["X-" + word(SAFE, 10)] = word(SAFE + "   ;=,/\"", 80)
    request = awsrequest.AWSRequest(
        method="POST", url="https://%s/" % host, data=body, headers=headers)
    request.context["timestamp"] = date
    signer = auth.SigV4Auth(
        credentials.Credentials("AKID", secret), service, region)
    canonical = signer.canonical_request(request)
    signature = signer.signature(
        signer.string_to_sign(request, canonical), request)
    signed = {name.lower(): value for name, value in headers.items()}
    signed["host"] = host
    fields = [signature, secret, date, region, service, body]
    for name in sorted(signed):
        fields += [name, signed[name]]
    print("\t".join(fields))

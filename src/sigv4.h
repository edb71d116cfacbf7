#ifndef SIGV4_H
#define SIGV4_H
#include "buf.h"
#include "crypto.h"

/*
 * AWS Signature Version 4 of a request with a known body: for the side that
 * sends and the side that verifies.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
#define SIGV4_KEY_SIZE 32
#define SIGV4_HEX_SIZE 65 /* SHA-256 in lower-case hex, NUL included */
#define SIGV4_DATE_SIZE 17 /* "20250131T235959Z", NUL included */

/* The algorithms, fetched once. Thread-safe. */
struct sigv4;

struct sigv4_header {
	struct view name; /* lower case */
	struct view value; /* as sent: spaces are trimmed here */
};

struct sigv4_request {
	struct view method; /* "POST" */
	struct view path; /* as sent, "/": nothing is normalised here */
	struct view query; /* as canonical: sorted and encoded; may be empty */
	const struct sigv4_header *headers; /* the signed ones, in order */
	size_t header_count;
	struct view payload_hash; /* of the body: SHA-256, lower-case hex */
	struct view date; /* X-Amz-Date; its first 8 bytes are the scope's */
	struct view region, service;
};

enum err sigv4_open(const struct crypto *, struct sigv4 **out);
void sigv4_close(struct sigv4 *);

/* The signing key of a day (8 bytes, "20250131"), Region and service. It is
 * secret. */
enum err sigv4_key(const struct sigv4 *, struct view secret, struct view day,
    struct view region, struct view service, uint8_t key[SIGV4_KEY_SIZE]);
/* Lower-case hex of a body's SHA-256. */
enum err sigv4_hash(
    const struct sigv4 *, struct view body, char hex[SIGV4_HEX_SIZE]);
/* Lower-case hex of the signature. Compare it in constant time. */
enum err sigv4_sign(const struct sigv4 *, const struct sigv4_request *,
    const uint8_t key[SIGV4_KEY_SIZE], char hex[SIGV4_HEX_SIZE]);
/* Appends the value of the Authorization header. */
enum err sigv4_authorization(const struct sigv4_request *,
    struct view access_key, const char *signature, struct buf *out);
/* X-Amz-Date of a time in seconds since 1970. */
void sigv4_date(int64_t seconds, char date[SIGV4_DATE_SIZE]);
#endif

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include "sigv4.h"
#include "hex.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define HASH_SIZE 32
#define DAY_SIZE 8

struct sigv4 {
	EVP_MD *sha256;
	EVP_MAC_CTX *hmac; /* with its digest, copied for each MAC */
};

static EVP_MAC_CTX *
hmac_make(const struct crypto *c)
{
	char digest[] = "SHA2-256";
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
	    OSSL_PARAM_construct_end()};
	EVP_MAC *hmac = EVP_MAC_fetch(c->lib, "HMAC", NULL);
	EVP_MAC_CTX *ctx = hmac != NULL ? EVP_MAC_CTX_new(hmac) : NULL;

	EVP_MAC_free(hmac);
	if (ctx != NULL && EVP_MAC_CTX_set_params(ctx, params) == 1)
		return (ctx);
	EVP_MAC_CTX_free(ctx);
	return (NULL);
}

enum err
sigv4_open(const struct crypto *c, struct sigv4 **out)
{
	struct sigv4 *s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (ERR_MEMORY);
	s->sha256 = EVP_MD_fetch(c->lib, "SHA2-256", NULL);
	s->hmac = hmac_make(c);
	if (s->sha256 == NULL || s->hmac == NULL) {
		sigv4_close(s);
		return (ERR_INTERNAL);
	}
	*out = s;
	return (ERR_OK);
}

void
sigv4_close(struct sigv4 *s)
{
	if (s == NULL)
		return;
	EVP_MAC_CTX_free(s->hmac);
	EVP_MD_free(s->sha256);
	free(s);
}

/*
 * A hash or MAC fed piece by piece: the texts that are signed hold the session
 * token, so they are never put together. The first failure is kept.
 */
struct sink {
	EVP_MD_CTX *md; /* one of the two */
	EVP_MAC_CTX *mac;
	bool ok;
};

static void
put(struct sink *s, struct view v)
{
	if (!s->ok || v.len == 0)
		return;
	s->ok = (s->md != NULL ? EVP_DigestUpdate(s->md, v.ptr, v.len)
			       : EVP_MAC_update(s->mac, v.ptr, v.len)) == 1;
}

static void
put_line(struct sink *s, struct view v)
{
	put(s, v);
	put(s, VIEW_STR("\n"));
}

static void
hash_begin(const struct sigv4 *v4, struct sink *s)
{
	s->mac = NULL;
	s->md = EVP_MD_CTX_new();
	s->ok = s->md != NULL && EVP_DigestInit_ex2(s->md, v4->sha256, NULL);
}

static enum err
hash_end(struct sink *s, char hex[SIGV4_HEX_SIZE])
{
	uint8_t out[HASH_SIZE];

	s->ok = s->ok && EVP_DigestFinal_ex(s->md, out, NULL) == 1;
	EVP_MD_CTX_free(s->md);
	if (s->ok)
		hex_write(out, sizeof(out), hex);
	return (s->ok ? ERR_OK : ERR_INTERNAL);
}

static void
mac_begin(const struct sigv4 *v4, struct sink *s, struct view key)
{
	s->md = NULL;
	s->mac = EVP_MAC_CTX_dup(v4->hmac);
	s->ok = s->mac != NULL &&
		EVP_MAC_init(s->mac, key.ptr, key.len, NULL) == 1;
}

static enum err
mac_end(struct sink *s, uint8_t out[HASH_SIZE])
{
	size_t len = 0;

	s->ok = s->ok && EVP_MAC_final(s->mac, out, &len, HASH_SIZE) == 1;
	EVP_MAC_CTX_free(s->mac);
	return (s->ok && len == HASH_SIZE ? ERR_OK : ERR_INTERNAL);
}

enum err
sigv4_key(const struct sigv4 *v4, struct view secret, struct view day,
    struct view region, struct view service, uint8_t key[SIGV4_KEY_SIZE])
{
	const struct view steps[] = {
	    day, region, service, VIEW_STR("aws4_request")};
	struct buf first = BUF_INIT(SIZE_MAX);
	struct sink s;
	enum err e;

	/* never moved as it grows: one copy, wiped */
	if ((e = buf_reserve(&first, 4 + secret.len)) != ERR_OK ||
	    (e = buf_puts(&first, "AWS4")) != ERR_OK ||
	    (e = buf_append(&first, secret)) != ERR_OK)
		goto out;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		mac_begin(v4, &s,
		    i == 0 ? buf_view(&first) : VIEW(key, SIGV4_KEY_SIZE));
		put(&s, steps[i]);
		if ((e = mac_end(&s, key)) != ERR_OK)
			goto out;
	}
out:
	buf_free(&first);
	return (e);
}

enum err
sigv4_hash(const struct sigv4 *v4, struct view body, char hex[SIGV4_HEX_SIZE])
{
	struct sink s;

	hash_begin(v4, &s);
	put(&s, body);
	return (hash_end(&s, hex));
}

/* Outer spaces go, inner runs of them become one. */
static void
put_trimmed(struct sink *s, struct view v)
{
	const uint8_t *p = v.ptr, *end = v.ptr + v.len, *word;
	bool first = true;

	while (p < end) {
		for (; p < end && (*p == ' ' || *p == '\t'); p++)
			continue;
		for (word = p; p < end && *p != ' ' && *p != '\t'; p++)
			continue;
		if (p == word)
			break;
		if (!first)
			put(s, VIEW_STR(" "));
		put(s, VIEW(word, (size_t)(p - word)));
		first = false;
	}
}

static enum err
canonical_hash(const struct sigv4 *v4, const struct sigv4_request *r,
    char hex[SIGV4_HEX_SIZE])
{
	struct sink s;
	size_t i;

	hash_begin(v4, &s);
	put_line(&s, r->method);
	put_line(&s, r->path);
	put_line(&s, r->query);
	for (i = 0; i < r->header_count; i++) {
		put(&s, r->headers[i].name);
		put(&s, VIEW_STR(":"));
		put_trimmed(&s, r->headers[i].value);
		put(&s, VIEW_STR("\n"));
	}
	for (i = 0; i < r->header_count; i++) {
		put(&s, i == 0 ? VIEW_STR("\n") : VIEW_STR(";"));
		put(&s, r->headers[i].name);
	}
	put(&s, VIEW_STR("\n"));
	put(&s, r->payload_hash);
	return (hash_end(&s, hex));
}

enum err
sigv4_sign(const struct sigv4 *v4, const struct sigv4_request *r,
    const uint8_t key[SIGV4_KEY_SIZE], char hex[SIGV4_HEX_SIZE])
{
	uint8_t out[HASH_SIZE];
	struct sink s;
	enum err e;

	if (r->date.len < DAY_SIZE)
		return (ERR_DATA);
	if ((e = canonical_hash(v4, r, hex)) != ERR_OK)
		return (e);
	mac_begin(v4, &s, VIEW(key, SIGV4_KEY_SIZE));
	put_line(&s, VIEW_STR(ALGORITHM));
	put_line(&s, r->date);
	put(&s, VIEW(r->date.ptr, DAY_SIZE));
	put(&s, VIEW_STR("/"));
	put(&s, r->region);
	put(&s, VIEW_STR("/"));
	put(&s, r->service);
	put_line(&s, VIEW_STR("/aws4_request"));
	put(&s, VIEW(hex, SIGV4_HEX_SIZE - 1));
	if ((e = mac_end(&s, out)) == ERR_OK)
		hex_write(out, sizeof(out), hex);
	return (e);
}

enum err
sigv4_authorization(const struct sigv4_request *r, struct view access_key,
    const char *signature, struct buf *out)
{
	const struct view head[] = {VIEW_STR(ALGORITHM " Credential="),
	    access_key, VIEW_STR("/"), VIEW(r->date.ptr, DAY_SIZE),
	    VIEW_STR("/"), r->region, VIEW_STR("/"), r->service,
	    VIEW_STR("/aws4_request, SignedHeaders=")};
	enum err e = ERR_OK;
	size_t i;

	for (i = 0; e == ERR_OK && i < sizeof(head) / sizeof(head[0]); i++)
		e = buf_append(out, head[i]);
	for (i = 0; e == ERR_OK && i < r->header_count; i++) {
		if (i != 0)
			e = buf_puts(out, ";");
		if (e == ERR_OK)
			e = buf_append(out, r->headers[i].name);
	}
	if (e == ERR_OK)
		e = buf_puts(out, ", Signature=");
	return (e == ERR_OK ? buf_puts(out, signature) : e);
}

void
sigv4_date(int64_t seconds, char date[SIGV4_DATE_SIZE])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	(void)gmtime_r(&t, &tm);
	(void)strftime(date, SIGV4_DATE_SIZE, "%Y%m%dT%H%M%SZ", &tm);
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include "auth/session.h"
#include "hex.h"
#include "base64.h"

#define MAC_LEN 32

const char session_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const char session_key_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
session_random_text(
    const uint8_t *random, size_t len, const char *letters, char *out)
{
	size_t n = strlen(letters);

	for (size_t i = 0; i < len; i++)
		out[i] = letters[random[i] % n];
	out[len] = '\0';
}

/* The MAC of "WHAT:ACCESS_KEY:TEXT". */
static bool
mac(const uint8_t *secret, const char *what, const struct session *s,
    const char *text, uint8_t out[EVP_MAX_MD_SIZE])
{
	char all[SESSION_TOKEN_SIZE + 64];
	unsigned n = 0;
	int len = snprintf(
	    all, sizeof(all), "%s:%s:%s", what, s->access_key, text);

	return (len > 0 && (size_t)len < sizeof(all) &&
		HMAC(EVP_sha512(), secret, SESSION_SECRET_SIZE,
		    (const unsigned char *)all, (size_t)len, out, &n) != NULL);
}

static bool
fill_secret(const uint8_t *secret, struct session *s)
{
	uint8_t m[EVP_MAX_MD_SIZE];

	if (!mac(secret, "secret", s, "", m))
		return (false);
	session_random_text(m, 40, session_key_letters, s->secret_key);
	return (true);
}

/* The token is base64 of "EXPIRES ARN MAC". */
bool
session_make(const uint8_t secret[SESSION_SECRET_SIZE], struct session *s)
{
	uint8_t random[16], m[EVP_MAX_MD_SIZE];
	char text[SESSION_ARN_SIZE + 32], hex[2 * MAC_LEN + 1];
	char all[sizeof(text) + sizeof(hex)];
	struct buf token = BUF_INIT(sizeof(s->token));
	int n;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return (false);
	memcpy(s->access_key, "ASIA", 4);
	session_random_text(random, 16, session_letters, s->access_key + 4);
	snprintf(text, sizeof(text), "%lld %s", (long long)s->expires, s->arn);
	if (!mac(secret, "token", s, text, m))
		return (false);
	hex_write(m, MAC_LEN, hex);
	n = snprintf(all, sizeof(all), "%s %s", text, hex);
	if (n < 0 || (size_t)n / 3 * 4 + 5 > sizeof(s->token))
		return (false);
	if (base64_write(VIEW(all, (size_t)n), &token) != ERR_OK ||
	    buf_append(&token, VIEW("", 1)) != ERR_OK) {
		buf_free(&token);
		return (false);
	}
	memcpy(s->token, token.ptr, token.len);
	buf_free(&token);
	return (fill_secret(secret, s));
}

bool
session_read(const uint8_t secret[SESSION_SECRET_SIZE], struct session *s)
{
	uint8_t m[EVP_MAX_MD_SIZE], claimed[MAC_LEN];
	char text[SESSION_TOKEN_SIZE], *space;
	struct buf read = BUF_INIT(sizeof(text) - 1);
	enum err e = base64_read(view_str(s->token), &read);

	if (e == ERR_OK && read.len != 0)
		memcpy(text, read.ptr, read.len);
	text[read.len] = '\0';
	buf_free(&read);
	if (e != ERR_OK)
		return (false);
	space = strrchr(text, ' ');
	if (space == NULL || strlen(space + 1) != 2 * sizeof(claimed) ||
	    !hex_read(space + 1, claimed, sizeof(claimed)))
		return (false);
	*space = '\0';
	if (!mac(secret, "token", s, text, m) ||
	    CRYPTO_memcmp(m, claimed, sizeof(claimed)) != 0 ||
	    (space = strchr(text, ' ')) == NULL)
		return (false);
	s->expires = strtoll(text, NULL, 10);
	snprintf(s->arn, sizeof(s->arn), "%s", space + 1);
	return (fill_secret(secret, s));
}

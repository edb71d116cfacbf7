#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>
#include "arena.h"
#include "base64.h"
#include "json.h"
#include "jwk.h"

#define NUMBER_MAX 1400 /* characters: of RSA-8192 */
#define SECRET_CHARACTERS_MAX 8192

/* Its members, as they are in the text. They are in the arena. */
struct jwk {
	char type[JWK_WORD_SIZE]; /* kty */
	char curve[JWK_WORD_SIZE]; /* crv */
	char algorithm[JWK_WORD_SIZE]; /* alg */
	char
	    ciphertext[JWK_WORD_SIZE]; /* of a JWE, which an encrypted key is */
	struct json_rows keys; /* of a set */
	char secret[SECRET_CHARACTERS_MAX]; /* k */
	char n[NUMBER_MAX], e[NUMBER_MAX], d[NUMBER_MAX], p[NUMBER_MAX],
	    q[NUMBER_MAX], dp[NUMBER_MAX], dq[NUMBER_MAX], qi[NUMBER_MAX];
	char x[NUMBER_MAX], y[NUMBER_MAX];
};
static const struct json_field no_members[] = {JSON_END};
static const struct json_field members[] = {
    JSON_FIELD(struct jwk, type, "kty", TEXT),
    JSON_FIELD(struct jwk, curve, "crv", TEXT),
    JSON_FIELD(struct jwk, algorithm, "alg", WORD),
    JSON_FIELD(struct jwk, ciphertext, "ciphertext", WORD),
    JSON_FIELD(struct jwk, secret, "k", TEXT),
    JSON_FIELD(struct jwk, n, "n", TEXT), JSON_FIELD(struct jwk, e, "e", TEXT),
    JSON_FIELD(struct jwk, d, "d", TEXT), JSON_FIELD(struct jwk, p, "p", TEXT),
    JSON_FIELD(struct jwk, q, "q", TEXT),
    JSON_FIELD(struct jwk, dp, "dp", TEXT),
    JSON_FIELD(struct jwk, dq, "dq", TEXT),
    JSON_FIELD(struct jwk, qi, "qi", TEXT),
    JSON_FIELD(struct jwk, x, "x", TEXT), JSON_FIELD(struct jwk, y, "y", TEXT),
    {"keys", JSON_ROWS, offsetof(struct jwk, keys), 1, no_members}, JSON_END};

/* The bytes of a secret key, too, may begin with a brace. */
static bool
may_be_json(struct view text)
{
	bool ascii = true;
	size_t end = text.len;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == 0x7f ||
		    (text.ptr[i] < ' ' &&
			(text.ptr[i] == '\0' ||
			    strchr("\n\r\t", text.ptr[i]) == NULL)))
			return (false);
		ascii = ascii && text.ptr[i] < 0x80;
	}
	while (end > 0 && strchr(" \n\r\t", text.ptr[end - 1]) != NULL)
		end--;
	return (ascii || (end > 0 && text.ptr[end - 1] == '}'));
}

bool
jwk_is_one(struct view text)
{
	size_t at = 0;

	while (at < text.len && text.ptr[at] != '\0' &&
	       strchr(" \n\r\t", text.ptr[at]) != NULL)
		at++;
	return (at < text.len && text.ptr[at] == '{' && may_be_json(text));
}

/* Base64 of RFC 7515, which has other characters than RFC 4648's first, and no
 * padding. */
static bool
read_base64url(const char *text, struct buf *out)
{
	struct buf copy = BUF_SECRET(SECRET_CHARACTERS_MAX + 4, out->arena);
	bool done = strpbrk(text, "+/=") == NULL &&
		    buf_puts(&copy, text) == ERR_OK;

	for (size_t i = 0; i < copy.len; i++)
		copy.ptr[i] = copy.ptr[i] == '-'   ? '+'
			      : copy.ptr[i] == '_' ? '/'
						   : copy.ptr[i];
	while (done && copy.len % 4 != 0)
		done = buf_puts(&copy, "=") == ERR_OK;
	done = done && base64_read(buf_view(&copy), out) == ERR_OK &&
	       out->len != 0;
	buf_free(&copy);
	return (done);
}

/* Adds a number of the key. The params borrow it. */
static bool
push_number(struct arena *a, OSSL_PARAM_BLD *b, const char *name,
    const char *text, BIGNUM **number)
{
	struct buf bytes = BUF_SECRET(NUMBER_MAX, a);
	bool done = read_base64url(text, &bytes) &&
		    (*number = BN_secure_new()) != NULL &&
		    BN_bin2bn(bytes.ptr, (int)bytes.len, *number) != NULL &&
		    OSSL_PARAM_BLD_push_BN(b, name, *number) == 1;

	buf_free(&bytes);
	return (done);
}

struct number {
	const char *name; /* OpenSSL's */
	const char *text;
};
#define NUMBERS_MAX 8

static EVP_PKEY *
make_key(OSSL_LIB_CTX *lib, const char *type, OSSL_PARAM_BLD *b)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(lib, type, NULL);
	EVP_PKEY_CTX *check = NULL;
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
	EVP_PKEY *key = NULL;

	if (ctx != NULL && params != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) == 1)
		check = EVP_PKEY_CTX_new_from_pkey(lib, key, NULL);
	/* the halves may be of two keys */
	if (key != NULL &&
	    (check == NULL || EVP_PKEY_pairwise_check(check) != 1)) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(check);
	EVP_PKEY_CTX_free(ctx);
	return (key);
}

static EVP_PKEY *
read_rsa(OSSL_LIB_CTX *lib, struct arena *a, const struct jwk *j)
{
	const struct number rows[NUMBERS_MAX] = {{OSSL_PKEY_PARAM_RSA_N, j->n},
	    {OSSL_PKEY_PARAM_RSA_E, j->e}, {OSSL_PKEY_PARAM_RSA_D, j->d},
	    {OSSL_PKEY_PARAM_RSA_FACTOR1, j->p},
	    {OSSL_PKEY_PARAM_RSA_FACTOR2, j->q},
	    {OSSL_PKEY_PARAM_RSA_EXPONENT1, j->dp},
	    {OSSL_PKEY_PARAM_RSA_EXPONENT2, j->dq},
	    {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, j->qi}};
	BIGNUM *numbers[NUMBERS_MAX] = {NULL};
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	EVP_PKEY *key = NULL;
	bool done = b != NULL;

	for (size_t i = 0; i < NUMBERS_MAX && done; i++)
		done = push_number(
		    a, b, rows[i].name, rows[i].text, &numbers[i]);
	if (done)
		key = make_key(lib, "RSA", b);
	OSSL_PARAM_BLD_free(b);
	for (size_t i = 0; i < NUMBERS_MAX; i++)
		BN_clear_free(numbers[i]);
	return (key);
}

static const struct curve_name {
	const char *jwk, *openssl;
	size_t bytes; /* of a coordinate */
} curves[] = {{"P-256", "prime256v1", 32}, {"P-384", "secp384r1", 48},
    {"P-521", "secp521r1", 66}, {"secp256k1", "secp256k1", 32}};

static bool
read_point(struct arena *a, const struct jwk *j, size_t bytes, struct buf *out)
{
	struct buf x = BUF_SECRET(NUMBER_MAX, a);
	struct buf y = BUF_SECRET(NUMBER_MAX, a);
	bool done = read_base64url(j->x, &x) && read_base64url(j->y, &y) &&
		    x.len == bytes && y.len == bytes &&
		    buf_append(out, VIEW_STR("\x04")) == ERR_OK &&
		    buf_append(out, buf_view(&x)) == ERR_OK &&
		    buf_append(out, buf_view(&y)) == ERR_OK;

	buf_free(&x);
	buf_free(&y);
	return (done);
}

static EVP_PKEY *
read_ec(OSSL_LIB_CTX *lib, struct arena *a, const struct jwk *j,
    const struct curve_name *curve)
{
	struct buf point = BUF_SECRET(NUMBER_MAX, a);
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	BIGNUM *d = NULL;
	EVP_PKEY *key = NULL;

	if (b != NULL && read_point(a, j, curve->bytes, &point) &&
	    OSSL_PARAM_BLD_push_utf8_string(
		b, OSSL_PKEY_PARAM_GROUP_NAME, curve->openssl, 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(
		b, OSSL_PKEY_PARAM_PUB_KEY, point.ptr, point.len) == 1 &&
	    push_number(a, b, OSSL_PKEY_PARAM_PRIV_KEY, j->d, &d))
		key = make_key(lib, "EC", b);
	OSSL_PARAM_BLD_free(b);
	BN_clear_free(d);
	buf_free(&point);
	return (key);
}

static const char *
read_private(
    OSSL_LIB_CTX *lib, struct arena *a, const struct jwk *j, EVP_PKEY **key)
{
	const struct curve_name *curve = NULL;
	bool rsa = strcmp(j->type, "RSA") == 0;

	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (strcmp(curves[i].jwk, j->curve) == 0)
			curve = &curves[i];
	if (!rsa && strcmp(j->type, "EC") != 0)
		return ("it is a JSON Web Key of a type that KMS does not "
			"import: RSA, EC and oct are read");
	if (j->d[0] == '\0')
		return ("it is a JSON Web Key that has only the public part: "
			"KMS imports private keys");
	if (rsa && (j->p[0] == '\0' || j->q[0] == '\0' || j->dp[0] == '\0' ||
		       j->dq[0] == '\0' || j->qi[0] == '\0'))
		return ("it is an RSA key without its primes (p, q, dp, dq, "
			"qi), which KMS needs");
	if (!rsa && curve == NULL)
		return ("it is a JSON Web Key of a curve that KMS does not "
			"import");
	*key = rsa ? read_rsa(lib, a, j) : read_ec(lib, a, j, curve);
	return (*key != NULL ? NULL
			     : "it is a JSON Web Key whose numbers are no key");
}

static const char *
read_members(OSSL_LIB_CTX *lib, struct buf *out, struct jwk *j, EVP_PKEY **key)
{
	struct arena *a = out->arena;

	if (json_decode(members, buf_view(out), j) != ERR_OK)
		return ("it is JSON, and no JSON Web Key that can be read");
	if (j->ciphertext[0] != '\0')
		return ("it is an encrypted JSON Web Key: decrypt it first");
	if (j->keys.ptr != NULL)
		return ("it is a set of JSON Web Keys: put each in a file of "
			"its own");
	if (j->type[0] == '\0')
		return ("it is JSON, and no JSON Web Key: the member kty is "
			"missing");
	if (strcmp(j->type, "oct") != 0)
		return (read_private(lib, a, j, key));
	buf_reset(out);
	return (read_base64url(j->secret, out)
		    ? NULL
		    : "it is a JSON Web Key of the type oct whose member k is "
		      "no key");
}

const char *
jwk_read(OSSL_LIB_CTX *lib, struct buf *out, EVP_PKEY **key,
    char algorithm[JWK_WORD_SIZE])
{
	struct buf room = BUF_SECRET(sizeof(struct jwk), out->arena);
	const char *why = "out of memory";
	struct jwk *j;

	*key = NULL;
	if (buf_reserve(&room, sizeof(*j)) == ERR_OK) {
		j = (struct jwk *)(void *)room.ptr;
		memset(j, 0, sizeof(*j));
		room.len = sizeof(*j);
		why = read_members(lib, out, j, key);
		json_rows_free(&j->keys);
		memcpy(algorithm, j->algorithm, JWK_WORD_SIZE);
	}
	buf_free(&room);
	return (why);
}

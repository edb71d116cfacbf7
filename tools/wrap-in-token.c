#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include "key-file.h"
#include "message.h"
#include "rv-said.h"
#include "uri.h"
#include "wrap-in-token.h"

static bool
is_key(const struct token *t, CK_OBJECT_HANDLE h)
{
	CK_ULONG class = token_get_ulong(t, h, CKA_CLASS);

	return (class == CKO_SECRET_KEY || class == CKO_PRIVATE_KEY);
}

/* Finds it, in the token's present session. */
static bool
find(struct key_in_token *k)
{
	struct token *t = k->key.from;
	CK_ULONG count = 0, found, keys = 0;
	const CK_ATTRIBUTE *selection = p11_kit_uri_get_attributes(
	    k->uri, &count);
	CK_OBJECT_HANDLE *handles;
	char name[RV_SAID_SIZE];
	CK_RV rv = token_find_objects(t, selection, count, &handles, &found);

	for (CK_ULONG i = 0; i < found; i++)
		if (is_key(t, handles[i])) {
			k->key.handle = handles[i];
			keys++;
		}
	free(handles);
	if (rv == CKR_OK && keys == 1) {
		k->key.class = token_get_ulong(t, k->key.handle, CKA_CLASS);
		return (true);
	}
	message("token %s: %s", t->label,
	    rv != CKR_OK ? rv_said(rv, name)
	    : keys == 0	 ? "there is no such key"
			 : "the URI selects several keys: name one by its id "
			   "and type");
	return (false);
}

bool
key_in_token_open(struct key_in_token *k, char *uri)
{
	return ((k->uri = uri_parse(uri)) != NULL &&
		(k->key.from = open_token(&k->tokens, k->uri, false)) != NULL &&
		find(k));
}

bool
key_in_token_is_private(const struct key_in_token *k)
{
	return (k->key.class == CKO_PRIVATE_KEY);
}

/* Each way that the token has, until one does it. */
static CK_RV
try_ways(struct transfer *tr, struct view modulus, struct view exponent,
    CK_MECHANISM_TYPE mechanism)
{
	CK_RV rv = method_import_wrapping_key(tr, modulus, exponent);

	tr->method = NULL;
	while (rv == CKR_OK || tr->method != NULL) {
		tr->method = method_of_source(
		    tr->key->from, mechanism, tr->method);
		if (tr->method == NULL)
			break;
		buf_reset(&tr->wrapped);
		if ((rv = method_wrap(tr)) == CKR_OK)
			return (CKR_OK);
	}
	return (rv == CKR_OK ? CKR_MECHANISM_INVALID : rv);
}

/* What it refuses in a read-only session, a token may do in another. */
static CK_RV
wrap(struct key_in_token *k, struct transfer *tr, struct view modulus,
    struct view exponent, CK_MECHANISM_TYPE mechanism)
{
	CK_RV rv = try_ways(tr, modulus, exponent, mechanism);

	if (rv == CKR_OK || rv == CKR_MECHANISM_INVALID ||
	    token_make_writable(k->key.from) != CKR_OK || !find(k))
		return (rv);
	return (try_ways(tr, modulus, exponent, mechanism));
}

bool
key_in_token_wrap(struct key_in_token *k, const EVP_PKEY *with,
    CK_MECHANISM_TYPE mechanism, CK_MECHANISM_TYPE hash, struct buf *out)
{
	struct buf modulus = BUF_INIT(KEY_NUMBER_MAX);
	struct buf exponent = BUF_INIT(KEY_NUMBER_MAX);
	struct transfer tr = {.key = &k->key};
	char name[RV_SAID_SIZE];
	CK_RV rv = CKR_HOST_MEMORY;

	k->key.hash = hash;
	if (key_number(with, OSSL_PKEY_PARAM_RSA_N, &modulus) &&
	    key_number(with, OSSL_PKEY_PARAM_RSA_E, &exponent))
		rv = wrap(
		    k, &tr, buf_view(&modulus), buf_view(&exponent), mechanism);
	if (rv == CKR_MECHANISM_INVALID && tr.last_call.rv == CKR_OK)
		message("token %s: it has no mechanism that wraps so",
		    k->key.from->label);
	else if (rv != CKR_OK)
		message("token %s: %s: %s", k->key.from->label,
		    tr.last_call.function == NULL ? "" : tr.last_call.function,
		    rv_said(rv, name));
	buf_free(out);
	*out = tr.wrapped;
	buf_free(&exponent);
	buf_free(&modulus);
	return (rv == CKR_OK);
}

void
key_in_token_close(struct key_in_token *k)
{
	uri_free(k->uri);
	close_tokens(&k->tokens);
}

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include "key/wrap.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))

/* RSAES_PKCS1_V1_5 and SM2PKE are left out: AWS retired the first in 2023, and
 * the second exists in the China Regions only. */
static const struct wrapping wrappings[] = {
    {"RSAES_OAEP_SHA_1", "SHA1", false},
    {"RSAES_OAEP_SHA_256", "SHA256", false},
    {"RSA_AES_KEY_WRAP_SHA_1", "SHA1", true},
    {"RSA_AES_KEY_WRAP_SHA_256", "SHA256", true},
};

const struct wrapping *
wrapping_find(struct view name)
{
	for (size_t i = 0; i < ELEMS(wrappings); i++)
		if (view_equal(name, view_str(wrappings[i].name)))
			return (&wrappings[i]);
	return (NULL);
}

bool
wrapping_is_allowed(
    const struct wrapping *w, const struct spec *spec, unsigned bits)
{
	switch (spec->family) {
	case FAMILY_AES:
	case FAMILY_HMAC:
		return (!w->two_steps);
	case FAMILY_RSA:
		return (w->two_steps);
	case FAMILY_EC:
		/* the PKCS#8 of a P-521 key does not fit into 2048 bits */
		return (w->two_steps || spec->bits != 521 || bits != 2048);
	default:
		return (false);
	}
}

bool
rsa_oaep(EVP_PKEY *pkey, bool encrypt, const char *digest, struct view in,
    struct buf *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	size_t n = (size_t)EVP_PKEY_get_size(pkey), start = out->len;
	bool ok;

	ok = ctx != NULL &&
	     (encrypt ? EVP_PKEY_encrypt_init(ctx)
		      : EVP_PKEY_decrypt_init(ctx)) == 1 &&
	     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	     EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, digest, NULL) == 1 &&
	     EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, digest, NULL) == 1 &&
	     buf_reserve(out, start + n) == ERR_OK &&
	     (encrypt ? EVP_PKEY_encrypt(
			    ctx, out->ptr + start, &n, in.ptr, in.len)
		      : EVP_PKEY_decrypt(
			    ctx, out->ptr + start, &n, in.ptr, in.len)) == 1;
	if (ok)
		out->len = start + n;
	EVP_PKEY_CTX_free(ctx);
	return (ok);
}

static bool
kwp_unwrap(struct view kek, struct view blob, struct buf *clear)
{
	const char *const names[] = {
	    "AES-128-WRAP-PAD", "AES-192-WRAP-PAD", "AES-256-WRAP-PAD"};
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *cipher = NULL;
	size_t start = clear->len;
	int n = 0;
	bool ok = false;

	if (ctx == NULL || blob.len > INT_MAX / 2 || kek.len < 16 ||
	    kek.len > 32 || kek.len % 8 != 0)
		goto out;
	cipher = EVP_CIPHER_fetch(NULL, names[kek.len / 8 - 2], NULL);
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	ok = cipher != NULL &&
	     EVP_DecryptInit_ex2(ctx, cipher, kek.ptr, NULL, NULL) == 1 &&
	     buf_reserve(clear, start + blob.len + 16) == ERR_OK &&
	     EVP_DecryptUpdate(
		 ctx, clear->ptr + start, &n, blob.ptr, (int)blob.len) == 1 &&
	     n > 0;
	if (ok)
		clear->len = start + (size_t)n;
out:
	EVP_CIPHER_free(cipher);
	EVP_CIPHER_CTX_free(ctx);
	return (ok);
}

bool
unwrap_material(const struct wrapping *w, EVP_PKEY *pkey, struct view blob,
    struct buf *clear)
{
	struct buf kek = BUF_INIT(1024);
	size_t first = (size_t)EVP_PKEY_get_size(pkey);
	bool ok;

	if (!w->two_steps)
		return (blob.len == first &&
			rsa_oaep(pkey, false, w->digest, blob, clear));
	ok = blob.len > first &&
	     rsa_oaep(pkey, false, w->digest, VIEW(blob.ptr, first), &kek) &&
	     kek.len == 32 &&
	     kwp_unwrap(buf_view(&kek),
		 VIEW(blob.ptr + first, blob.len - first), clear);
	buf_free(&kek);
	return (ok);
}

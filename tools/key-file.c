#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "arena.h"
#include "base64.h"
#include "hex.h"
#include "jwk.h"
#include "key-file.h"
#include "message.h"
#include "pin.h"

#define ARENA_SIZE (256 * 1024)
#define FILE_MAX (64 * 1024) /* bytes of a file with a key */
#define SECRET_MAX 1024 /* bytes of a secret key */
#define RSA_BITS_MIN 2048

static void
wiping_free(void *p, const char *file, int line)
{
	(void)file, (void)line;
	if (p != NULL)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

static void *
plain_malloc(size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return (malloc(n));
}

static void *
wiping_realloc(void *p, size_t n, const char *file, int line)
{
	size_t old = p == NULL ? 0 : malloc_usable_size(p);
	void *more = malloc(n);

	if (more == NULL)
		return (NULL);
	if (old != 0)
		memcpy(more, p, old < n ? old : n);
	wiping_free(p, file, line);
	return (more);
}

bool
key_reader_open(struct key_reader *r)
{
	bool locked; /* a limit that forbids locking is no reason to fail */

	(void)CRYPTO_set_mem_functions(
	    plain_malloc, wiping_realloc, wiping_free);
	/* without the user's configuration, as in fingerprint.c */
	r->lib = OSSL_LIB_CTX_new();
	if (r->lib != NULL &&
	    arena_open(ARENA_SIZE, &r->arena, &locked) == ERR_OK)
		return (true);
	message("out of memory");
	return (false);
}

void
key_reader_close(struct key_reader *r)
{
	if (r->arena != NULL)
		arena_close(r->arena);
	OSSL_LIB_CTX_free(r->lib);
}

static bool
complain(const char *path, const char *why)
{
	message("%s: %s", path, why);
	return (false);
}

static bool
read_file(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum err e;

	if (fd == -1)
		return (complain(path, strerror(errno)));
	errno = 0;
	e = buf_read(out, fd);
	close(fd);
	if (e == ERR_OK && out->len != 0)
		return (true);
	return (complain(path, e == ERR_OK	  ? "it is empty"
			       : e == ERR_TOO_BIG ? "it is too long for a key"
						  : strerror(errno)));
}

/* What a passphrase is read for, whether it was asked for, and given. */
struct passphrase {
	const char *path, *file;
	bool asked, given;
};

static int
give_passphrase(
    char *out, size_t size, size_t *len, const OSSL_PARAM params[], void *arg)
{
	struct passphrase *p = arg;
	struct pin pin = PIN_INIT;

	(void)params;
	/* the decoder must not ask again and again */
	if (p->asked)
		return (false);
	p->asked = true;
	p->given = passphrase_get(p->file, p->path, &pin) && pin.len <= size;
	if (p->given) {
		memcpy(out, pin.text, pin.len);
		*len = pin.len;
	}
	pin_free(&pin);
	return (p->given);
}

static EVP_PKEY *
decode(OSSL_LIB_CTX *lib, struct view data, int selection,
    struct passphrase *passphrase)
{
	EVP_PKEY *key = NULL;
	OSSL_DECODER_CTX *ctx = OSSL_DECODER_CTX_new_for_pkey(
	    &key, NULL, NULL, NULL, selection, lib, NULL);
	const unsigned char *at = data.ptr;
	size_t left = data.len;

	if (ctx == NULL)
		return (NULL);
	if (passphrase == NULL || OSSL_DECODER_CTX_set_passphrase_cb(
				      ctx, give_passphrase, passphrase) == 1)
		(void)OSSL_DECODER_from_data(ctx, &at, &left);
	OSSL_DECODER_CTX_free(ctx);
	return (key);
}

static int
give_to_store(char *out, int size, int writing, void *arg)
{
	size_t len = 0;

	(void)writing;
	return (give_passphrase(out, (size_t)size, &len, NULL, arg) ? (int)len
								    : -1);
}

/* The one private key of PKCS#12; what else is there is not looked at. */
static EVP_PKEY *
decode_pkcs12(
    OSSL_LIB_CTX *lib, struct view data, struct passphrase *passphrase)
{
	BIO *in = BIO_new_mem_buf(data.ptr, (int)data.len);
	UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(give_to_store, 0);
	OSSL_STORE_INFO *first = NULL, *second = NULL;
	OSSL_STORE_CTX *store = NULL;
	EVP_PKEY *key = NULL;

	if (in != NULL && ui != NULL)
		store = OSSL_STORE_attach(
		    in, "file", lib, NULL, ui, passphrase, NULL, NULL, NULL);
	if (store != NULL &&
	    OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY) == 1) {
		first = OSSL_STORE_load(store);
		second = OSSL_STORE_load(store);
	}
	if (first != NULL && second == NULL)
		key = OSSL_STORE_INFO_get1_PKEY(first);
	/* its passphrase was right */
	if (store != NULL && first == NULL && OSSL_STORE_error(store) == 0)
		passphrase->asked = passphrase->given = false;
	OSSL_STORE_INFO_free(second);
	OSSL_STORE_INFO_free(first);
	OSSL_STORE_close(store);
	UI_destroy_method(ui);
	BIO_free(in);
	return (key);
}

/* Its PKCS#8 in DER replaces what out has. */
static bool
put_pkcs8(const EVP_PKEY *key, struct buf *out)
{
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
	int len = p8 == NULL ? -1 : i2d_PKCS8_PRIV_KEY_INFO(p8, NULL);
	unsigned char *at;
	bool done = false;

	buf_reset(out);
	if (len > 0 && buf_reserve(out, (size_t)len) == ERR_OK) {
		at = out->ptr;
		done = i2d_PKCS8_PRIV_KEY_INFO(p8, &at) == len;
		out->len = done ? (size_t)len : 0;
	}
	PKCS8_PRIV_KEY_INFO_free(p8);
	return (done);
}

static bool
is_pem(struct view v)
{
	static const char begin[] = "-----BEGIN ";

	return (v.len > sizeof(begin) &&
		memmem(v.ptr, v.len, begin, sizeof(begin) - 1) != NULL);
}

/* A SEQUENCE that is as long as the file. */
static bool
is_der(struct view v)
{
	size_t len = v.len < 2 ? 0 : v.ptr[1], head = 2;

	if (v.len < 4 || v.ptr[0] != 0x30)
		return (false);
	if (len == 0x81 || len == 0x82) {
		head += len & 3;
		len = len == 0x81 ? v.ptr[2] : (size_t)v.ptr[2] << 8 | v.ptr[3];
	}
	return (head + len == v.len);
}

static bool
is_text(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if ((v.ptr[i] < ' ' || v.ptr[i] > '~') && v.ptr[i] != '\n' &&
		    v.ptr[i] != '\r' && v.ptr[i] != '\t')
			return (false);
	return (true);
}

/* The mark with which some editors begin text in UTF-8. */
static void
drop_byte_order_mark(struct buf *b)
{
	struct view rest;

	if (b->len < 3 || memcmp(b->ptr, "\xef\xbb\xbf", 3) != 0)
		return;
	rest = VIEW(b->ptr + 3, b->len - 3);
	if (!is_text(rest) && !jwk_is_one(rest))
		return;
	memmove(b->ptr, rest.ptr, rest.len);
	buf_cut(b, rest.len);
}

/* Text in UTF-16, of whatever byte order, with a byte order mark or without. */
static bool
is_utf16(struct view v)
{
	size_t high[2] = {0, 0}, first;

	if (v.len < 4 || v.len % 2 != 0)
		return (false);
	first = v.ptr[0] + v.ptr[1] == 0xff + 0xfe ? 2 : 0;
	for (size_t i = first; i < v.len; i++)
		high[i % 2] += v.ptr[i] == 0;
	for (size_t i = 0; i < 2; i++)
		if (high[i] == (v.len - first) / 2 && high[1 - i] == 0)
			return (true);
	return (false);
}

static void
drop_white_space(struct buf *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->len; i++)
		if (b->ptr[i] == '\0' || strchr(" \n\r\t", b->ptr[i]) == NULL)
			b->ptr[n++] = b->ptr[i];
	buf_cut(b, n);
}

bool
key_file_read_hex(struct buf *b)
{
	size_t n = 0, digits;

	for (size_t i = 0; i < b->len; i++)
		if (strchr(" \n\r\t", b->ptr[i]) == NULL &&
		    hex_value((char)b->ptr[i]) == -1)
			return (false);
	drop_white_space(b);
	digits = b->len;
	for (; 2 * n + 1 < digits; n++)
		b->ptr[n] = (unsigned char)(hex_value((char)b->ptr[2 * n])
						<< 4 |
					    hex_value((char)b->ptr[2 * n + 1]));
	buf_cut(b, n);
	return (digits != 0 && digits % 2 == 0);
}

static bool
read_base64(struct buf *b)
{
	struct buf bytes = BUF_SECRET(FILE_MAX, b->arena);
	bool done;

	drop_white_space(b);
	done = base64_read(buf_view(b), &bytes) == ERR_OK && bytes.len != 0;
	buf_free(b);
	*b = bytes;
	return (done);
}

static bool
read_secret(const char *path, enum key_format format, struct buf *out)
{
	bool text = is_text(buf_view(out));

	if (format == KEY_FORMAT_BASE64 && !read_base64(out))
		return (complain(path, "it is not Base64"));
	if (format == KEY_FORMAT_HEX || (format == KEY_FORMAT_ANY && text)) {
		if (!key_file_read_hex(out))
			return (complain(
			    path, format == KEY_FORMAT_HEX
				      ? "it is not hexadecimal digits"
				      : "it is text: give --format raw if its "
					"characters are the key, or --format "
					"base64"));
	}
	if (out->len > SECRET_MAX)
		return (complain(path, "it is too long for a secret key"));
	return (true);
}

static bool
read_jwk(OSSL_LIB_CTX *lib, const char *path, struct buf *out, bool *is_private,
    char algorithm[JWK_WORD_SIZE])
{
	EVP_PKEY *key;
	const char *why = jwk_read(lib, out, &key, algorithm);
	bool done = why == NULL && (key == NULL || put_pkcs8(key, out));

	*is_private = key != NULL;
	EVP_PKEY_free(key);
	return (done || complain(path, why != NULL ? why : "out of memory"));
}

bool
key_file_read(OSSL_LIB_CTX *lib, struct arena *arena, const char *path,
    enum key_format format, const char *passphrase_file, struct buf *out,
    bool *is_private, char algorithm[JWK_WORD_SIZE])
{
	struct passphrase passphrase = {path, passphrase_file, false, false};
	EVP_PKEY *key;
	bool done;

	*out = (struct buf)BUF_SECRET(FILE_MAX, arena);
	*is_private = false;
	algorithm[0] = '\0';
	if (!read_file(path, out))
		return (false);
	if (format != KEY_FORMAT_RAW)
		drop_byte_order_mark(out);
	if (format != KEY_FORMAT_RAW && is_utf16(buf_view(out)))
		return (
		    complain(path, "it is text in UTF-16: write it in ASCII, "
				   "or give --format raw if its bytes are "
				   "the key"));
	if (format == KEY_FORMAT_ANY && jwk_is_one(buf_view(out)))
		return (read_jwk(lib, path, out, is_private, algorithm));
	if (format != KEY_FORMAT_ANY ||
	    (!is_pem(buf_view(out)) && !is_der(buf_view(out))))
		return (read_secret(path, format, out));
	*is_private = true;
	key = decode(lib, buf_view(out), EVP_PKEY_KEYPAIR, &passphrase);
	if (key == NULL && !passphrase.asked)
		key = decode_pkcs12(lib, buf_view(out), &passphrase);
	if (key == NULL)
		return (complain(path,
		    passphrase.given ? "it is encrypted, and this is not its "
				       "passphrase"
		    : passphrase.asked
			? "it is encrypted, and no passphrase was given: use "
			  "--passphrase-file"
			: "it is no private key that can be read; if its bytes "
			  "are a secret key, give --format raw"));
	done = put_pkcs8(key, out);
	EVP_PKEY_free(key);
	return (done || complain(path, "its private key cannot be written as "
				       "PKCS#8"));
}

EVP_PKEY *
key_file_read_wrapping_key(OSSL_LIB_CTX *lib, const char *path)
{
	struct buf data = BUF_INIT(FILE_MAX);
	EVP_PKEY *key = NULL;

	if (read_file(path, &data) &&
	    ((key = decode(lib, buf_view(&data), EVP_PKEY_PUBLIC_KEY, NULL)) ==
		    NULL ||
		!EVP_PKEY_is_a(key, "RSA") ||
		EVP_PKEY_get_bits(key) < RSA_BITS_MIN)) {
		complain(path, "it is no RSA public key of 2048 bits or more");
		EVP_PKEY_free(key);
		key = NULL;
	}
	buf_free(&data);
	return (key);
}

EVP_PKEY *
key_file_decode(OSSL_LIB_CTX *lib, struct view pkcs8)
{
	return (decode(lib, pkcs8, EVP_PKEY_KEYPAIR, NULL));
}

bool
key_number(const EVP_PKEY *key, const char *name, struct buf *out)
{
	BIGNUM *n = NULL;
	bool done = EVP_PKEY_get_bn_param(key, name, &n) == 1 &&
		    buf_reserve(out, (size_t)BN_num_bytes(n)) == ERR_OK;

	if (done)
		out->len = (size_t)BN_bn2bin(n, out->ptr);
	BN_clear_free(n);
	return (done);
}

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "algorithm.h"
#include "arena.h"
#include "command.h"
#include "fingerprint.h"
#include "key-file.h"
#include "key-options.h"
#include "keydata/rsa-wrap.h"
#include "message.h"
#include "options.h"
#include "replacement.h"
#include "text.h"
#include "wrap.h"
#include "wrap-in-token.h"
#include "write-json.h"

#define WRAPPED_MAX (16 * 1024)
#define AES_LEN 32 /* bytes of the AES key of RSA_AES_KEY_WRAP */

const char wrap_usage[] =
    "usage: keyferry wrap --key FILE | --from URI --wrapping-key FILE "
    "--out FILE\n"
    "Wraps a key as an HSM would, for KMS or another service. Needs no AWS.\n"
    "  --key FILE         a private key (PEM, DER; PKCS#8, PKCS#1, SEC1; "
    "PKCS#12)\n"
    "                     or a secret key (raw bytes, hexadecimal digits, "
    "Base64)\n"
    "  --from URI         a key of a PKCS#11 token, which wraps it itself\n"
    "  --wrapping-key FILE\n"
    "                     the RSA public key to wrap it with, in PEM or DER\n"
    "  --out FILE         where the wrapped key goes\n"
    "  --expect FINGERPRINT\n"
    "                     refuse another wrapping key than this\n"
    "  --algorithm RSAES_OAEP_SHA_256|RSAES_OAEP_SHA_1|\n"
    "      RSA_AES_KEY_WRAP_SHA_256|RSA_AES_KEY_WRAP_SHA_1\n"
    "                     how (default: RSAES_OAEP_SHA_256 for secret keys,\n"
    "                     RSA_AES_KEY_WRAP_SHA_256 for private keys)\n"
    "  --format raw|hex|base64\n"
    "                     what a secret key is in, where it is not clear\n"
    "  --passphrase-file FILE\n"
    "                     of an encrypted private key, in the first line; "
    "without\n"
    "                     it you are asked\n"
    "  --json             print an object\n"
    "  --quiet            print nothing\n";

struct arguments {
	char *key, *from, *wrapping_key, *out, *expect, *passphrase_file;
	const struct algorithm *algorithm; /* NULL: as the key is */
	enum key_format format;
	bool json, quiet;
};

static bool
read_arguments(int argc, char **argv, struct arguments *a)
{
	const struct option_row rows[] = {
	    {"key", NULL, &a->key, NULL, NULL},
	    {"from", NULL, &a->from, NULL, NULL},
	    {"wrapping-key", NULL, &a->wrapping_key, NULL, NULL},
	    {"out", NULL, &a->out, NULL, NULL},
	    {"expect", NULL, &a->expect, NULL, NULL},
	    {"algorithm", NULL, NULL, algorithm_option, &a->algorithm},
	    {"format", NULL, NULL, key_option_format, &a->format},
	    {"passphrase-file", NULL, &a->passphrase_file, NULL, NULL},
	    {"json", &a->json, NULL, NULL, NULL},
	    {"quiet", &a->quiet, NULL, NULL, NULL},
	};
	bool complete;

	if (options_read(argc, argv, rows, sizeof(rows) / sizeof(rows[0]), 0) ==
	    -1)
		return (false);
	complete = (a->key == NULL) != (a->from == NULL) &&
		   a->wrapping_key != NULL && a->out != NULL;
	if (!complete)
		message(
		    "--key or --from, --wrapping-key and --out are required");
	return (complete);
}

/* Before the key's file is opened. */
static bool
is_expected(const struct arguments *a, const char *fingerprint)
{
	if (a->expect == NULL || strcasecmp(a->expect, fingerprint) == 0)
		return (true);
	message("%s: its fingerprint is %s, which is not the one that is "
		"expected: nothing is wrapped",
	    a->wrapping_key, fingerprint);
	return (false);
}

static bool
wrap_key(const struct arguments *a, OSSL_LIB_CTX *lib, struct arena *arena,
    EVP_PKEY *with, struct view key, struct buf *out)
{
	const struct algorithm *how = a->algorithm;
	const struct rsa_oaep oaep = {how->digest, how->digest, VIEW("", 0)};
	const struct crypto crypto = {.lib = lib};
	enum err e;

	e = how->with_aes
		? rsa_aes_wrap(&crypto, arena, with, &oaep, AES_LEN, key, out)
		: rsa_oaep_wrap(&crypto, with, &oaep, key, out);
	if (e != ERR_OK)
		message("%s: %s", a->key,
		    e == ERR_DATA ? "it is too long for this algorithm and "
				    "wrapping key"
				  : err_text(e));
	return (e == ERR_OK);
}

static bool
write_out(const char *path, const struct buf *wrapped)
{
	struct replacement r;

	if (replacement_begin(&r, path, 0644)) {
		(void)fwrite(wrapped->ptr, 1, wrapped->len, r.f);
		if (replacement_end(&r))
			return (true);
	}
	message_errno(path);
	return (false);
}

static void
print_result(
    const struct arguments *a, const char *fingerprint, bool is_private)
{
	const char *kind = is_private ? "private" : "secret";
	struct json_writer w;

	if (a->quiet)
		return;
	if (!a->json) {
		text_printf(stdout,
		    "%s: a %s key, wrapped by %s for the wrapping key %s",
		    a->out, kind, a->algorithm->name, fingerprint);
		putchar('\n');
		return;
	}
	write_json_begin(&w, stdout);
	write_json_text(&w, "file", view_str(a->out));
	write_json_text(&w, "key", view_str(kind));
	write_json_text(&w, "algorithm", view_str(a->algorithm->name));
	write_json_text(&w, "wrapping_key", view_str(fingerprint));
	write_json_end(&w);
	putchar('\n');
}

/* The algorithm that was asked for, or that KMS takes such keys by. */
static void
choose_algorithm(struct arguments *a, bool is_private)
{
	if (a->algorithm == NULL)
		a->algorithm = algorithm_for(is_private);
}

static bool
wrap_file(struct arguments *a, OSSL_LIB_CTX *lib, struct arena *arena,
    EVP_PKEY *with, struct buf *out, bool *is_private)
{
	struct buf key = BUF_INIT(0);
	char algorithm[JWK_WORD_SIZE]; /* it is wrapped whatever it is for */
	bool done = key_file_read(lib, arena, a->key, a->format,
	    a->passphrase_file, &key, is_private, algorithm);

	choose_algorithm(a, *is_private);
	done = done && wrap_key(a, lib, arena, with, buf_view(&key), out);
	buf_free(&key);
	return (done);
}

static bool
wrap_of_token(struct arguments *a, const EVP_PKEY *with, struct buf *out,
    bool *is_private)
{
	struct key_in_token k = KEY_IN_TOKEN_INIT;
	bool done = key_in_token_open(&k, a->from);

	if (done) {
		*is_private = key_in_token_is_private(&k);
		choose_algorithm(a, *is_private);
		done = key_in_token_wrap(
		    &k, with, a->algorithm->unwrap, a->algorithm->hash, out);
	}
	key_in_token_close(&k);
	return (done);
}

static bool
wrap(struct arguments *a, OSSL_LIB_CTX *lib, struct arena *arena)
{
	EVP_PKEY *with = key_file_read_wrapping_key(lib, a->wrapping_key);
	struct buf wrapped = BUF_INIT(WRAPPED_MAX);
	char fingerprint[FINGERPRINT_SIZE];
	bool is_private = false, done = false;

	if (with == NULL || !public_key_fingerprint(lib, with, fingerprint) ||
	    !is_expected(a, fingerprint))
		goto out;
	done = (a->from != NULL ? wrap_of_token(a, with, &wrapped, &is_private)
				: wrap_file(a, lib, arena, with, &wrapped,
				      &is_private)) &&
	       write_out(a->out, &wrapped);
	if (done)
		print_result(a, fingerprint, is_private);
out:
	buf_free(&wrapped);
	EVP_PKEY_free(with);
	return (done);
}

int
wrap_run(int argc, char **argv)
{
	struct arguments a = {0};
	struct key_reader r = KEY_READER_INIT;
	bool done;

	if (!read_arguments(argc, argv, &a)) {
		fputs(wrap_usage, stderr);
		return (EXIT_NOTHING_DONE);
	}
	done = key_reader_open(&r) && wrap(&a, r.lib, r.arena);
	key_reader_close(&r);
	return (done ? EXIT_ALL_DONE : EXIT_NOTHING_DONE);
}

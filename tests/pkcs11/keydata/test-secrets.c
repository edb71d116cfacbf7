/*
 * What is left of imported keys in this process's memory. A child makes the
 * keys; this process gets them masked, and unmasks them into an arena: what is
 * found outside of it is what writing PKCS#8 and wrapping left behind.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "key-forms.h"
#include "arena.h"
#include "tap.h"
#include "kms/import-wrap.h"

#define MASK 0xa5
#define WINDOW 12 /* bytes of a secret that are a copy of it */
#define SECRET_MAX 1024
#define MODULUS_BITS 2048

static struct crypto crypto;
static struct arena *arena;

struct masked {
	size_t len;
	uint8_t bytes[SECRET_MAX];
};

/* By the child: the parts of an RSA key, scalars of all curves, and a public
 * key to wrap with. */
struct told {
	struct masked rsa[RSA_PARTS], ec[CURVE_COUNT];
	size_t spki_len;
	uint8_t spki[1024];
};

static void
mask(struct masked *m, struct view v)
{
	m->len = v.len;
	for (size_t i = 0; i < v.len; i++)
		m->bytes[i] = v.ptr[i] ^ MASK;
}

static bool
all(ssize_t (*move)(int, void *, size_t), int fd, void *p, size_t n)
{
	ssize_t got = 1;

	for (uint8_t *at = p; n != 0 && got > 0; at += got, n -= (size_t)got)
		got = move(fd, at, n);
	return (n == 0);
}

static ssize_t
send(int fd, void *p, size_t n)
{
	return (write(fd, p, n));
}

/* The AES key that an OAEP blob from the test holds, masked. */
static void
kek_tell(EVP_PKEY *pkey, int from, int to)
{
	uint8_t blob[MODULUS_BITS / 8], kek[MODULUS_BITS / 8];
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	static struct masked m;
	size_t n = sizeof(kek);

	if (!all(read, from, blob, sizeof(blob)) ||
	    EVP_PKEY_decrypt_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, "SHA256", NULL) != 1 ||
	    EVP_PKEY_decrypt(ctx, kek, &n, blob, sizeof(blob)) != 1)
		_exit(2);
	mask(&m, VIEW(kek, n));
	if (!all(send, to, &m, sizeof(m)))
		_exit(2);
	EVP_PKEY_CTX_free(ctx);
}

static _Noreturn void
child(int from, int to)
{
	static struct told told;
	struct rsa_private rsa;
	struct ec_private ec;
	EVP_PKEY *pkey;
	uint8_t *spki = told.spki;

	/* what it says is no part of the test's report */
	if (freopen("/dev/null", "w", stdout) == NULL)
		_exit(2);
	pkey = rsa_make(MODULUS_BITS, 0, &rsa);
	for (int i = 0; i < RSA_PARTS; i++)
		mask(&told.rsa[i], rsa.part[i]);
	for (size_t i = 0; i < CURVE_COUNT; i++) {
		EVP_PKEY_free(ec_make(curve_rows[i].name, &ec));
		mask(&told.ec[i], ec.value);
	}
	told.spki_len = (size_t)i2d_PUBKEY(pkey, &spki);
	if (!all(send, to, &told, sizeof(told)))
		_exit(2);
	for (;;)
		kek_tell(pkey, from, to);
}

static struct view
unmask(const struct masked *m)
{
	uint8_t *p = arena_alloc(arena, m->len);

	NEED(p != NULL, "room in the arena");
	for (size_t i = 0; i < m->len; i++)
		p[i] = m->bytes[i] ^ MASK;
	return (VIEW(p, m->len));
}

/* Whether the window stands at p, forwards or as a BIGNUM keeps it. */
static bool
at(const uint8_t *p, const uint8_t *window)
{
	size_t i;

	for (i = 0; i < WINDOW; i++)
		if ((p[i] ^ MASK) != window[i])
			break;
	if (i == WINDOW)
		return (true);
	for (i = 0; i < WINDOW; i++)
		if ((p[i] ^ MASK) != window[WINDOW - 1 - i])
			break;
	return (i == WINDOW);
}

/* How often a piece of the secret stands in memory that this process can
 * write: in the arena, or outside. */
static int
copies(const struct masked *m, bool inside)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	const uint8_t *p, *end, *own = arena_alloc(arena, 1);
	const uint8_t *windows[] = {
	    m->bytes + 1, m->bytes + m->len / 2, m->bytes + m->len - WINDOW};
	unsigned long from, to;
	char line[512], mode[8];
	int n = 0;

	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 ||
		    strncmp(mode, "rw", 2) != 0 || strstr(line, "[v") != NULL ||
		    ((uintptr_t)own >= from && (uintptr_t)own < to) != inside)
			continue;
		end = (const uint8_t *)to - WINDOW;
		for (p = (const uint8_t *)from; p <= end; p++)
			for (size_t i = 0; i < 3; i++)
				n += at(p, windows[i]);
	}
	if (maps != NULL)
		(void)fclose(maps);
	arena_free(arena, (void *)(uintptr_t)own);
	return (n);
}

static void
test_rsa(const struct told *told)
{
	struct buf der = BUF_SECRET(4096, arena);
	struct rsa_private k;
	size_t bits;
	int left = 0, kept = 0;

	for (int i = 0; i < RSA_PARTS; i++)
		k.part[i] = unmask(&told->rsa[i]);
	OK(rsa_check(&k, &bits) == ERR_OK && bits == MODULUS_BITS &&
		rsa_check_exponents(&k, arena) == ERR_OK &&
		pkcs8_write_rsa(&k, &der) == ERR_OK,
	    "an RSA key is written");
	for (int i = RSA_PART_PRIVATE_EXPONENT; i < RSA_PARTS; i++) {
		left += copies(&told->rsa[i], false);
		kept += copies(&told->rsa[i], true);
	}
	OK(left == 0, "no copy is left of it: %d", left);
	/* six parts, a beginning, a middle and an end each: given and written */
	OK(kept == 6 * 3 * 2, "and two in the arena: %d", kept);
	buf_free(&der);
	for (int i = 0; i < RSA_PARTS; i++)
		arena_free(arena, (void *)(uintptr_t)k.part[i].ptr);
	OK(copies(&told->rsa[RSA_PART_PRIVATE_EXPONENT], true) == 0,
	    "none there when all is given back");
}

static void
test_ec(const struct told *told, size_t row)
{
	struct buf der = BUF_SECRET(4096, arena);
	struct ec_private k = {
	    .params = curve_rows[row].params, .value = unmask(&told->ec[row])};

	OK(pkcs8_write_ec(&crypto, &k, &der) == ERR_OK,
	    "a key on %s is written", curve_rows[row].name);
	OK(copies(&told->ec[row], false) == 0, "no copy is left of it: %d",
	    copies(&told->ec[row], false));
	OK(copies(&told->ec[row], true) == 3 * 2, "and two in the arena: %d",
	    copies(&told->ec[row], true));
	buf_free(&der);
	arena_free(arena, (void *)(uintptr_t)k.value.ptr);
}

/* By OAEP alone, and with an AES key between, which only the child can tell. */
static void
test_wrap(const struct told *told, int from, int to)
{
	static struct masked kek;
	struct import_params p = IMPORT_PARAMS_INIT;
	struct buf out = BUF_INIT(KMS_BLOB_MAX);
	struct view material = unmask(&told->ec[1]);

	NEED(buf_append(&p.parameters.public_key,
		 VIEW(told->spki, told->spki_len)) == ERR_OK,
	    "a wrapping key");
	strcpy(p.algorithm, "RSAES_OAEP_SHA_256");
	OK(import_wrap_material(&crypto, arena, &p, material, &out) == ERR_OK,
	    "material is wrapped by OAEP");
	OK(copies(&told->ec[1], false) == 0, "no copy is left of it: %d",
	    copies(&told->ec[1], false));
	buf_reset(&out);
	strcpy(p.algorithm, "RSA_AES_KEY_WRAP_SHA_256");
	OK(import_wrap_material(&crypto, arena, &p, material, &out) == ERR_OK,
	    "material is wrapped under an AES key");
	NEED(all(send, to, out.ptr, MODULUS_BITS / 8) &&
		 all(read, from, &kek, sizeof(kek)) && kek.len == 32,
	    "the AES key");
	OK(copies(&told->ec[1], false) == 0, "no copy is left of it: %d",
	    copies(&told->ec[1], false));
	OK(copies(&kek, false) == 0, "nor of the AES key: %d",
	    copies(&kek, false));
	arena_free(arena, (void *)(uintptr_t)material.ptr);
	buf_free(&out);
	import_params_free(&p);
}

int
main(void)
{
	static struct told told;
	uint8_t *plain;
	int up[2], down[2];
	bool locked;
	pid_t pid;

	NEED(pipe(up) == 0 && pipe(down) == 0, "pipes");
	if ((pid = fork()) == 0)
		child(down[0], up[1]);
	(void)close(up[1]);
	NEED(all(read, up[0], &told, sizeof(told)), "keys of another process");
	NEED(crypto_open(&crypto, &(struct crypto_setup){0}, NULL) == ERR_OK,
	    "library context");
	NEED(arena_open(65536, &arena, &locked) == ERR_OK, "an arena");
	NEED((plain = malloc(told.ec[0].len)) != NULL, "memory");
	for (size_t i = 0; i < told.ec[0].len; i++)
		plain[i] = told.ec[0].bytes[i] ^ MASK;
	OK(copies(&told.ec[0], false) >= 3, "a secret in plain sight is found");
	OPENSSL_cleanse(plain, told.ec[0].len);
	free(plain);
	OK(copies(&told.ec[0], false) == 0, "and not when it is wiped");
	test_rsa(&told);
	for (size_t i = 0; i < CURVE_COUNT; i++)
		test_ec(&told, i);
	test_wrap(&told, up[0], down[1]);
	arena_close(arena);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return (tap_done());
}

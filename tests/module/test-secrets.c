/*
 * What is left of imported keys in this process's memory. A child makes the
 * keys; this process gets them masked, and unmasks them into an arena: what is
 * found outside of it is what writing PKCS#8 left behind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "keys.h"
#include "secret.h"
#include "tap.h"

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

/* By the child: the parts of an RSA key, then scalars of all curves. */
struct told {
	struct masked rsa[RSA_PARTS], ec[CURVE_COUNT];
};

static void
mask(struct masked *m, struct view v)
{
	m->len = v.len;
	for (size_t i = 0; i < v.len; i++)
		m->bytes[i] = v.ptr[i] ^ MASK;
}

static _Noreturn void
child(int to)
{
	static struct told told;
	struct rsa_private rsa;
	struct ec_private ec;

	/* what it says is no part of the test's report */
	if (freopen("/dev/null", "w", stdout) == NULL)
		_exit(2);
	EVP_PKEY_free(rsa_make(MODULUS_BITS, 0, &rsa));
	for (int i = 0; i < RSA_PARTS; i++)
		mask(&told.rsa[i], rsa.part[i]);
	for (size_t i = 0; i < CURVE_COUNT; i++) {
		EVP_PKEY_free(ec_make(curve_rows[i].name, &ec));
		mask(&told.ec[i], ec.value);
	}
	_exit(write(to, &told, sizeof(told)) == sizeof(told) ? 0 : 2);
}

static struct view
unmask(const struct masked *m)
{
	uint8_t *p = arena_get(arena, m->len);

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
	const uint8_t *p, *end, *own = arena_get(arena, 1);
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
	arena_put(arena, (void *)(uintptr_t)own);
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
		arena_put(arena, (void *)(uintptr_t)k.part[i].ptr);
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
	arena_put(arena, (void *)(uintptr_t)k.value.ptr);
}

int
main(void)
{
	static struct told told;
	uint8_t *plain;
	size_t got = 0;
	ssize_t n;
	int fds[2], status = 1;
	bool locked;
	pid_t pid;

	NEED(pipe(fds) == 0, "a pipe");
	if ((pid = fork()) == 0)
		child(fds[1]);
	(void)close(fds[1]);
	while (
	    (n = read(fds[0], (uint8_t *)&told + got, sizeof(told) - got)) > 0)
		got += (size_t)n;
	NEED(waitpid(pid, &status, 0) == pid && status == 0 &&
		 got == sizeof(told),
	    "keys of another process");
	NEED(crypto_open(&crypto) == ERR_OK, "library context");
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
	arena_close(arena);
	return (tap_done());
}

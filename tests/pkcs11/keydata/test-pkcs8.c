/* PKCS#8 written and read by hand, held against OpenSSL's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include "key-forms.h"
#include "keydata/curve.h"
#include "keydata/number.h"
#include "arena.h"
#include "tap.h"

#define DER_MAX 4096

static struct crypto crypto;
static struct arena *arena;

static void
views_free(struct view *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free((void *)(uintptr_t)v[i].ptr);
}

/* Same number, whatever zeros stand before it. */
static bool
number_equal(struct view a, struct view b)
{
	return (view_equal(number_trim(a), number_trim(b)));
}

static void
test_rsa_of(size_t bits, size_t zeros)
{
	struct rsa_private k, broken;
	struct pkcs8 back;
	struct buf out = BUF_SECRET(DER_MAX, arena), by_openssl = out;
	EVP_PKEY *pkey = rsa_make(bits, zeros, &k), *again;
	size_t got = 0, same = 0;

	OK(rsa_check(&k, &got) == ERR_OK && got == bits, "its parts agree");
	OK(pkcs8_write_rsa(&k, &out) == ERR_OK, "it is written");
	pkcs8_by_openssl(pkey, &by_openssl);
	OK(view_equal(buf_view(&out), buf_view(&by_openssl)),
	    "byte for byte as by OpenSSL: %zu", out.len);
	again = pkcs8_valid(buf_view(&out));
	OK(again != NULL && EVP_PKEY_eq(pkey, again) == 1,
	    "OpenSSL reads it and finds it valid");
	OK(pkcs8_read(buf_view(&out), &back) == ERR_OK && back.type == CKK_RSA,
	    "it is read");
	for (int i = 0; i < RSA_PARTS; i++)
		same += number_equal(back.rsa.part[i], k.part[i]) &&
			back.rsa.part[i].ptr >= out.ptr &&
			back.rsa.part[i].ptr < out.ptr + out.len;
	OK(same == RSA_PARTS, "all parts are found, none is copied");
	for (int i = 0; i < RSA_PARTS; i++) {
		broken = k;
		broken.part[i] = VIEW("\0\0", 2);
		OK(rsa_missing(&broken) == (enum rsa_part)i &&
			rsa_check(&broken, &got) == ERR_DATA &&
			pkcs8_write_rsa(&broken, &by_openssl) == ERR_DATA,
		    "without part %d", i);
	}
	EVP_PKEY_free(again);
	EVP_PKEY_free(pkey);
	buf_free(&by_openssl);
	buf_free(&out);
	views_free(k.part, RSA_PARTS);
}

static void
test_rsa(void)
{
	test_rsa_of(2048, 0);
	test_rsa_of(2048, 3);
	test_rsa_of(3072, 0);
	test_rsa_of(4096, 1);
}

static struct view
put_number(const BIGNUM *n, uint8_t *to)
{
	return (VIEW(to, (size_t)BN_bn2bin(n, to)));
}

/* The primes from the modulus and the exponents: of a private exponent modulo
 * the least common multiple and modulo the product, and where the public one is
 * as long as the other. */
static void
test_rsa_complete(void)
{
	enum { LEAST, PRODUCT, LONG, WRONG, WAYS };
	static const char *const names[] = {
	    "modulo lcm(p - 1, q - 1)", "modulo phi", "a long e", "another d"};
	struct rsa_private k, bare;
	struct buf bytes = BUF_SECRET(RSA_PARTS * RSA_BYTES_MAX, arena);
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *phi = BN_new(), *q = BN_new(), *e = BN_new(), *d = BN_new();
	uint8_t number[RSA_BYTES_MAX];
	enum err err;

	EVP_PKEY_free(rsa_make(2048, 0, &k));
	BN_bin2bn(k.part[RSA_PART_PRIME_1].ptr,
	    (int)k.part[RSA_PART_PRIME_1].len, phi);
	BN_bin2bn(
	    k.part[RSA_PART_PRIME_2].ptr, (int)k.part[RSA_PART_PRIME_2].len, q);
	BN_bin2bn(k.part[RSA_PART_PUBLIC_EXPONENT].ptr,
	    (int)k.part[RSA_PART_PUBLIC_EXPONENT].len, e);
	NEED(BN_sub_word(phi, 1) && BN_sub_word(q, 1) &&
		 BN_mul(phi, phi, q, ctx) &&
		 BN_mod_inverse(d, e, phi, ctx) != NULL,
	    "the exponent modulo phi");
	for (int way = 0; way < WAYS; way++) {
		memset(&bare, 0, sizeof(bare));
		memcpy(bare.part, k.part, 3 * sizeof(k.part[0]));
		if (way == LONG) {
			bare.part[RSA_PART_PUBLIC_EXPONENT] =
			    k.part[RSA_PART_PRIVATE_EXPONENT];
			bare.part[RSA_PART_PRIVATE_EXPONENT] =
			    k.part[RSA_PART_PUBLIC_EXPONENT];
		}
		if (way == WRONG)
			BN_add_word(d, 2);
		if (way == PRODUCT || way == WRONG)
			bare.part[RSA_PART_PRIVATE_EXPONENT] = put_number(
			    d, number);
		buf_reset(&bytes);
		err = rsa_complete(&crypto, &bare, &bytes);
		OK(err == (way == WRONG ? ERR_DATA : ERR_OK), "%s: %s",
		    names[way], err_name(err));
		OK(way == WRONG ||
			(number_equal(bare.part[RSA_PART_PRIME_1],
			     k.part[RSA_PART_PRIME_1]) &&
			    number_equal(bare.part[RSA_PART_PRIME_2],
				k.part[RSA_PART_PRIME_2]) &&
			    rsa_check_exponents(&bare, arena) == ERR_OK),
		    "and its numbers fit");
	}
	BN_free(phi);
	BN_free(q);
	BN_free(e);
	BN_free(d);
	BN_CTX_free(ctx);
	buf_free(&bytes);
	views_free(k.part, RSA_PARTS);
}

/* A modulus that no base finds a factor of, because it is a prime: no call takes
 * long for it. */
static void
test_rsa_effort(void)
{
	enum { BITS = 9941 }; /* of a Mersenne prime */
	struct buf bytes = BUF_SECRET(RSA_PARTS * RSA_BYTES_MAX, arena);
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *n = BN_new(), *e = BN_new(), *d = BN_new();
	uint8_t numbers[3][RSA_BYTES_MAX];
	struct rsa_private k = {0};
	struct timespec from, to;

	NEED(BN_one(n) && BN_lshift(n, n, BITS) && BN_sub_word(n, 2) &&
		 BN_set_word(e, 65539) && BN_mod_inverse(d, e, n, ctx) &&
		 BN_add_word(n, 1),
	    "a prime and exponents of it");
	k.part[RSA_PART_MODULUS] = put_number(n, numbers[0]);
	k.part[RSA_PART_PUBLIC_EXPONENT] = put_number(e, numbers[1]);
	k.part[RSA_PART_PRIVATE_EXPONENT] = put_number(d, numbers[2]);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	OK(rsa_complete(&crypto, &k, &bytes) == ERR_DATA, "are no key");
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	OK(to.tv_sec - from.tv_sec < 10, "which cost %ld s",
	    (long)(to.tv_sec - from.tv_sec));
	BN_free(n);
	BN_free(e);
	BN_free(d);
	BN_CTX_free(ctx);
	buf_free(&bytes);
}

/* A key of which one number was changed a little, or is another key's. */
static void
test_rsa_exponents(void)
{
	static const enum rsa_part parts[] = {RSA_PART_PRIVATE_EXPONENT,
	    RSA_PART_EXPONENT_1, RSA_PART_EXPONENT_2, RSA_PART_COEFFICIENT};
	struct rsa_private k, other, broken;
	uint8_t n[RSA_BYTES_MAX];
	size_t len;

	EVP_PKEY_free(rsa_make(2048, 0, &k));
	EVP_PKEY_free(rsa_make(2048, 2, &other));
	OK(rsa_check_exponents(&k, arena) == ERR_OK &&
		rsa_check_exponents(&other, arena) == ERR_OK,
	    "the exponents of two good keys, also after zeros");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		broken = k;
		broken.part[parts[i]] = other.part[parts[i]];
		OK(rsa_check_exponents(&broken, arena) == ERR_DATA,
		    "part %d of another key", parts[i]);
		len = k.part[parts[i]].len;
		for (size_t at = 0; at < len; at += len - 1) {
			memcpy(n, k.part[parts[i]].ptr, len);
			n[at] ^= 1;
			broken.part[parts[i]] = VIEW(n, len);
			OK(rsa_check_exponents(&broken, arena) == ERR_DATA,
			    "part %d with a bit of byte %zu changed", parts[i],
			    at);
		}
	}
	views_free(k.part, RSA_PARTS);
	views_free(other.part, RSA_PARTS);
}

/* What cannot be one key. */
static void
test_rsa_check(void)
{
	static const size_t odd[] = {1024, 2056, 2047, 3064};
	static const uint8_t one[] = {1}, even[] = {2};
	uint8_t n[256];
	struct rsa_private k, other, broken;
	EVP_PKEY *pkey = rsa_make(2048, 0, &k);
	size_t bits = 0;

	EVP_PKEY_free(pkey);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		EVP_PKEY_free(rsa_make(odd[i], 0, &other));
		OK(rsa_check(&other, &bits) == ERR_DATA, "%zu bits", odd[i]);
		views_free(other.part, RSA_PARTS);
	}
	EVP_PKEY_free(rsa_make(2048, 0, &other));
	broken = k;
	broken.part[RSA_PART_MODULUS] = other.part[RSA_PART_MODULUS];
	OK(rsa_check(&broken, &bits) == ERR_DATA, "another key's modulus");
	broken = k;
	broken.part[RSA_PART_PRIME_2] = k.part[RSA_PART_PRIME_1];
	OK(rsa_check(&broken, &bits) == ERR_DATA, "one prime twice");
	broken = k;
	broken.part[RSA_PART_PRIME_1] = VIEW(one, 1);
	broken.part[RSA_PART_PRIME_2] = k.part[RSA_PART_MODULUS];
	OK(rsa_check(&broken, &bits) == ERR_DATA, "a modulus that is prime");
	for (size_t at = 0; at < sizeof(n); at += 51) {
		memcpy(n, k.part[RSA_PART_MODULUS].ptr, sizeof(n));
		n[at] ^= 0x02;
		broken = k;
		broken.part[RSA_PART_MODULUS] = VIEW(n, sizeof(n));
		OK(rsa_check(&broken, &bits) == ERR_DATA,
		    "a modulus that is wrong at byte %zu", at);
	}
	broken = k;
	broken.part[RSA_PART_PUBLIC_EXPONENT] = VIEW(even, 1);
	OK(rsa_check(&broken, &bits) == ERR_DATA, "an even exponent");
	broken = k;
	broken.part[RSA_PART_EXPONENT_1] = k.part[RSA_PART_PRIVATE_EXPONENT];
	OK(rsa_check(&broken, &bits) == ERR_DATA, "an exponent too large");
	views_free(k.part, RSA_PARTS);
	views_free(other.part, RSA_PARTS);
}

static void
test_ec_of(const struct curve_row *row)
{
	struct ec_private k;
	struct pkcs8 back;
	struct buf out = BUF_SECRET(DER_MAX, arena), by_openssl = out;
	uint8_t point[133];
	EVP_PKEY *pkey = ec_make(row->name, &k), *again;

	pkcs8_by_openssl(pkey, &by_openssl);
	OK(pkcs8_write_ec(&crypto, &k, &out) == ERR_OK &&
		view_equal(buf_view(&out), buf_view(&by_openssl)),
	    "%s: byte for byte as by OpenSSL: %zu", row->name, out.len);
	OK(out.len == row->pkcs8_len, "of %zu bytes", row->pkcs8_len);
	buf_reset(&out);
	memcpy(point, k.point.ptr, k.point.len);
	point[k.point.len - 1] ^= 1;
	OPENSSL_free((void *)(uintptr_t)k.point.ptr);
	k.point = VIEW(point, 1 + 2 * row->scalar_len);
	OK(pkcs8_write_ec(&crypto, &k, &out) == ERR_DATA && out.len == 0,
	    "a point that is not its own");
	k.point = VIEW(NULL, 0);
	OK(pkcs8_write_ec(&crypto, &k, &out) == ERR_OK &&
		view_equal(buf_view(&out), buf_view(&by_openssl)),
	    "its point is computed");
	again = pkcs8_valid(buf_view(&out));
	OK(again != NULL && EVP_PKEY_eq(pkey, again) == 1,
	    "OpenSSL reads it and finds it valid");
	OK(pkcs8_read(buf_view(&out), &back) == ERR_OK && back.type == CKK_EC &&
		view_equal(back.ec.params, row->params) &&
		number_equal(back.ec.value, k.value) &&
		back.ec.point.len == 1 + 2 * row->scalar_len,
	    "it is read");
	EVP_PKEY_free(again);
	EVP_PKEY_free(pkey);
	buf_free(&by_openssl);
	buf_free(&out);
	views_free(&k.value, 1);
}

/* Scalars at the edges: add is added to 0, or to the order. */
static void
test_scalars(const struct curve_row *row)
{
	static const struct {
		const char *what;
		bool from_order;
		int add;
		enum err err;
	} rows[] = {
	    {"0", false, 0, ERR_DATA},
	    {"1", false, 1, ERR_OK},
	    {"a short one", false, 77777, ERR_OK},
	    {"the last", true, -1, ERR_OK},
	    {"the order", true, 0, ERR_DATA},
	    {"one more", true, 1, ERR_DATA},
	};
	uint8_t scalar[80];
	struct ec_private k = {.params = row->params};
	struct buf out = BUF_SECRET(DER_MAX, arena);
	BIGNUM *n = NULL;
	EVP_PKEY *pkey;
	enum err e;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		NEED(BN_hex2bn(&n, rows[i].from_order ? row->order : "0") > 0,
		    "a number");
		NEED((rows[i].add < 0
			     ? BN_sub_word(n, 1)
			     : BN_add_word(n, (BN_ULONG)rows[i].add)) == 1 &&
			 BN_bn2binpad(n, scalar, sizeof(scalar)) > 0,
		    "a scalar");
		k.value = VIEW(scalar, sizeof(scalar));
		e = pkcs8_write_ec(&crypto, &k, &out);
		pkey = pkcs8_valid(buf_view(&out));
		OK(e == rows[i].err && (e == ERR_OK) == (pkey != NULL) &&
			out.len == (e == ERR_OK ? row->pkcs8_len : 0),
		    "%s: scalar %s: %s", row->name, rows[i].what, err_name(e));
		EVP_PKEY_free(pkey);
		buf_reset(&out);
	}
	BN_free(n);
	memset(scalar, 1, sizeof(scalar));
	OK(pkcs8_write_ec(&crypto, &k, &out) == ERR_DATA, "far too long");
	buf_free(&out);
}

static void
test_ec(void)
{
	struct ec_private k = {
	    .params = VIEW_STR("\x06\x05\x2b\x81\x04\x00\x08"),
	    .value = VIEW_STR("\x01")};
	struct buf out = BUF_SECRET(DER_MAX, arena);
	struct buf small = BUF_SECRET(100, arena);

	for (size_t i = 0; i < CURVE_COUNT; i++) {
		test_ec_of(&curve_rows[i]);
		test_scalars(&curve_rows[i]);
		OK(curve_find(CKK_EC, curve_rows[i].params)->scalar ==
			curve_rows[i].scalar_len,
		    "length of the scalar");
	}
	OK(pkcs8_write_ec(&crypto, &k, &out) == ERR_UNSUPPORTED &&
		curve_find(CKK_EC, k.params) == NULL,
	    "secp160r1 has no row");
	k.params = curve_rows[0].params;
	OK(pkcs8_write_ec(&crypto, &k, &small) == ERR_TOO_BIG && small.len == 0,
	    "no room");
	buf_free(&small);
	buf_free(&out);
}

/* Neither too short nor too long, and never outside of what was given: every
 * piece lies in memory of its own. */
static void
test_damage(const char *what, struct view der)
{
	struct pkcs8 k;
	size_t refused = 0, taken = 0;
	uint8_t *p;

	for (size_t n = 0; n < der.len; n++) {
		NEED((p = malloc(n + (n == 0))) != NULL, "memory");
		memcpy(p, der.ptr, n);
		refused += pkcs8_read(VIEW(p, n), &k) == ERR_DATA;
		free(p);
	}
	OK(refused == der.len, "%s: cut anywhere", what);
	NEED((p = malloc(der.len + 1)) != NULL, "memory");
	memcpy(p, der.ptr, der.len);
	p[der.len] = 0;
	OK(pkcs8_read(VIEW(p, der.len + 1), &k) == ERR_DATA,
	    "%s: with a byte behind it", what);
	for (size_t bit = 0; bit < der.len * 8; bit++) {
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		taken += pkcs8_read(VIEW(p, der.len), &k) == ERR_OK;
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	OK(taken != 0 && taken < der.len * 8,
	    "%s: with any bit changed, %zu are keys still", what, taken);
	free(p);
}

/* A scalar 1 of P-256 in its outer form, around an ECPrivateKey. */
#define EC_OUTER(len, inner_len)                                              \
	"\x30" len "\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01" \
	"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x04" inner_len
#define ROW(what, err, text)                                         \
	{                                                            \
		what, err, (const uint8_t *)(text), sizeof(text) - 1 \
	}

static void
test_forms(void)
{
	static const struct {
		const char *what;
		enum err err;
		const uint8_t *ptr;
		size_t len;
	} rows[] = {
	    ROW("the least EC key", ERR_OK,
		EC_OUTER("\x22", "\x08") "\x30\x06\x02\x01\x01\x04\x01\x01"),
	    ROW("parameters inside too", ERR_OK,
		EC_OUTER("\x2e", "\x14") "\x30\x12\x02\x01\x01\x04\x01\x01"
					 "\xa0\x0a\x06\x08\x2a\x86\x48\xce"
					 "\x3d\x03\x01\x07"),
	    ROW("other parameters inside", ERR_DATA,
		EC_OUTER("\x2e", "\x14") "\x30\x12\x02\x01\x01\x04\x01\x01"
					 "\xa0\x0a\x06\x08\x2a\x86\x48\xce"
					 "\x3d\x03\x01\x06"),
	    ROW("attributes", ERR_OK,
		EC_OUTER("\x24", "\x08") "\x30\x06\x02\x01\x01\x04\x01\x01"
					 "\xa0\x00"),
	    ROW("a compressed point", ERR_OK,
		EC_OUTER("\x28", "\x0e") "\x30\x0c\x02\x01\x01\x04\x01\x01"
					 "\xa1\x04\x03\x02\x00\x02"),
	    ROW("unused bits in the point", ERR_DATA,
		EC_OUTER("\x28", "\x0e") "\x30\x0c\x02\x01\x01\x04\x01\x01"
					 "\xa1\x04\x03\x02\x01\x02"),
	    ROW("scalar 0", ERR_DATA,
		EC_OUTER("\x22", "\x08") "\x30\x06\x02\x01\x01\x04\x01\x00"),
	    ROW("no scalar", ERR_DATA,
		EC_OUTER("\x21", "\x07") "\x30\x05\x02\x01\x01\x04\x00"),
	    ROW("version 2 inside", ERR_DATA,
		EC_OUTER("\x22", "\x08") "\x30\x06\x02\x01\x02\x04\x01\x01"),
	    ROW("a length not in its shortest form", ERR_DATA,
		EC_OUTER(
		    "\x81\x22", "\x08") "\x30\x06\x02\x01\x01\x04\x01\x01"),
	    ROW("no definite length", ERR_DATA,
		EC_OUTER("\x80", "\x08") "\x30\x06\x02\x01\x01\x04\x01\x01"
					 "\0\0"),
	    ROW("a length of eight bytes", ERR_DATA,
		"\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff"),
	    ROW("nothing", ERR_DATA, ""),
	    ROW("text", ERR_DATA, "-----BEGIN PRIVATE KEY-----"),
	    ROW("Ed25519", ERR_UNSUPPORTED,
		"\x30\x10\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70"
		"\x04\x04\x04\x02\x01\x01"),
	    ROW("a curve spelled out", ERR_UNSUPPORTED,
		"\x30\x16\x02\x01\x00\x30\x0b\x06\x07\x2a\x86\x48\xce\x3d\x02"
		"\x01\x30\x00\x04\x04\x04\x02\x01\x01"),
	    ROW("RSA without NULL", ERR_DATA,
		"\x30\x16\x02\x01\x00\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d"
		"\x01\x01\x01\x04\x04\x30\x02\x01\x01"),
	    ROW("RSA of three primes", ERR_UNSUPPORTED,
		"\x30\x19\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d"
		"\x01\x01\x01\x05\x00\x04\x05\x30\x03\x02\x01\x01"),
	    ROW("RSA with a negative number", ERR_DATA,
		"\x30\x1c\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d"
		"\x01\x01\x01\x05\x00\x04\x08\x30\x06\x02\x01\x00\x02\x01"
		"\xff"),
	};
	struct pkcs8 k;
	enum err e;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		e = pkcs8_read(VIEW(rows[i].ptr, rows[i].len), &k);
		OK(e == rows[i].err, "%s: %s", rows[i].what, err_name(e));
	}
}

static void
test_reader(void)
{
	struct buf der = BUF_SECRET(DER_MAX, arena);
	struct rsa_private rsa;
	struct ec_private ec;

	EVP_PKEY_free(rsa_make(2048, 0, &rsa));
	NEED(pkcs8_write_rsa(&rsa, &der) == ERR_OK, "an RSA key");
	test_damage("RSA", buf_view(&der));
	buf_reset(&der);
	EVP_PKEY_free(ec_make("P-384", &ec));
	NEED(pkcs8_write_ec(&crypto, &ec, &der) == ERR_OK, "an EC key");
	test_damage("EC", buf_view(&der));
	buf_free(&der);
	views_free(rsa.part, RSA_PARTS);
	views_free(&ec.value, 1);
	OPENSSL_free((void *)(uintptr_t)ec.point.ptr);
}

int
main(void)
{
	bool locked;

	NEED(crypto_open(&crypto, &(struct crypto_setup){0}, NULL) == ERR_OK,
	    "library context");
	NEED(arena_open(65536, &arena, &locked) == ERR_OK, "an arena");
	test_rsa();
	test_rsa_check();
	test_rsa_exponents();
	test_rsa_complete();
	test_rsa_effort();
	test_ec();
	test_forms();
	test_reader();
	arena_close(arena);
	crypto_close(&crypto);
	return (tap_done());
}

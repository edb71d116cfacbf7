/* PKCS#1 v1.5's padding on decryption: what is wrong about it, nobody learns. And
 * a public key longer than any that decrypts. */
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "keypair-ref.h"
#include "p11.h"

#define WIDTH 256

static struct keypair_ref pair;
static CK_MECHANISM pkcs1 = {CKM_RSA_PKCS, NULL, 0},
		    raw = {CKM_RSA_X_509, NULL, 0};
static const CK_BYTE message[] = "32 bytes, of which none is zero.";
#define MESSAGE_LEN (sizeof(message) - 1)

/* A block that is well padded, of a message of that length. */
static void
pad(CK_BYTE block[WIDTH], size_t len)
{
	memset(block, 0xa5, WIDTH);
	block[0] = 0;
	block[1] = 2;
	block[WIDTH - len - 1] = 0;
	memcpy(block + WIDTH - len, message, len);
}

static CK_RV
sealed(CK_BYTE block[WIDTH], CK_BYTE out[WIDTH])
{
	CK_ULONG n = WIDTH;

	return (encrypt(pair.public, &raw, block, WIDTH, out, &n));
}

static CK_RV
opened(const CK_BYTE in[WIDTH], CK_BYTE out[WIDTH], CK_ULONG *n)
{
	*n = WIDTH;
	return (decrypt(pair.private, &pkcs1, in, WIDTH, out, n));
}

/* Ways to be wrong. */

static void
first_byte(CK_BYTE *b)
{
	/* one that leaves the number below the modulus */
	b[0] = 1;
}

static void
type_one(CK_BYTE *b)
{
	b[1] = 1;
}

static void
no_end(CK_BYTE *b)
{
	for (size_t i = 2; i < WIDTH; i++)
		b[i] |= 1;
}

static void
seven_bytes(CK_BYTE *b)
{
	b[2 + 7] = 0;
}

static void
none_at_all(CK_BYTE *b)
{
	b[2] = 0;
}

static const struct {
	const char *name;
	void (*spoil)(CK_BYTE *);
} rows[] = {{"the first byte", first_byte}, {"block type 1", type_one},
    {"no end of the padding", no_end}, {"seven bytes of padding", seven_bytes},
    {"no padding", none_at_all}};

static void
test_right(void)
{
	CK_BYTE block[WIDTH], in[WIDTH], out[WIDTH];
	CK_ULONG n;

	for (size_t len = 0; len <= MESSAGE_LEN; len++) {
		pad(block, len);
		RV(sealed(block, in), CKR_OK, "a message of %zu bytes", len);
		RV(opened(in, out, &n), CKR_OK, "is decrypted");
		OK(n == len && memcmp(out, message, len) == 0, "as it was");
	}
}

static void
test_wrong(const char *name, void (*spoil)(CK_BYTE *))
{
	CK_BYTE block[WIDTH], in[WIDTH], out[WIDTH], again[WIDTH];
	CK_ULONG n, m, lengths = 0, last = WIDTH;

	for (CK_BYTE i = 1; i <= 8; i++) {
		pad(block, MESSAGE_LEN);
		block[12] = i;
		spoil(block);
		RV(sealed(block, in), CKR_OK, "%s is wrong, %d", name, i);
		RV(opened(in, out, &n), CKR_OK, "decryption does not say so");
		RV(opened(in, again, &m), CKR_OK, "nor does it again");
		OK(n == m && memcmp(out, again, n) == 0,
		    "the same is always the same");
		OK(n <= WIDTH - 11 &&
			(n < 16 || memcmp(out, block + WIDTH - n, n) != 0),
		    "and nothing of the block");
		lengths += n != last;
		last = n;
	}
	OK(lengths > 2, "its length is another each time");
}

/* What a wrong key says of itself, and what wrong padding does. */
static void
test_unwrap(void)
{
	CK_ULONG len = 32, good = 0;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_VALUE_LEN, len)};
	CK_BYTE block[WIDTH], in[WIDTH];
	CK_OBJECT_HANDLE h;
	CK_RV rv;

	pad(block, MESSAGE_LEN);
	NEED(sealed(block, in) == CKR_OK, "a wrapped key");
	RV(p11->C_UnwrapKey(
	       rw, &pkcs1, pair.private, in, WIDTH, t, ELEMS(t), &h),
	    CKR_OK, "a key of 32 bytes is unwrapped");
	pad(block, MESSAGE_LEN - 1);
	NEED(sealed(block, in) == CKR_OK, "one of 31");
	RV(p11->C_UnwrapKey(
	       rw, &pkcs1, pair.private, in, WIDTH, t, ELEMS(t), &h),
	    CKR_WRAPPED_KEY_LEN_RANGE, "is too short");
	for (size_t i = 0; i < ELEMS(rows); i++) {
		pad(block, MESSAGE_LEN);
		rows[i].spoil(block);
		NEED(sealed(block, in) == CKR_OK, "wrapped");
		rv = p11->C_UnwrapKey(
		    rw, &pkcs1, pair.private, in, WIDTH, t, ELEMS(t), &h);
		/* one in 245 of what is made up has that length */
		good += rv == CKR_OK;
		OK(rv == CKR_WRAPPED_KEY_LEN_RANGE || rv == CKR_OK,
		    "%s: the same code, 0x%lx", rows[i].name, rv);
	}
	OK(good < ELEMS(rows), "and a key but by chance");
}

/* A modulus that is too short is kept, as programs want it, and used by nothing. */
static void
test_shortest_rsa(void)
{
	static CK_BYTE modulus[128] = {[127] = 1};
	CK_BYTE e[] = {1, 0, 1}, out[256];
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, public_class),
	    A(CKA_KEY_TYPE, rsa_type), A(CKA_MODULUS, modulus),
	    A(CKA_PUBLIC_EXPONENT, e)};
	CK_MECHANISM m[] = {{CKM_RSA_PKCS, NULL, 0}, {CKM_RSA_X_509, NULL, 0},
	    {CKM_SHA256_RSA_PKCS, NULL, 0}};
	CK_ATTRIBUTE aes[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A_BYTES(CKA_VALUE, modulus, 16)};
	CK_OBJECT_HANDLE h, secret;
	CK_ULONG n = sizeof(out);

	RV(p11->C_CreateObject(rw, aes, ELEMS(aes), &secret), CKR_OK, "AES");
	RV(p11->C_CreateObject(rw, t, ELEMS(t), &h), CKR_OK, "one bit");
	OK(attr_is(h, CKA_MODULUS, modulus, 128), "the modulus as given");
	COUNT(attr_number(h, CKA_MODULUS_BITS), 1, "its bits");
	for (size_t i = 0; i < ELEMS(m); i++)
		RV(p11->C_VerifyInit(rw, &m[i], h), CKR_KEY_SIZE_RANGE,
		    "mechanism 0x%lx does not verify", m[i].mechanism);
	for (size_t i = 0; i < 2; i++) {
		RV(p11->C_EncryptInit(rw, &m[i], h), CKR_KEY_SIZE_RANGE,
		    "nor encrypts 0x%lx", m[i].mechanism);
		RV(p11->C_VerifyRecoverInit(rw, &m[i], h), CKR_KEY_SIZE_RANGE,
		    "nor recovers");
	}
	RV(p11->C_WrapKey(rw, m, h, secret, out, &n),
	    CKR_WRAPPING_KEY_SIZE_RANGE, "nor wraps");
	modulus[127] = 0;
	RV(p11->C_CreateObject(rw, t, ELEMS(t), &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "the modulus 0");
}

/* Of 64 bytes: some who make keys of 512 bits leave one out. */
static void
test_505_bits(void)
{
	static const char
	    *n = "016ae34ded43f7f405419d6ce46ca64cffa0535c09d08204"
		 "e8bfafd79bcb5fafc8f40567958d71ed2ee818a1d99f577d"
		 "8e421dfb9ed125caca2e63e0921b291f",
	    *d = "0076118cca34c2190018d02a9ccb88f4267bb8838aa1ef9b"
		 "bf4a96e0d4ccbfce3a48776e7bbd85aaae50c51a38e915d0"
		 "34603e8562ddae72d4c1545416337a99";
	CK_BYTE modulus[64], exponent[64], e[] = {1, 0, 1}, out[64];
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, private_class),
	    A(CKA_KEY_TYPE, rsa_type), A(CKA_MODULUS, modulus),
	    A(CKA_PUBLIC_EXPONENT, e), A(CKA_PRIVATE_EXPONENT, exponent)};
	CK_MECHANISM sha = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_OBJECT_HANDLE h;

	from_hex(n, modulus);
	from_hex(d, exponent);
	RV(p11->C_CreateObject(rw, t, ELEMS(t), &h), CKR_OK, "505 bits");
	RV(p11->C_SignInit(rw, &sha, h), CKR_KEY_SIZE_RANGE,
	    "which sign nothing");
	t[0].pValue = &public_class;
	RV(p11->C_CreateObject(rw, t, 4, &h), CKR_OK, "their public half");
	RV(p11->C_VerifyInit(rw, &sha, h), CKR_OK, "verifies");
	RV(p11->C_Verify(rw, out, 1, modulus, sizeof(modulus)),
	    CKR_SIGNATURE_INVALID, "what it has not signed");
	modulus[0] = 0;
	RV(p11->C_CreateObject(rw, t, 4, &h), CKR_OK, "504 bits");
	RV(p11->C_VerifyInit(rw, &sha, h), CKR_KEY_SIZE_RANGE, "do not");
}

/* The longest modulus that is taken: what the signature holds is as long. */
static void
test_longest_rsa(void)
{
	static CK_BYTE modulus[2048], signature[2048], out[2048];
	CK_BYTE e[] = {1, 0, 1};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, public_class),
	    A(CKA_KEY_TYPE, rsa_type), A(CKA_MODULUS, modulus),
	    A(CKA_PUBLIC_EXPONENT, e), A(CKA_VERIFY, yes),
	    A(CKA_VERIFY_RECOVER, yes)};
	CK_MECHANISM x509 = {CKM_RSA_X_509, NULL, 0},
		     sha = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_ULONG n = sizeof(out);
	CK_OBJECT_HANDLE h;

	memset(modulus, 0xff, sizeof(modulus));
	signature[sizeof(signature) - 1] = 1; /* 1 to any power is 1 */
	RV(p11->C_CreateObject(rw, t, ELEMS(t), &h), CKR_OK, "16384 bits");
	RV(p11->C_VerifyInit(rw, &x509, h), CKR_OK, "they verify a number");
	RV(p11->C_Verify(rw, out, 0, signature, sizeof(signature)),
	    CKR_SIGNATURE_INVALID, "which is another");
	RV(p11->C_VerifyInit(rw, &x509, h), CKR_OK, "once more");
	RV(p11->C_Verify(
	       rw, signature, sizeof(signature), signature, sizeof(signature)),
	    CKR_OK, "which is that one");
	RV(p11->C_VerifyRecoverInit(rw, &x509, h), CKR_OK, "and show one");
	RV(p11->C_VerifyRecover(rw, signature, sizeof(signature), out, &n),
	    CKR_OK, "of the same length");
	OK(n == sizeof(out) && memcmp(out, signature, n) == 0, "which it is");
	RV(p11->C_VerifyInit(rw, &sha, h), CKR_OK, "and with a hash");
	RV(p11->C_Verify(rw, out, 1, signature, sizeof(signature)),
	    CKR_SIGNATURE_INVALID, "another signature");
}

int
main(void)
{
	testenv_start();
	p11_start();
	pair = keypair_ref_rsa(2048);
	test_right();
	for (size_t i = 0; i < ELEMS(rows); i++)
		test_wrong(rows[i].name, rows[i].spoil);
	test_unwrap();
	keypair_ref_free(&pair);
	test_shortest_rsa();
	test_505_bits();
	test_longest_rsa();
	p11_stop();
	testenv_stop();
	return (tap_done());
}

#include <stdio.h>
#include <string.h>
#include <openssl/crypto.h>
#include "cipher.h"

#define PIECE ((size_t)1 << 30) /* OpenSSL counts with an int */

CK_RV
cipher_open_named(struct call *c, struct op *op, const char *name)
{
	EVP_CIPHER *cipher;
	CK_RV rv = CKR_FUNCTION_FAILED;

	op->result.max = SIZE_MAX / 2;
	cipher = EVP_CIPHER_fetch(c->module->crypto->lib, name, NULL);
	if ((op->cipher = EVP_CIPHER_CTX_new()) == NULL)
		rv = CKR_HOST_MEMORY;
	else if (cipher != NULL && EVP_CipherInit_ex2(op->cipher, cipher, NULL,
				       NULL, op->kind == OP_ENCRYPT, NULL) == 1)
		rv = CKR_OK;
	EVP_CIPHER_free(cipher);
	return (rv);
}

CK_RV
cipher_open(struct call *c, struct op *op, const char *mode)
{
	size_t len = attrset_view(op->object.attrs, CKA_VALUE).len;
	char name[24];

	if (len != 16 && len != 24 && len != 32)
		return (CKR_KEY_SIZE_RANGE);
	snprintf(name, sizeof(name), "AES-%zu-%s", len * 8, mode);
	return (cipher_open_named(c, op, name));
}

CK_RV
cipher_key(struct op *op, const uint8_t *iv)
{
	struct view key = attrset_view(op->object.attrs, CKA_VALUE);

	/* -1: as it was opened */
	return (
	    EVP_CipherInit_ex2(op->cipher, NULL, key.ptr, iv, -1, NULL) == 1 &&
		    EVP_CIPHER_CTX_set_padding(op->cipher, 0) == 1
		? CKR_OK
		: CKR_FUNCTION_FAILED);
}

static CK_RV
begin(struct call *c, struct op *op, const char *mode, const uint8_t *iv)
{
	CK_RV rv = cipher_open(c, op, mode);

	return (rv == CKR_OK ? cipher_key(op, iv) : rv);
}

CK_RV
cipher_add(struct call *c, struct op *op, struct view in)
{
	struct buf *out = &op->result;
	size_t piece;
	int n = 0;

	if (in.len > SIZE_MAX / 4 ||
	    buf_reserve(out, out->len + in.len + AES_BLOCK) != ERR_OK)
		return (call_fail(c, ERR_MEMORY));
	for (; in.len != 0; in = VIEW(in.ptr + piece, in.len - piece)) {
		piece = in.len < PIECE ? in.len : PIECE;
		if (EVP_CipherUpdate(op->cipher, out->ptr + out->len, &n,
			in.ptr, (int)piece) != 1)
			return (CKR_FUNCTION_FAILED);
		out->len += (size_t)n;
	}
	return (CKR_OK);
}

/* Blocks: op->buffered bytes wait for the rest of theirs. */

/* A padded ciphertext's last block waits too: it may be the end. */
static size_t
block_update_len(const struct op *op, size_t more)
{
	size_t n = op->buffered + more;

	if (op->family->pads && op->kind == OP_DECRYPT && n != 0)
		n--;
	return (n / AES_BLOCK * AES_BLOCK);
}

static CK_RV
block_update(struct call *c, struct op *op, struct view in)
{
	size_t before = op->result.len;
	CK_RV rv = cipher_add(c, op, in);

	op->buffered += in.len - (op->result.len - before);
	return (rv);
}

static bool
block_length_fits(const struct op *op, size_t more)
{
	size_t n = op->buffered + more;

	if (op->family->pads && op->kind == OP_ENCRYPT)
		return (true);
	return (n % AES_BLOCK == 0 && (n != 0 || !op->family->pads));
}

static CK_RV
block_finish(struct call *c, struct op *op)
{
	struct buf *out = &op->result;
	int n = 0;

	if (!block_length_fits(op, 0))
		return (op_length_error(op));
	if (!op->family->pads)
		return (CKR_OK);
	if (buf_reserve(out, out->len + AES_BLOCK) != ERR_OK)
		return (call_fail(c, ERR_MEMORY));
	if (EVP_CipherFinal_ex(op->cipher, out->ptr + out->len, &n) != 1)
		return (op->kind == OP_DECRYPT ? CKR_ENCRYPTED_DATA_INVALID
					       : CKR_FUNCTION_FAILED);
	out->len += (size_t)n;
	return (CKR_OK);
}

static size_t
block_bound(const struct op *op, size_t more)
{
	size_t n = (op->buffered + more) / AES_BLOCK * AES_BLOCK;

	if (!op->family->pads)
		return (n);
	return (op->kind == OP_ENCRYPT ? n + AES_BLOCK : n);
}

static CK_RV
init_ecb(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	if (m->ulParameterLen != 0)
		return (CKR_MECHANISM_PARAM_INVALID);
	return (begin(c, op, "ECB", NULL));
}

/* The parameter is the iv, one block long. */
static CK_RV
init_iv(struct call *c, struct op *op, const CK_MECHANISM *m, const char *mode)
{
	if (m->pParameter == NULL || m->ulParameterLen != AES_BLOCK)
		return (CKR_MECHANISM_PARAM_INVALID);
	return (begin(c, op, mode, m->pParameter));
}

static CK_RV
init_cbc(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	return (init_iv(c, op, m, "CBC"));
}

static CK_RV
init_cbc_pad(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	CK_RV rv = init_iv(c, op, m, "CBC");

	if (rv == CKR_OK && EVP_CIPHER_CTX_set_padding(op->cipher, 1) != 1)
		rv = CKR_FUNCTION_FAILED;
	return (rv);
}

/* Streams: as much comes out as goes in. */

static size_t
stream_length(const struct op *op, size_t more)
{
	(void)op;
	return (more);
}

static CK_RV
stream_finish(struct call *c, struct op *op)
{
	(void)c, (void)op;
	return (CKR_OK);
}

static CK_RV
init_ofb(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	return (init_iv(c, op, m, "OFB"));
}

static CK_RV
init_cfb1(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	return (init_iv(c, op, m, "CFB1"));
}

static CK_RV
init_cfb8(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	return (init_iv(c, op, m, "CFB8"));
}

static CK_RV
init_cfb128(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	return (init_iv(c, op, m, "CFB"));
}

/*
 * XTS: one data unit. What is no multiple of a block changes the end of the
 * last whole one, so all of it must be there first. IEEE 1619, section 5.1: at
 * most 2^20 blocks.
 */
#define XTS_MAX ((size_t)AES_BLOCK << 20)

static CK_RV
init_xts(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	struct view key = attrset_view(op->object.attrs, CKA_VALUE);
	CK_RV rv;

	if (m->pParameter == NULL || m->ulParameterLen != AES_BLOCK)
		return (CKR_MECHANISM_PARAM_INVALID);
	if (op->kind == OP_ENCRYPT &&
	    CRYPTO_memcmp(key.ptr, key.ptr + key.len / 2, key.len / 2) == 0)
		return (call_error(c, CKR_KEY_FUNCTION_NOT_PERMITTED,
		    "the halves of this key are the same: it decrypts alone"));
	op->data.max = XTS_MAX;
	rv = cipher_open_named(
	    c, op, key.len == 32 ? "AES-128-XTS" : "AES-256-XTS");
	return (rv == CKR_OK ? cipher_key(op, m->pParameter) : rv);
}

/* CBC-CS1 of the addendum to SP 800-38A, as OpenSSL has it by default: the last
 * two blocks depend on where the end is, so it is like XTS. */
static CK_RV
init_cts(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	op->data.max = OP_DATA_MAX;
	return (init_iv(c, op, m, "CBC-CTS"));
}

static size_t
stolen_bound(const struct op *op, size_t more)
{
	return (op->data.len + more);
}

static bool
xts_length_fits(const struct op *op, size_t more)
{
	return (more <= XTS_MAX && op->data.len + more >= AES_BLOCK);
}

static bool
cts_length_fits(const struct op *op, size_t more)
{
	return (op->data.len + more >= AES_BLOCK);
}

static CK_RV
stolen_finish(struct call *c, struct op *op)
{
	return (op->family->length_fits(op, 0)
		    ? cipher_add(c, op, buf_view(&op->data))
		    : op_length_error(op));
}

static uint64_t
big_endian(const uint8_t *p)
{
	uint64_t n = 0;

	for (size_t i = 0; i < sizeof(n); i++)
		n = n << 8 | p[i];
	return (n);
}

/* How many blocks a counter counts before it overflows, or UINT64_MAX, which
 * is more than anybody has. */
static uint64_t
blocks_left(const CK_AES_CTR_PARAMS *p)
{
	uint64_t high = big_endian(p->cb), low = big_endian(p->cb + 8);
	uint64_t bits = p->ulCounterBits, mask;

	if (bits < 64) {
		mask = ((uint64_t)1 << bits) - 1;
		return (mask - (low & mask) + 1);
	}
	mask = bits == 128 ? UINT64_MAX : ((uint64_t)1 << (bits - 64)) - 1;
	if ((high & mask) != mask || low == 0)
		return (UINT64_MAX);
	return (0 - low);
}

static void
limit_blocks(struct op *op, uint64_t blocks, size_t len)
{
	op->remaining = blocks > SIZE_MAX / len ? SIZE_MAX
						: (size_t)blocks * len;
}

static CK_RV
init_ctr(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	const CK_AES_CTR_PARAMS *p = m->pParameter;

	if (p == NULL || m->ulParameterLen != sizeof(*p) ||
	    p->ulCounterBits == 0 || p->ulCounterBits > 128)
		return (CKR_MECHANISM_PARAM_INVALID);
	limit_blocks(op, blocks_left(p), AES_BLOCK);
	return (begin(c, op, "CTR", p->cb));
}

/*
 * ChaCha20, whose vector for OpenSSL is the counter, its lowest byte first, and
 * the nonce. As it was first published both have 64 bits; in RFC 8439 32 and
 * 96, and no block comes behind 2^32 - 1. XChaCha20, which OpenSSL lacks, is
 * refused.
 */
#define CHACHA20_BLOCK 64
#define CHACHA20_VECTOR 16

static CK_RV
init_chacha20(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	const struct ck_chacha20 *p = m->pParameter;
	uint8_t iv[CHACHA20_VECTOR];
	uint64_t counter = 0, last;
	size_t len;
	CK_RV rv;

	if (p == NULL || m->ulParameterLen != sizeof(*p) ||
	    p->pBlockCounter == NULL || p->pNonce == NULL ||
	    (p->blockCounterBits != 32 && p->blockCounterBits != 64) ||
	    p->ulNonceBits != 8 * CHACHA20_VECTOR - p->blockCounterBits)
		return (CKR_MECHANISM_PARAM_INVALID);
	len = p->blockCounterBits / 8;
	memcpy(iv, p->pBlockCounter, len);
	memcpy(iv + len, p->pNonce, sizeof(iv) - len);
	for (size_t i = len; i-- > 0;)
		counter = counter << 8 | iv[i];
	last = len == 4 ? UINT32_MAX : UINT64_MAX;
	limit_blocks(op,
	    last - counter == UINT64_MAX ? UINT64_MAX : last - counter + 1,
	    CHACHA20_BLOCK);
	if ((rv = cipher_open_named(c, op, "ChaCha20")) != CKR_OK)
		return (rv);
	return (cipher_key(op, iv));
}

/* PKCS#11 lets no counter overflow: a block would be used twice. */
static bool
counter_fits(const struct op *op, size_t more)
{
	return (more <= op->remaining);
}

static CK_RV
counter_update(struct call *c, struct op *op, struct view in)
{
	if (!counter_fits(op, in.len))
		return (
		    call_error(c, op_length_error(op), "the counter is full"));
	if (op->remaining != SIZE_MAX)
		op->remaining -= in.len;
	return (cipher_add(c, op, in));
}

/* clang-format off */
#define BLOCKS(init_)							\
	.init = (init_), .update = block_update, .update_len = block_update_len,	\
	.finish = block_finish, .bound = block_bound,				\
	.length_fits = block_length_fits
#define STREAM(init_, update_)						\
	.init = (init_), .update = (update_), .update_len = stream_length,	\
	.finish = stream_finish, .bound = stream_length, .exact = true
#define STOLEN(init_)							\
	.init = (init_), .update = op_buffer_input,			\
	.finish = stolen_finish, .bound = stolen_bound, .exact = true,	\
	.buffers_input = true
const struct family cipher_ecb = { BLOCKS(init_ecb), .exact = true };
const struct family cipher_cbc = { BLOCKS(init_cbc), .exact = true };
/* how long a padded plaintext is shows when it is there */
const struct family cipher_cbc_pad = { BLOCKS(init_cbc_pad), .pads = true };
const struct family cipher_ctr = { STREAM(init_ctr, counter_update),
	.length_fits = counter_fits };
const struct family cipher_chacha20 = { STREAM(init_chacha20, counter_update),
	.length_fits = counter_fits };
const struct family cipher_ofb = { STREAM(init_ofb, cipher_add) };
const struct family cipher_cfb1 = { STREAM(init_cfb1, cipher_add) };
const struct family cipher_cfb8 = { STREAM(init_cfb8, cipher_add) };
const struct family cipher_cfb128 = { STREAM(init_cfb128, cipher_add) };
const struct family cipher_xts = { STOLEN(init_xts),
	.length_fits = xts_length_fits };
const struct family cipher_cts = { STOLEN(init_cts),
	.length_fits = cts_length_fits };
/* clang-format on */

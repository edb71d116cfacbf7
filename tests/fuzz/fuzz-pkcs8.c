/* Any bytes: taken apart or refused, and what was taken apart is what comes of
 * it when it is put together again. */
#include <stdlib.h>
#include "keydata/pkcs8.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static bool
inside(struct view v, struct view whole)
{
	return (v.ptr >= whole.ptr && v.len <= whole.len &&
		v.ptr + v.len <= whole.ptr + whole.len);
}

static void
rewrite(const struct rsa_private *k, struct view whole)
{
	struct buf der = BUF_INIT(UINT16_MAX);
	struct pkcs8 again;

	/* what follows from the others may be left out, but is written */
	if (rsa_missing(k) != RSA_PARTS)
		return;
	if (pkcs8_write_rsa(k, &der) != ERR_OK || der.len > whole.len ||
	    pkcs8_read(buf_view(&der), &again) != ERR_OK)
		abort();
	for (int i = 0; i < RSA_PARTS; i++)
		if (!inside(k->part[i], whole) ||
		    !view_equal(k->part[i], again.rsa.part[i]))
			abort();
	buf_free(&der);
}

/* What it writes is what it reads, to the byte. */
static void
rewrite_of_set(const struct private_of_set *k, struct view whole)
{
	struct buf der = BUF_INIT(UINT16_MAX);
	struct pkcs8 again;

	if (pkcs8_write_of_set(k, &der) != ERR_OK || der.len > whole.len ||
	    pkcs8_read(buf_view(&der), &again) != ERR_OK ||
	    again.of_set.set != k->set ||
	    !view_equal(again.of_set.seed, k->seed) ||
	    !view_equal(again.of_set.value, k->value))
		abort();
	buf_free(&der);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pkcs8 k;
	size_t bits;

	if (pkcs8_read(VIEW(data, len), &k) != ERR_OK)
		return (0);
	if (k.type == CKK_RSA) {
		(void)rsa_check(&k.rsa, &bits);
		rewrite(&k.rsa, VIEW(data, len));
	} else if (k.type != CKK_EC) {
		rewrite_of_set(&k.of_set, VIEW(data, len));
	} else if (!inside(k.ec.params, VIEW(data, len)) ||
		   !inside(k.ec.value, VIEW(data, len)) ||
		   (k.ec.point.len != 0 &&
		       !inside(k.ec.point, VIEW(data, len))))
		abort();
	return (0);
}

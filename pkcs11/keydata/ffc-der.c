#include "der-read.h"
#include "der-write.h"
#include "ffc.h"

/* clang-format off */
static const struct row {
	CK_KEY_TYPE type;
	size_t numbers; /* of its parameters */
	struct view oid;
} rows[] = {
	/* id-dsa (RFC 3279), dhKeyAgreement (PKCS#3) */
	{ CKK_DSA, 3, { (const uint8_t *)
	    "\x06\x07\x2a\x86\x48\xce\x38\x04\x01", 9 } },
	{ CKK_DH, 2, { (const uint8_t *)
	    "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x03\x01", 11 } },
};
/* clang-format on */
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* The numbers of the parameters in their order. */
static void
in_order(const struct row *r, const struct ffc_group *g, struct view v[3])
{
	v[0] = g->prime;
	v[1] = r->numbers == 3 ? g->subprime : g->base;
	v[2] = g->base;
}

static size_t
params_len(const struct row *r, const struct view v[3])
{
	size_t n = 0;

	for (size_t i = 0; i < r->numbers; i++)
		n += der_element_len(der_number_len(v[i]));
	return (n);
}

static void
put_algorithm(struct der_writer *w, const struct row *r, const struct view v[3])
{
	der_put(w, r->oid);
	der_put_head(w, DER_SEQUENCE, params_len(r, v));
	for (size_t i = 0; i < r->numbers; i++)
		der_put_number(w, v[i]);
}

static const struct row *
row_of(CK_KEY_TYPE type)
{
	return (type == CKK_DSA ? &rows[0] : &rows[1]);
}

enum err
ffc_put_algorithm(CK_KEY_TYPE type, const struct ffc_group *g, struct buf *out)
{
	struct der_writer w = {out, ERR_OK};
	struct view v[3];

	in_order(row_of(type), g, v);
	put_algorithm(&w, row_of(type), v);
	return (w.err);
}

enum err
ffc_put_public(CK_KEY_TYPE type, const struct ffc_group *g, struct view public,
    struct buf *out)
{
	struct der_writer w = {out, ERR_OK};
	const struct row *r = row_of(type);
	struct view v[3];
	size_t algorithm, key = der_element_len(der_number_len(public)) + 1;

	in_order(r, g, v);
	algorithm = r->oid.len + der_element_len(params_len(r, v));
	der_put_head(&w, DER_SEQUENCE,
	    der_element_len(algorithm) + der_element_len(key));
	der_put_head(&w, DER_SEQUENCE, algorithm);
	put_algorithm(&w, r, v);
	der_put_head(&w, DER_BITS, key);
	der_put(&w, VIEW("", 1)); /* no unused bits */
	der_put_number(&w, public);
	return (w.err);
}

/* PKCS#3 has the length of the private value at the end, or not. */
static bool
read_params(const struct row *r, struct view in, struct ffc_group *g)
{
	struct view params, length;

	*g = (struct ffc_group){.subprime = VIEW(NULL, 0)};
	if (!der_take(&in, DER_SEQUENCE, &params) || in.len != 0 ||
	    !der_take_number(&params, &g->prime) ||
	    (r->type == CKK_DSA && !der_take_number(&params, &g->subprime)) ||
	    !der_take_number(&params, &g->base))
		return (false);
	if (r->type == CKK_DH)
		(void)der_take_number(&params, &length);
	return (params.len == 0);
}

bool
ffc_read_algorithm(struct view in, CK_KEY_TYPE *type, struct ffc_group *g)
{
	for (size_t i = 0; i < ROWS; i++)
		if (der_take_bytes(&in, rows[i].oid)) {
			*type = rows[i].type;
			return (read_params(&rows[i], in, g));
		}
	return (false);
}

#include <openssl/core_names.h>
#include "import-transfer.h"
#include "key-file.h"
#include "move-transfer.h"

struct number {
	const char *name; /* OpenSSL's */
	CK_ATTRIBUTE_TYPE type;
};
static const struct number rsa_numbers[] = {
    {OSSL_PKEY_PARAM_RSA_N, CKA_MODULUS},
    {OSSL_PKEY_PARAM_RSA_E, CKA_PUBLIC_EXPONENT},
    {OSSL_PKEY_PARAM_RSA_D, CKA_PRIVATE_EXPONENT},
    {OSSL_PKEY_PARAM_RSA_FACTOR1, CKA_PRIME_1},
    {OSSL_PKEY_PARAM_RSA_FACTOR2, CKA_PRIME_2},
    {OSSL_PKEY_PARAM_RSA_EXPONENT1, CKA_EXPONENT_1},
    {OSSL_PKEY_PARAM_RSA_EXPONENT2, CKA_EXPONENT_2},
    {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, CKA_COEFFICIENT}};
static const struct number ec_numbers[] = {
    {OSSL_PKEY_PARAM_PRIV_KEY, CKA_VALUE}};
#define NUMBERS_MAX 8

/* Adds the numbers of a private key to the list, which borrows them. */
static bool
add_numbers(const struct plan *p, const struct key *k, struct attribute_list *t,
    struct buf values[NUMBERS_MAX])
{
	const struct number *rows = k->type == CKK_RSA ? rsa_numbers
						       : ec_numbers;
	size_t count = k->type == CKK_RSA ? NUMBERS_MAX : 1;
	EVP_PKEY *key = key_file_decode(p->lib, buf_view(&k->value));
	bool done = key != NULL;

	if (k->type == CKK_EC)
		add_attribute(t, CKA_EC_PARAMS, k->params.ptr, k->params.len);
	for (size_t i = 0; i < count && done; i++) {
		values[i] = (struct buf)BUF_SECRET(
		    KEY_NUMBER_MAX, k->value.arena);
		done = key_number(key, rows[i].name, &values[i]);
		if (done)
			add_attribute(
			    t, rows[i].type, values[i].ptr, values[i].len);
	}
	EVP_PKEY_free(key);
	return (done);
}

static CK_RV
create(const struct plan *p, struct transfer *tr)
{
	const struct key *k = tr->key;
	const struct token *to = p->to;
	struct buf numbers[NUMBERS_MAX] = {BUF_INIT(0)};
	struct attribute_list t = {.count = 0};
	CK_KEY_TYPE type;
	CK_RV rv = CKR_HOST_MEMORY;
	bool complete = true;

	transfer_describe(p, k, &type, &t);
	transfer_describe_new(k, &t);
	if (k->class == CKO_SECRET_KEY)
		add_attribute(&t, CKA_VALUE, k->value.ptr, k->value.len);
	else
		complete = add_numbers(p, k, &t, numbers);
	if (complete)
		rv = to->p11->C_CreateObject(
		    to->session, t.rows, t.count, &tr->target_key);
	for (size_t i = 0; i < NUMBERS_MAX; i++)
		buf_free(&numbers[i]);
	return (transfer_record(tr, "C_CreateObject", to, rv));
}

bool
import_key(struct plan *p, struct key *k)
{
	struct transfer tr = {.key = k, .to = p->to};

	return (transfer_end(p, k, &tr, create(p, &tr) == CKR_OK));
}

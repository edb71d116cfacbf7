#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "move.h"

/* Types of keys, their sizes, and which of them KMS imports. */

struct kind {
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE type;
	CK_ULONG bits; /* 0: any */
	const char *name;
	unsigned uses; /* that KMS has for it; 0: KMS does not import it */
	const char *params; /* CKA_EC_PARAMS: the curve's OID in DER */
	CK_ULONG params_len;
};

#define DER(text) text, sizeof(text) - 1

/* clang-format off */
/* The first row that fits is the key's. */
static const struct kind kinds[] = {
	{ CKO_SECRET_KEY, CKK_AES, 256, "AES-256", USAGE_DECRYPT, NULL, 0 },
	{ CKO_SECRET_KEY, CKK_AES, 192, "AES-192", 0, NULL, 0 },
	{ CKO_SECRET_KEY, CKK_AES, 128, "AES-128", 0, NULL, 0 },
	/* some tokens do not tell the length of a key that was unwrapped */
	{ CKO_SECRET_KEY, CKK_AES, 0, "AES", USAGE_DECRYPT, NULL, 0 },
	{ CKO_SECRET_KEY, CKK_GENERIC_SECRET, 0, "HMAC", USAGE_SIGN, NULL, 0 },
	{ CKO_SECRET_KEY, CKK_SHA224_HMAC, 0, "HMAC", USAGE_SIGN, NULL, 0 },
	{ CKO_SECRET_KEY, CKK_SHA256_HMAC, 0, "HMAC", USAGE_SIGN, NULL, 0 },
	{ CKO_SECRET_KEY, CKK_SHA384_HMAC, 0, "HMAC", USAGE_SIGN, NULL, 0 },
	{ CKO_SECRET_KEY, CKK_SHA512_HMAC, 0, "HMAC", USAGE_SIGN, NULL, 0 },
	{ CKO_SECRET_KEY, CKK_DES3, 0, "3DES", 0, NULL, 0 },
	{ CKO_PRIVATE_KEY, CKK_RSA, 2048, "RSA-2048",
	    USAGE_SIGN | USAGE_DECRYPT, NULL, 0 },
	{ CKO_PRIVATE_KEY, CKK_RSA, 3072, "RSA-3072",
	    USAGE_SIGN | USAGE_DECRYPT, NULL, 0 },
	{ CKO_PRIVATE_KEY, CKK_RSA, 4096, "RSA-4096",
	    USAGE_SIGN | USAGE_DECRYPT, NULL, 0 },
	{ CKO_PRIVATE_KEY, CKK_RSA, 0, "RSA", 0, NULL, 0 },
	{ CKO_PRIVATE_KEY, CKK_EC, 256, "EC P-256", USAGE_SIGN | USAGE_DERIVE,
	    DER("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07") },
	{ CKO_PRIVATE_KEY, CKK_EC, 384, "EC P-384", USAGE_SIGN | USAGE_DERIVE,
	    DER("\x06\x05\x2b\x81\x04\x00\x22") },
	{ CKO_PRIVATE_KEY, CKK_EC, 521, "EC P-521", USAGE_SIGN | USAGE_DERIVE,
	    DER("\x06\x05\x2b\x81\x04\x00\x23") },
	{ CKO_PRIVATE_KEY, CKK_EC, 256, "EC secp256k1", USAGE_SIGN,
	    DER("\x06\x05\x2b\x81\x04\x00\x0a") },
	{ CKO_PRIVATE_KEY, CKK_EC, 0, "EC, another curve", 0, NULL, 0 },
	{ CKO_PRIVATE_KEY, CKK_EC_EDWARDS, 0, "Edwards curve", 0, NULL, 0 },
	{ CKO_PRIVATE_KEY, CKK_DSA, 0, "DSA", 0, NULL, 0 },
	{ CKO_PRIVATE_KEY, CKK_DH, 0, "DH", 0, NULL, 0 },
};

/* Usage flags, and the usage in KMS that stands for them. */
static const struct {
	CK_ATTRIBUTE_TYPE type;
	CK_OBJECT_CLASS class; /* that alone has it, or CKO_DATA: both */
	enum usage usage; /* USAGE_ANY: none in KMS */
} flags[] = {
	{ CKA_DECRYPT, CKO_DATA, USAGE_DECRYPT },
	{ CKA_ENCRYPT, CKO_SECRET_KEY, USAGE_DECRYPT },
	{ CKA_SIGN, CKO_DATA, USAGE_SIGN },
	{ CKA_VERIFY, CKO_SECRET_KEY, USAGE_SIGN },
	{ CKA_DERIVE, CKO_DATA, USAGE_DERIVE },
	{ CKA_UNWRAP, CKO_DATA, USAGE_ANY },
	{ CKA_WRAP, CKO_SECRET_KEY, USAGE_ANY },
};

static const struct {
	enum usage usage;
	const char *name;
} usages[] = {
	{ USAGE_SIGN, "sign" }, /* in the order of preference */
	{ USAGE_DECRYPT, "decrypt" },
	{ USAGE_DERIVE, "derive" },
};
/* clang-format on */
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

const char *
usage_name(enum usage u)
{
	for (size_t i = 0; i < COUNT(usages); i++)
		if (usages[i].usage == u)
			return (usages[i].name);
	return ("");
}

enum usage
usage_of_name(const char *name)
{
	for (size_t i = 0; i < COUNT(usages); i++)
		if (strcmp(usages[i].name, name) == 0)
			return (usages[i].usage);
	return (USAGE_ANY);
}

/* The public point is on the public key of the same id, if anywhere. */
static void
read_point(const struct token *t, const struct blob *id, struct blob *point)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_EC;
	const CK_ATTRIBUTE template[] = {
	    {CKA_CLASS, &class, sizeof(class)},
	    {CKA_KEY_TYPE, &type, sizeof(type)},
	    {CKA_ID, id->ptr, id->len},
	};
	CK_OBJECT_HANDLE *handles;
	CK_ULONG found;

	if (id->len == 0 ||
	    p11_find(t, template, COUNT(template), &handles, &found) != CKR_OK)
		return;
	if (found == 1)
		(void)p11_read(t, handles[0], CKA_EC_POINT, point);
	free(handles);
}

static CK_ULONG
modulus_bits(const struct blob *n)
{
	CK_ULONG at = 0, bits;

	while (at < n->len && n->ptr[at] == 0)
		at++;
	bits = (n->len - at) * 8;
	for (int bit = 7; at < n->len && bit >= 0; bit--, bits--)
		if ((n->ptr[at] >> bit & 1) != 0)
			break;
	return (bits);
}

/* What an object is, on either side. */
struct facts {
	const struct kind *kind;
	CK_ULONG bits;
	struct blob params, public;
};

static const struct kind *
find_kind(CK_OBJECT_CLASS class, CK_KEY_TYPE type, const struct facts *f)
{
	for (size_t i = 0; i < COUNT(kinds); i++) {
		const struct kind *k = &kinds[i];

		if (k->class == class && k->type == type &&
		    (k->params != NULL ? k->params_len == f->params.len &&
					     memcmp(k->params, f->params.ptr,
						 f->params.len) == 0
				       : k->bits == 0 || k->bits == f->bits))
			return (k);
	}
	return (NULL);
}

/* The same number or point has the same bytes: without zeros before it, and
 * without the OCTET STRING that tokens put around a point or do not. */
static void
normalise(struct facts *f, CK_KEY_TYPE type)
{
	CK_ULONG most = type == CKK_EC ? 1 + 2 * ((f->bits + 7) / 8)
				       : (f->bits + 7) / 8;

	if (f->bits == 0 || f->public.len <= most)
		return;
	memmove(f->public.ptr, f->public.ptr + f->public.len - most, most);
	f->public.len = most;
}

static void
read_facts(const struct token *t, CK_OBJECT_HANDLE h, CK_OBJECT_CLASS class,
    CK_KEY_TYPE type, struct facts *f)
{
	struct blob id = BLOB_INIT;

	memset(f, 0, sizeof(*f));
	if (class == CKO_SECRET_KEY) {
		f->bits = p11_ulong(t, h, CKA_VALUE_LEN);
		f->bits = f->bits == CK_UNAVAILABLE_INFORMATION ? 0
								: f->bits * 8;
	} else if (type == CKK_RSA) {
		(void)p11_read(t, h, CKA_MODULUS, &f->public);
		f->bits = modulus_bits(&f->public);
	} else if (type == CKK_EC) {
		(void)p11_read(t, h, CKA_EC_PARAMS, &f->params);
		(void)p11_read(t, h, CKA_EC_POINT, &f->public);
		if (f->public.len == 0 && p11_read(t, h, CKA_ID, &id) == CKR_OK)
			read_point(t, &id, &f->public);
		blob_free(&id);
	}
	f->kind = find_kind(class, type, f);
	if (f->kind != NULL && f->kind->bits != 0)
		f->bits = f->kind->bits;
	normalise(f, type);
}

static void
free_facts(struct facts *f)
{
	blob_free(&f->params);
	blob_free(&f->public);
}

void
key_read_kind(struct key *k)
{
	struct facts f;

	k->type = p11_ulong(k->from, k->handle, CKA_KEY_TYPE);
	read_facts(k->from, k->handle, k->class, k->type, &f);
	k->kind = f.kind;
	k->name = f.kind == NULL ? "another type" : f.kind->name;
	k->bits = f.bits;
	k->params = f.params;
	k->public = f.public;
	for (size_t i = 0; i < COUNT(flags); i++)
		if (p11_bool(k->from, k->handle, flags[i].type, false))
			k->uses |= flags[i].usage;
}

/* As kms-api says: HMAC keys from 224 to 1024 bits. */
const char *
key_not_for_kms(const struct key *k)
{
	if (k->kind == NULL || k->kind->uses == 0)
		return ("KMS imports AES-256, HMAC, RSA-2048, -3072, -4096, "
			"EC P-256, P-384, P-521 and secp256k1 alone");
	if (k->kind->class == CKO_SECRET_KEY && k->kind->type != CKK_AES &&
	    k->bits != 0 && (k->bits < 224 || k->bits > 1024))
		return ("KMS imports HMAC keys of 28 to 128 bytes alone");
	return (NULL);
}

/*
 * A key in KMS has one usage. Of several that the key has, the one that is
 * wanted; if it has none of them, the one that is wanted.
 */
enum usage
key_choose_usage(const struct key *k, enum usage wanted)
{
	unsigned able = k->kind == NULL ? 0 : k->kind->uses;
	unsigned has = k->uses & able;

	if ((wanted & able) != 0 && ((wanted & has) != 0 || has == 0))
		return (wanted);
	for (size_t i = 0; i < COUNT(usages); i++)
		if ((has & usages[i].usage) != 0)
			return (usages[i].usage);
	return (USAGE_ANY);
}

static bool
is_hmac(const struct kind *k)
{
	return (k != NULL && strcmp(k->name, "HMAC") == 0);
}

/* What is not known of one of them tells nothing. */
bool
key_is_like(const struct key *k, const struct token *t, CK_OBJECT_HANDLE h)
{
	CK_KEY_TYPE type = p11_ulong(t, h, CKA_KEY_TYPE);
	struct facts f;
	bool like;

	read_facts(t, h, k->class, type, &f);
	like = p11_ulong(t, h, CKA_CLASS) == k->class;
	/* HMAC keys go by several types, and KMS's length is the hash's */
	if (!is_hmac(k->kind) || !is_hmac(f.kind))
		like = like && type == k->type &&
		       (k->bits == 0 || f.bits == 0 || k->bits == f.bits) &&
		       (k->params.len == 0 || f.params.len == 0 ||
			   blob_equal(&k->params, &f.params));
	free_facts(&f);
	return (like);
}

bool
key_differs(const struct key *k, const struct token *t, CK_OBJECT_HANDLE h)
{
	struct facts f;
	bool differs;

	read_facts(t, h, k->class, k->type, &f);
	differs = k->public.len != 0 && f.public.len != 0 &&
		  !blob_equal(&k->public, &f.public);
	free_facts(&f);
	return (differs);
}

/* All flags are said: what a token does without being told varies. */
CK_ULONG
key_usage_template(const struct key *k, bool one, CK_ATTRIBUTE *t)
{
	static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	const CK_BBOOL *value;
	CK_ULONG n = 0;

	for (size_t i = 0; i < COUNT(flags); i++) {
		if (flags[i].class != CKO_DATA && flags[i].class != k->class)
			continue;
		if (one)
			value = flags[i].usage != USAGE_ANY &&
					flags[i].usage == k->usage
				    ? &yes
				    : &no;
		else
			value = p11_bool(
				    k->from, k->handle, flags[i].type, false)
				    ? &yes
				    : &no;
		t[n++] = (CK_ATTRIBUTE){flags[i].type,
		    (CK_BBOOL *)(uintptr_t)value, sizeof(*value)};
	}
	return (n);
}

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cryptoki/keyferry.h"
#include "move-key.h"

/* Types and sizes of keys, and which of them KMS imports. */

struct key_spec {
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE type;
	CK_ULONG bits; /* 0: any */
	const char *name;
	unsigned uses; /* that KMS offers; 0: KMS does not import such keys */
	const char *params; /* CKA_EC_PARAMS: the curve's OID in DER */
	CK_ULONG params_len;
	CK_ULONG pkcs8; /* its length in bytes, with the public half */
};

#define DER(text) text, sizeof(text) - 1

/* clang-format off */
/* The first row that matches is the key's. */
static const struct key_spec key_specs[] = {
	{ CKO_SECRET_KEY, CKK_AES, 256, "AES-256", USAGE_DECRYPT, NULL, 0, 0 },
	{ CKO_SECRET_KEY, CKK_AES, 192, "AES-192", 0, NULL, 0, 0 },
	{ CKO_SECRET_KEY, CKK_AES, 128, "AES-128", 0, NULL, 0, 0 },
	/* some tokens do not know the length of a key they unwrapped */
	{ CKO_SECRET_KEY, CKK_AES, 0, "AES", USAGE_DECRYPT, NULL, 0, 0 },
	{ CKO_SECRET_KEY, CKK_GENERIC_SECRET, 0, "HMAC", USAGE_SIGN, NULL, 0, 0 },
	{ CKO_SECRET_KEY, CKK_SHA224_HMAC, 0, "HMAC", USAGE_SIGN, NULL, 0, 0 },
	{ CKO_SECRET_KEY, CKK_SHA256_HMAC, 0, "HMAC", USAGE_SIGN, NULL, 0, 0 },
	{ CKO_SECRET_KEY, CKK_SHA384_HMAC, 0, "HMAC", USAGE_SIGN, NULL, 0, 0 },
	{ CKO_SECRET_KEY, CKK_SHA512_HMAC, 0, "HMAC", USAGE_SIGN, NULL, 0, 0 },
	{ CKO_SECRET_KEY, CKK_DES3, 0, "3DES", 0, NULL, 0, 0 },
	{ CKO_PRIVATE_KEY, CKK_RSA, 2048, "RSA-2048",
	    USAGE_SIGN | USAGE_DECRYPT, NULL, 0, 0 },
	{ CKO_PRIVATE_KEY, CKK_RSA, 3072, "RSA-3072",
	    USAGE_SIGN | USAGE_DECRYPT, NULL, 0, 0 },
	{ CKO_PRIVATE_KEY, CKK_RSA, 4096, "RSA-4096",
	    USAGE_SIGN | USAGE_DECRYPT, NULL, 0, 0 },
	{ CKO_PRIVATE_KEY, CKK_RSA, 0, "RSA", 0, NULL, 0, 0 },
	{ CKO_PRIVATE_KEY, CKK_EC, 256, "EC P-256", USAGE_SIGN | USAGE_DERIVE,
	    DER("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"), 138 },
	{ CKO_PRIVATE_KEY, CKK_EC, 384, "EC P-384", USAGE_SIGN | USAGE_DERIVE,
	    DER("\x06\x05\x2b\x81\x04\x00\x22"), 185 },
	{ CKO_PRIVATE_KEY, CKK_EC, 521, "EC P-521", USAGE_SIGN | USAGE_DERIVE,
	    DER("\x06\x05\x2b\x81\x04\x00\x23"), 241 },
	{ CKO_PRIVATE_KEY, CKK_EC, 256, "EC secp256k1", USAGE_SIGN,
	    DER("\x06\x05\x2b\x81\x04\x00\x0a"), 135 },
	{ CKO_PRIVATE_KEY, CKK_EC, 0, "EC, another curve", 0, NULL, 0, 0 },
	{ CKO_PRIVATE_KEY, CKK_EC_EDWARDS, 0, "Edwards curve", 0, NULL, 0, 0 },
	{ CKO_PRIVATE_KEY, CKK_DSA, 0, "DSA", 0, NULL, 0, 0 },
	{ CKO_PRIVATE_KEY, CKK_DH, 0, "DH", 0, NULL, 0, 0 },
};

/* Usage attributes, and the usage in KMS that corresponds to them. */
static const struct {
	CK_ATTRIBUTE_TYPE type;
	CK_OBJECT_CLASS class; /* the only class that has it; CKO_DATA: both */
	enum usage usage; /* USAGE_ANY: KMS has no such usage */
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

/* The HMAC keys of KMS, which are told by their hash. */
static const struct hmac {
	CK_ULONG bits; /* of the hash, and of the shortest such key */
	const char *name, *option;
	CK_KEY_TYPE type;
	CK_MECHANISM_TYPE mechanism;
} hmacs[] = {
	{ 224, "HMAC_224", "sha224", CKK_SHA224_HMAC, CKM_SHA224_HMAC },
	{ 256, "HMAC_256", "sha256", CKK_SHA256_HMAC, CKM_SHA256_HMAC },
	{ 384, "HMAC_384", "sha384", CKK_SHA384_HMAC, CKM_SHA384_HMAC },
	{ 512, "HMAC_512", "sha512", CKK_SHA512_HMAC, CKM_SHA512_HMAC },
};
/* clang-format on */
#define HMAC_BITS_MAX 1024
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
usage_from_name(const char *name)
{
	for (size_t i = 0; i < COUNT(usages); i++)
		if (strcmp(usages[i].name, name) == 0)
			return (usages[i].usage);
	return (USAGE_ANY);
}

/* A private key may lack CKA_EC_POINT: the public key with its id has it. */
static void
read_point(const struct token *t, const struct buf *id, struct buf *point)
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

	if (id->len == 0 || token_find_objects(t, template, COUNT(template),
				&handles, &found) != CKR_OK)
		return;
	if (found == 1)
		(void)token_get_attribute(t, handles[0], CKA_EC_POINT, point);
	free(handles);
}

static CK_ULONG
modulus_bits(const struct buf *n)
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

/* What an object is, on the source or on the target. */
struct object_info {
	const struct key_spec *spec;
	CK_ULONG bits;
	struct buf params, public;
};

static const struct key_spec *
find_key_spec(
    CK_OBJECT_CLASS class, CK_KEY_TYPE type, const struct object_info *f)
{
	for (size_t i = 0; i < COUNT(key_specs); i++) {
		const struct key_spec *k = &key_specs[i];

		if (k->class == class && k->type == type &&
		    (k->params != NULL ? k->params_len == f->params.len &&
					     memcmp(k->params, f->params.ptr,
						 f->params.len) == 0
				       : k->bits == 0 || k->bits == f->bits))
			return (k);
	}
	return (NULL);
}

/* Gives equal numbers and points equal bytes: drops leading zeros, and the
 * OCTET STRING that some tokens put around a point. */
static void
normalise(struct object_info *f, CK_KEY_TYPE type)
{
	CK_ULONG max = type == CKK_EC ? 1 + 2 * ((f->bits + 7) / 8)
				      : (f->bits + 7) / 8;

	if (f->bits == 0 || f->public.len <= max)
		return;
	memmove(f->public.ptr, f->public.ptr + f->public.len - max, max);
	f->public.len = max;
}

static void
read_object_info(const struct token *t, CK_OBJECT_HANDLE h,
    CK_OBJECT_CLASS class, CK_KEY_TYPE type, struct object_info *f)
{
	struct buf id = BUF_INIT(0);

	memset(f, 0, sizeof(*f));
	if (class == CKO_SECRET_KEY) {
		f->bits = token_get_ulong(t, h, CKA_VALUE_LEN);
		f->bits = f->bits == CK_UNAVAILABLE_INFORMATION ? 0
								: f->bits * 8;
	} else if (type == CKK_RSA) {
		(void)token_get_attribute(t, h, CKA_MODULUS, &f->public);
		f->bits = modulus_bits(&f->public);
	} else if (type == CKK_EC) {
		(void)token_get_attribute(t, h, CKA_EC_PARAMS, &f->params);
		(void)token_get_attribute(t, h, CKA_EC_POINT, &f->public);
		if (f->public.len == 0 &&
		    token_get_attribute(t, h, CKA_ID, &id) == CKR_OK)
			read_point(t, &id, &f->public);
		buf_free(&id);
	}
	f->spec = find_key_spec(class, type, f);
	if (f->spec != NULL && f->spec->bits != 0)
		f->bits = f->spec->bits;
	normalise(f, type);
}

static void
free_object_info(struct object_info *f)
{
	buf_free(&f->params);
	buf_free(&f->public);
}

void
key_read_spec(struct key *k)
{
	struct object_info f;

	k->type = token_get_ulong(k->from, k->handle, CKA_KEY_TYPE);
	read_object_info(k->from, k->handle, k->class, k->type, &f);
	k->spec = f.spec;
	k->name = f.spec == NULL ? "another type" : f.spec->name;
	k->bits = f.bits;
	k->params = f.params;
	k->public = f.public;
	for (size_t i = 0; i < COUNT(flags); i++) {
		if (!token_get_bool(k->from, k->handle, flags[i].type, false))
			continue;
		k->uses |= flags[i].usage;
		k->wraps = k->wraps || flags[i].usage == USAGE_ANY;
	}
}

void
key_find_spec(struct key *k)
{
	const struct object_info f = {.bits = k->bits, .params = k->params};

	k->spec = find_key_spec(k->class, k->type, &f);
	k->name = k->spec == NULL ? "another type" : k->spec->name;
	k->uses = k->wish.usage;
	if (k->spec == NULL || k->wish.usage != USAGE_ANY)
		return;
	k->uses = k->spec->uses;
	k->uses = key_choose_usage(k, USAGE_ANY);
}

/* What KMS calls them. */
static const char *const kms_names[][2] = {{"AES-256", "SYMMETRIC_DEFAULT"},
    {"RSA-2048", "RSA_2048"}, {"RSA-3072", "RSA_3072"},
    {"RSA-4096", "RSA_4096"}, {"EC P-256", "ECC_NIST_P256"},
    {"EC P-384", "ECC_NIST_P384"}, {"EC P-521", "ECC_NIST_P521"},
    {"EC secp256k1", "ECC_SECG_P256K1"}};

const char *
key_kms_spec(const struct key *k)
{
	for (size_t i = 0; i < COUNT(kms_names); i++)
		if (strcmp(kms_names[i][0], k->name) == 0)
			return (kms_names[i][1]);
	return (k->hmac == NULL ? "" : k->hmac->name);
}

/* The row of that name. */
static const struct key_spec *
find_by_name(const char *name)
{
	for (size_t i = 0; i < COUNT(key_specs); i++)
		if (strcmp(key_specs[i].name, name) == 0)
			return (&key_specs[i]);
	return (NULL);
}

bool
key_set_kms_spec(struct key *k, const char *kms)
{
	const char *name = "HMAC";

	for (size_t i = 0; i < COUNT(hmacs); i++)
		if (strcmp(hmacs[i].name, kms) == 0)
			k->hmac = &hmacs[i];
	for (size_t i = 0; i < COUNT(kms_names); i++)
		if (strcmp(kms_names[i][1], kms) == 0)
			name = kms_names[i][0];
	if (k->hmac == NULL && strcmp(name, "HMAC") == 0)
		return (false);
	k->spec = find_by_name(name);
	k->name = name;
	k->class = k->spec->class;
	k->type = k->spec->type;
	k->bits = k->hmac != NULL ? k->hmac->bits : k->spec->bits;
	k->params.max = k->spec->params_len;
	return (buf_append(&k->params,
		    VIEW(k->spec->params, k->spec->params_len)) == ERR_OK);
}

enum usage
key_usage_there(const struct token *t, CK_OBJECT_HANDLE h)
{
	static const struct {
		const char *kms;
		enum usage usage;
	} rows[] = {{"SIGN_VERIFY", USAGE_SIGN},
	    {"GENERATE_VERIFY_MAC", USAGE_SIGN},
	    {"ENCRYPT_DECRYPT", USAGE_DECRYPT},
	    {"KEY_AGREEMENT", USAGE_DERIVE}};
	struct buf text = BUF_INIT(0);
	enum usage found = USAGE_ANY;

	(void)token_get_attribute(t, h, CKA_KEYFERRY_KEY_USAGE, &text);
	for (size_t i = 0; i < COUNT(rows); i++)
		if (view_equal(buf_view(&text), view_str(rows[i].kms)))
			found = rows[i].usage;
	buf_free(&text);
	return (found);
}

const char *
key_why_not_importable(const struct key *k)
{
	if (k->spec == NULL || k->spec->uses == 0)
		return (
		    "KMS imports only AES-256, HMAC, RSA-2048, -3072, -4096, "
		    "EC P-256, P-384, P-521 and secp256k1");
	return (NULL);
}

static bool
is_hmac(const struct key_spec *k)
{
	return (k != NULL && strcmp(k->name, "HMAC") == 0);
}

/* The one hash of which CKA_ALLOWED_MECHANISMS has the HMAC; NULL: it has none,
 * or several. */
static const struct hmac *
allowed_hmac(const struct key *k)
{
	struct buf allowed = BUF_INIT(0);
	const struct hmac *found = NULL;
	CK_MECHANISM_TYPE m;
	size_t several = 0;

	(void)token_get_attribute(
	    k->from, k->handle, CKA_ALLOWED_MECHANISMS, &allowed);
	for (size_t at = 0; at + sizeof(m) <= allowed.len; at += sizeof(m)) {
		memcpy(&m, allowed.ptr + at, sizeof(m));
		for (size_t i = 0; i < COUNT(hmacs); i++)
			if (hmacs[i].mechanism == m) {
				several += found != NULL && found != &hmacs[i];
				found = &hmacs[i];
			}
	}
	buf_free(&allowed);
	return (several == 0 ? found : NULL);
}

bool
key_choose_hmac(struct key *k, CK_ULONG wanted, const char **why)
{
	const struct hmac *own, *fits = NULL;

	if (!is_hmac(k->spec))
		return (true);
	own = wanted == 0 && k->from != NULL ? allowed_hmac(k) : NULL;
	for (size_t i = 0; i < COUNT(hmacs); i++) {
		if (wanted == hmacs[i].bits ||
		    (wanted == 0 && own == NULL && k->type == hmacs[i].type))
			own = &hmacs[i];
		if (k->bits >= hmacs[i].bits && k->bits <= HMAC_BITS_MAX)
			fits = &hmacs[i];
	}
	k->hmac = own != NULL ? own : fits;
	if (k->bits == 0 && own == NULL)
		*why = "its length is not known: choose its hash with --hmac";
	else if (k->hmac == NULL || k->bits > HMAC_BITS_MAX)
		*why = "KMS imports only HMAC keys of 28 to 128 bytes";
	else if (k->bits != 0 && k->bits < k->hmac->bits)
		*why = "it is shorter than its hash, and KMS imports no such "
		       "HMAC key; another hash can be chosen with --hmac";
	return (*why == NULL);
}

const char *
hmac_name(const struct hmac *h)
{
	return (h->name);
}

CK_ULONG
hmac_from_name(const char *name)
{
	for (size_t i = 0; i < COUNT(hmacs); i++)
		if (strcmp(hmacs[i].option, name) == 0)
			return (hmacs[i].bits);
	return (0);
}

CK_KEY_TYPE
key_target_type(const struct key *k)
{
	return (k->hmac != NULL ? k->hmac->type : k->type);
}

CK_ULONG
key_wrapped_bytes(const struct key *k)
{
	if (k->class ==
	    CKO_SECRET_KEY) /* of unknown length: AES-256, at most */
		return (k->bits != 0 ? k->bits / 8 : 32);
	return (k->spec == NULL ? 0 : k->spec->pkcs8);
}

void
key_lost_usages(const struct key *k, char out[LOST_SIZE])
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < COUNT(usages); i++)
		if ((k->uses & usages[i].usage) != 0 &&
		    usages[i].usage != k->usage)
			n += (size_t)snprintf(out + n, LOST_SIZE - n, "%s%s",
			    n == 0 ? "" : " ", usages[i].name);
	if (k->wraps)
		snprintf(out + n, LOST_SIZE - n, "%swrap", n == 0 ? "" : " ");
}

/*
 * A key in KMS has one usage: the wanted one, if the key has that or has none;
 * otherwise the first that it has.
 */
enum usage
key_choose_usage(const struct key *k, enum usage wanted)
{
	unsigned able = k->spec == NULL ? 0 : k->spec->uses;
	unsigned has = k->uses & able;

	if ((wanted & able) != 0 && ((wanted & has) != 0 || has == 0))
		return (wanted);
	for (size_t i = 0; i < COUNT(usages); i++)
		if ((has & usages[i].usage) != 0)
			return (usages[i].usage);
	return (USAGE_ANY);
}

/* What is unknown on one side is no difference. */
bool
key_matches_spec(const struct key *k, const struct token *t, CK_OBJECT_HANDLE h)
{
	CK_KEY_TYPE type = token_get_ulong(t, h, CKA_KEY_TYPE);
	struct object_info f;
	bool matches;

	read_object_info(t, h, k->class, type, &f);
	matches = token_get_ulong(t, h, CKA_CLASS) == k->class;
	/* HMAC keys have several key types, and KMS shows the hash's length */
	if (!is_hmac(k->spec) || !is_hmac(f.spec))
		matches = matches && type == k->type &&
			  (k->bits == 0 || f.bits == 0 || k->bits == f.bits) &&
			  (k->params.len == 0 || f.params.len == 0 ||
			      view_equal(
				  buf_view(&k->params), buf_view(&f.params)));
	free_object_info(&f);
	return (matches);
}

/* 1: both are known and the same; -1: and not the same; 0: one is not known. */
static int
compare_public(const struct key *k, const struct token *t, CK_OBJECT_HANDLE h)
{
	struct object_info f;
	int same = 0;

	read_object_info(t, h, k->class, k->type, &f);
	if (k->public.len != 0 && f.public.len != 0)
		same = view_equal(buf_view(&k->public), buf_view(&f.public))
			   ? 1
			   : -1;
	free_object_info(&f);
	return (same);
}

bool
key_public_differs(
    const struct key *k, const struct token *t, CK_OBJECT_HANDLE h)
{
	return (compare_public(k, t, h) == -1);
}

bool
key_public_is_same(
    const struct key *k, const struct token *t, CK_OBJECT_HANDLE h)
{
	return (compare_public(k, t, h) == 1);
}

/* All flags are given, because tokens differ in their defaults. */
CK_ULONG
key_usage_template(
    const struct key *k, bool one, CK_ATTRIBUTE t[USAGE_TEMPLATE_MAX])
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
			value = token_get_bool(
				    k->from, k->handle, flags[i].type, false)
				    ? &yes
				    : &no;
		t[n++] = (CK_ATTRIBUTE){flags[i].type,
		    (CK_BBOOL *)(uintptr_t)value, sizeof(*value)};
	}
	return (n);
}

/* What is to be compared with the key of its names on the target is there, and
 * is not known to be the same. */
void
key_refuse(struct key *k, const char *fmt, ...)
{
	va_list ap;

	k->status = k->status == STATUS_SAME_NAME ? STATUS_NOT_COMPARED
						  : STATUS_REFUSED;
	va_start(ap, fmt);
	vsnprintf(k->reason, sizeof(k->reason), fmt, ap);
	va_end(ap);
}

bool
key_is_open(const struct key *k)
{
	return (k->status == STATUS_PLANNED || k->status == STATUS_SAME_NAME);
}

void
key_free(struct key *k)
{
	buf_free(&k->value);
	buf_free(&k->label);
	buf_free(&k->id);
	buf_free(&k->own_label);
	buf_free(&k->own_id);
	buf_free(&k->params);
	buf_free(&k->public);
	buf_free(&k->unique_id);
	buf_free(&k->differences);
}

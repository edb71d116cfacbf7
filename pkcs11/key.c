#include <stdlib.h>
#include <string.h>
#include "key.h"

/* clang-format off */
static const struct spec specs[] = {
	/* KeySpec	      KeyUsage		 class		 type
	 *   bits material wrapping */
	{ "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", CKO_SECRET_KEY, CKK_AES,
	    256, 32, "RSAES_OAEP_SHA_256" },
};
/* clang-format on */
#define SPEC_COUNT (sizeof(specs) / sizeof(specs[0]))

const struct spec *
spec_find(const char *kms)
{
	for (size_t i = 0; i < SPEC_COUNT; i++)
		if (strcmp(specs[i].kms, kms) == 0)
			return (&specs[i]);
	return (NULL);
}

const struct spec *
spec_of_material(CK_KEY_TYPE type, size_t len)
{
	for (size_t i = 0; i < SPEC_COUNT; i++)
		if (specs[i].type == type && specs[i].material_len == len)
			return (&specs[i]);
	return (NULL);
}

struct key *
key_new(struct kms_key *meta)
{
	static const struct kms_key empty = KMS_KEY_INIT;
	struct key *k;

	if ((k = calloc(1, sizeof(*k))) == NULL)
		return (NULL);
	k->refs = 1;
	k->spec = spec_find(meta->spec);
	k->meta = *meta;
	*meta = empty;
	return (k);
}

struct key *
key_copy(const struct key *from)
{
	struct kms_key meta = from->meta;
	struct key *k = NULL;

	meta.description = (struct buf)BUF_INIT(KMS_DESCRIPTION_SIZE);
	meta.algorithms = (struct buf)BUF_INIT(from->meta.algorithms.max);
	if (buf_append(&meta.description, buf_view(&from->meta.description)) ==
		ERR_OK &&
	    buf_append(&meta.algorithms, buf_view(&from->meta.algorithms)) ==
		ERR_OK)
		k = key_new(&meta);
	if (k != NULL)
		k->names = from->names;
	kms_key_free(&meta);
	return (k);
}

struct key *
key_ref(struct key *k)
{
	__atomic_add_fetch(&k->refs, 1, __ATOMIC_RELAXED);
	return (k);
}

void
key_unref(struct key *k)
{
	if (k == NULL || __atomic_sub_fetch(&k->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	kms_key_free(&k->meta);
	free(k);
}

bool
key_is_imported(const struct key *k)
{
	return (strcmp(k->meta.origin, "EXTERNAL") == 0);
}

bool
key_is_pending(const struct key *k)
{
	return (
	    key_is_imported(k) && strcmp(k->meta.state, "PendingImport") == 0);
}

bool
key_has_algorithm(const struct key *k, const char *name)
{
	const char *s = (const char *)k->meta.algorithms.ptr;
	const char *end = s + k->meta.algorithms.len;

	for (; s < end; s += strlen(s) + 1)
		if (strcmp(s, name) == 0)
			return (true);
	return (false);
}

/* A disabled key, or one waiting for its deletion, is no object: it can do
 * nothing. AWS's own keys serve AWS's services alone. */
size_t
key_classes(const struct key *k, CK_OBJECT_CLASS classes[2])
{
	if (k->spec == NULL || strcmp(k->meta.manager, "AWS") == 0)
		return (0);
	if (key_is_pending(k)) {
		classes[0] = CKO_PUBLIC_KEY;
		classes[1] = CKO_PRIVATE_KEY;
		return (2);
	}
	if (strcmp(k->meta.state, "Enabled") != 0)
		return (0);
	classes[0] = k->spec->class;
	return (1);
}

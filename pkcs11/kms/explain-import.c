#include <stdio.h>
#include <string.h>
#include "describe.h"
#include "explain-import.h"
#include "import-params.h"
#include "known-ends.h"
#include "list-materials.h"
#include "material-end.h"
#include "wrapping-algorithm.h"

#define TAKES_SIZE 48

/* The state directory knows of an end for any that was imported from here. */
static bool
is_known_here(struct call *c, const struct key *k)
{
	double end;

	return (known_end_read(c, k->meta.id, k->meta.material_id, &end));
}

static bool
had_material(struct call *c, const struct provision *p)
{
	const struct key *k = p->key;

	return (p->for_renewal_pair || k->meta.material_id[0] != '\0' ||
		!key_is_pending_import(k) || is_known_here(c, k));
}

static bool
is_filled_now(struct call *c, const struct key *k)
{
	struct kms_key meta = KMS_KEY_INIT;
	bool yes = describe_keeping_error(&c->kms, k->meta.id, &meta) ==
		       ERR_OK &&
		   kms_state_has_material(meta.state);

	kms_key_free(&meta);
	return (yes);
}

static void
write_takes(const struct key_spec *s, char text[TAKES_SIZE])
{
	if (s->min_len == 0)
		snprintf(text, TAKES_SIZE, "PKCS#8 in DER");
	else if (s->min_len == s->max_len)
		snprintf(text, TAKES_SIZE, "%zu bytes", s->min_len);
	else
		snprintf(text, TAKES_SIZE, "%zu to %zu bytes", s->min_len,
		    s->max_len);
}

/* Only symmetric encryption keys show that they never had any. */
static void
say_what_it_takes(struct call *c, const struct key *k, const char *algorithm,
    bool maybe_other)
{
	const struct wrapping_algorithm *w = wrapping_algorithm_find(algorithm);
	bool sha1 = w != NULL && w->hash == CKM_SHA_1;
	char takes[TAKES_SIZE];

	write_takes(k->spec, takes);
	(void)call_error(c, CKR_OK,
	    "key %s (%s) takes %s, wrapped with %s (%s for OAEP and MGF1); "
	    "usual causes: %s, %s for OAEP%s",
	    k->meta.id, k->spec->kms, takes, algorithm,
	    sha1 ? "SHA-1" : "SHA-256",
	    k->spec->min_len != 0 ? "hex digits, another length"
				  : "PEM, PKCS#1 instead of PKCS#8",
	    sha1 ? "SHA-256" : "SHA-1",
	    maybe_other ? ", material other than before" : "");
}

enum err
explain_import(struct call *c, const struct provision *p, const char *algorithm,
    enum err e)
{
	const struct key *k = p->key;

	if (e != ERR_WRONG_MATERIAL && e != ERR_CIPHERTEXT)
		return (e);
	if (algorithm != NULL &&
	    (e == ERR_CIPHERTEXT ||
		(!had_material(c, p) && !is_filled_now(c, k)))) {
		say_what_it_takes(c, k, algorithm,
		    e == ERR_WRONG_MATERIAL &&
			!materials_may_be_several(&k->meta));
		return (e == ERR_CIPHERTEXT ? e : ERR_DATA);
	}
	if (e == ERR_WRONG_MATERIAL &&
	    !(key_is_pending_import(k) && explain_expired(c, k)))
		(void)call_error(c, CKR_OK,
		    "key %s takes only the material that it has or had before: "
		    "bring that, or use another label and id",
		    k->meta.id);
	return (e);
}

bool
explain_expired(struct call *c, const struct key *k)
{
	char date[MATERIAL_DATE_SIZE];
	double end = k->meta.valid_to;

	if (end == 0)
		(void)known_end_read(c, k->meta.id, k->meta.material_id, &end);
	if (end <= 0 ||
	    end * 1000 > (double)client_service_ms(c->token->client))
		return (false);
	material_end_write_date(end, date);
	(void)call_error(c, CKR_OK,
	    "the material of key %s expired %s: import the same material again",
	    k->meta.id, date);
	return (true);
}

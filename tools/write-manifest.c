#include <stdio.h>
#include <string.h>
#include "cryptoki/constants.h"
#include "cryptoki/keyferry.h"
#include "cryptoki/rv-name.h"
#include "move-key.h"
#include "replacement.h"
#include "text.h"
#include "write-manifest.h"

#define IDS_MAX 4096 /* bytes of the KeyMaterialIds of a key */
#define DATE_LEN 10 /* 2026-11-27 */
#define HASH_NAME_SIZE 16

static const char titles[] =
    "label,id,spec,usage,hash,end-date,multi-region,tags,public-key,arn,"
    "material\r\n";

/* What the manifest says of a key beside what a list shows. */
struct details {
	struct buf tags;
	char fingerprint[FINGERPRINT_SIZE];
	char ids[IDS_MAX];
	size_t ids_len;
	bool multi_region;
};

/* A field of RFC 4180. */
static void
put_field(FILE *f, struct view v)
{
	bool quoted = false;

	for (size_t i = 0; i < v.len; i++)
		quoted = quoted || strchr(",\"\r\n", v.ptr[i]) != NULL;
	if (quoted)
		putc('"', f);
	for (size_t i = 0; i < v.len; i++) {
		if (v.ptr[i] == '"')
			putc('"', f);
		putc(v.ptr[i], f);
	}
	if (quoted)
		putc('"', f);
	putc(',', f);
}

static void
put_text(FILE *f, const char *text)
{
	put_field(f, view_str(text));
}

/* "sha256" of "HMAC_256" */
static void
put_hash(FILE *f, struct view spec)
{
	char name[HASH_NAME_SIZE] = "";

	if (spec.len == 8 && memcmp(spec.ptr, "HMAC_", 5) == 0)
		snprintf(
		    name, sizeof(name), "sha%.3s", (const char *)spec.ptr + 5);
	put_text(f, name);
}

static void
put_line(FILE *f, const struct token *t, const struct listed_key *k,
    const struct details *d, struct view material)
{
	char end[TEXT_TIME_SIZE] = "";

	if (k->end != 0)
		text_time(k->end, end);
	put_field(f, buf_view(&k->label));
	text_print_hex(f, buf_view(&k->id));
	putc(',', f);
	put_field(f, buf_view(&k->spec));
	put_text(f, usage_name(key_usage_there(t, k->handle)));
	put_hash(f, buf_view(&k->spec));
	put_field(f, VIEW(end, end[0] == '\0' ? 0 : DATE_LEN));
	put_text(f, d->multi_region ? "yes" : "no");
	put_field(f, buf_view(&d->tags));
	put_text(f, d->fingerprint);
	put_field(f, buf_view(&k->arn));
	fprintf(f, "%.*s\r\n", (int)material.len,
	    material.len == 0 ? "" : (const char *)material.ptr);
}

static void
put_lines(FILE *f, const struct token *t, const struct listed_key *k,
    const struct details *d)
{
	size_t at = 0, len;

	do {
		const char *end = memchr(d->ids + at, ' ', d->ids_len - at);

		len = end == NULL ? d->ids_len - at
				  : (size_t)(end - (d->ids + at));
		put_line(f, t, k, d, VIEW(d->ids + at, len));
		at += len + 1;
	} while (at < d->ids_len);
}

/* False: standard error says what could not be read. */
static bool
read_details(
    const struct token *t, const struct listed_key *k, struct details *d)
{
	CK_ATTRIBUTE ids = {CKA_KEYFERRY_MATERIAL_IDS, d->ids, sizeof(d->ids)};
	struct read_failure failure = k->failure;
	char name[RV_NAME_SIZE];
	CK_RV rv;

	rv = token_get_attribute(t, k->handle, CKA_KEYFERRY_TAGS, &d->tags);
	if (rv != CKR_OK && failure.rv == CKR_OK)
		failure = (struct read_failure){CKA_KEYFERRY_TAGS, rv};
	rv = token_get_attributes(t, k->handle, &ids, 1);
	if (rv != CKR_OK && failure.rv == CKR_OK)
		failure = (struct read_failure){CKA_KEYFERRY_MATERIAL_IDS, rv};
	d->ids_len = rv == CKR_OK ? ids.ulValueLen : 0;
	listed_key_fingerprint(t, k, d->fingerprint);
	d->multi_region = token_get_bool(
	    t, k->handle, CKA_KEYFERRY_MULTI_REGION, false);
	if (failure.rv != CKR_OK)
		fprintf(stderr, "keyferry: %.*s: reading %s failed: %s\n",
		    (int)k->arn.len, (const char *)k->arn.ptr,
		    attribute_name(failure.type).text,
		    rv_name(failure.rv, name));
	return (failure.rv == CKR_OK);
}

static bool
is_wanted(const struct listed_key *k)
{
	return (view_equal(buf_view(&k->origin), view_str("EXTERNAL")) &&
		k->deletion == 0);
}

static bool
write_keys(
    FILE *f, const struct token *t, const struct key_list *l, size_t *left_out)
{
	bool done = true;

	fputs(titles, f);
	for (size_t i = 0; i < l->count && done; i++) {
		struct details d = {.tags = BUF_INIT(0)};

		if (!is_wanted(&l->rows[i])) {
			++*left_out;
			continue;
		}
		if ((done = read_details(t, &l->rows[i], &d)))
			put_lines(f, t, &l->rows[i], &d);
		buf_free(&d.tags);
	}
	return (done);
}

bool
write_manifest(const char *path, const struct token *t,
    const struct key_list *l, size_t *left_out)
{
	struct replacement r;

	*left_out = 0;
	if (!replacement_begin(&r, path, 0644)) {
		perror(path);
		return (false);
	}
	if (!write_keys(r.f, t, l, left_out)) {
		replacement_abandon(&r);
		return (false);
	}
	if (replacement_end(&r))
		return (true);
	perror(path);
	return (false);
}

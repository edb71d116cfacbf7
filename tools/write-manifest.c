#include <stdio.h>
#include <string.h>
#include "cryptoki/constants.h"
#include "cryptoki/keyferry.h"
#include "hex.h"
#include "key-options.h"
#include "message.h"
#include "move-key.h"
#include "replacement.h"
#include "rv-said.h"
#include "text.h"
#include "write-json.h"
#include "write-manifest.h"

#define IDS_MAX 4096 /* bytes of the KeyMaterialIds of a key */
#define DATE_LEN 10 /* 2026-11-27 */
#define HASH_NAME_SIZE 16

enum column {
	LABEL,
	ID,
	SPEC,
	USAGE,
	HASH,
	END_DATE,
	MULTI_REGION,
	TAGS,
	PUBLIC_KEY,
	REGIONS,
	ARN,
	MATERIAL,
	COLUMNS
};
static const char *const titles[COLUMNS] = {"label", "id", "spec", "usage",
    "hash", "end-date", "multi-region", "tags", "public-key", "regions", "arn",
    "material"};

/* What the manifest says of a key beside what a list shows. */
struct details {
	struct buf tags;
	char fingerprint[FINGERPRINT_SIZE];
	char ids[IDS_MAX];
	size_t ids_len;
	bool multi_region;
};

/* A field of RFC 4180, and what is behind it. */
static void
put_field(FILE *f, struct view v, const char *behind)
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
	fputs(behind, f);
}

static void
put_fields(FILE *f, const struct view fields[COLUMNS])
{
	for (int i = 0; i < COLUMNS; i++)
		put_field(f, fields[i], i + 1 < COLUMNS ? "," : "\r\n");
}

/* What a key has not is left out. */
static void
put_object(FILE *f, const struct view fields[COLUMNS])
{
	struct json_writer w;

	write_json_begin(&w, f);
	for (int i = 0; i < COLUMNS; i++)
		if (fields[i].len != 0)
			write_json_text(&w, titles[i], fields[i]);
	write_json_end(&w);
	putc('\n', f);
}

/* "sha256" of "HMAC_256" */
static void
hash_of_spec(struct view spec, char name[HASH_NAME_SIZE])
{
	name[0] = '\0';
	if (spec.len == 8 && memcmp(spec.ptr, "HMAC_", 5) == 0)
		snprintf(name, HASH_NAME_SIZE, "sha%.3s",
		    (const char *)spec.ptr + 5);
}

static void
put_line(FILE *f, bool json, const struct token *t, const struct listed_key *k,
    const struct details *d, struct view material)
{
	char end[TEXT_TIME_SIZE] = "", hash[HASH_NAME_SIZE];
	char id[2 * KEY_ID_MAX + 1] = "";

	if (k->end != 0)
		text_time(k->end, end);
	if (k->id.len <= KEY_ID_MAX)
		hex_write(k->id.ptr, k->id.len, id);
	hash_of_spec(buf_view(&k->spec), hash);
	const struct view fields[COLUMNS] = {[LABEL] = buf_view(&k->label),
	    [ID] = view_str(id),
	    [SPEC] = buf_view(&k->spec),
	    [USAGE] = view_str(usage_name(key_usage_there(t, k->handle))),
	    [HASH] = view_str(hash),
	    [END_DATE] = VIEW(end, end[0] == '\0' ? 0 : DATE_LEN),
	    [MULTI_REGION] = view_str(d->multi_region ? "yes" : "no"),
	    [TAGS] = buf_view(&d->tags),
	    [PUBLIC_KEY] = view_str(d->fingerprint),
	    [REGIONS] = buf_view(&k->regions),
	    [ARN] = buf_view(&k->arn),
	    [MATERIAL] = material};

	(json ? put_object : put_fields)(f, fields);
}

static void
put_lines(FILE *f, bool json, const struct token *t, const struct listed_key *k,
    const struct details *d)
{
	size_t at = 0, len;

	do {
		const char *end = memchr(d->ids + at, ' ', d->ids_len - at);

		len = end == NULL ? d->ids_len - at
				  : (size_t)(end - (d->ids + at));
		put_line(f, json, t, k, d, VIEW(d->ids + at, len));
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
	char name[RV_SAID_SIZE];
	CK_RV rv;

	rv = token_get_attribute(t, k->handle, CKA_KEYFERRY_TAGS, &d->tags);
	if (rv != CKR_OK && failure.rv == CKR_OK)
		failure = (struct read_failure){
		    .type = CKA_KEYFERRY_TAGS, .rv = rv};
	rv = token_get_attributes(t, k->handle, &ids, 1);
	if (rv != CKR_OK && failure.rv == CKR_OK)
		failure = (struct read_failure){
		    .type = CKA_KEYFERRY_MATERIAL_IDS, .rv = rv};
	d->ids_len = rv == CKR_OK ? ids.ulValueLen : 0;
	listed_key_fingerprint(t, k, d->fingerprint);
	d->multi_region = token_get_bool(
	    t, k->handle, CKA_KEYFERRY_MULTI_REGION, false);
	if (failure.rv != CKR_OK)
		message("%.*s: reading %s failed: %s", (int)k->arn.len,
		    (const char *)k->arn.ptr, attribute_name(failure.type).text,
		    rv_said(failure.rv, name));
	return (failure.rv == CKR_OK);
}

static bool
is_wanted(const struct listed_key *k)
{
	return (view_equal(buf_view(&k->origin), view_str("EXTERNAL")) &&
		k->deletion == 0);
}

/* Whether it is read again. Otherwise says so on standard error. */
static bool
can_hold_label(const struct listed_key *k)
{
	bool can = text_is_utf8(buf_view(&k->label));

	if (!can)
		message("%.*s: its label is not UTF-8: keyferry rename gives "
			"it another",
		    SHOWN(k->arn));
	return (can);
}

static bool
write_keys(FILE *f, bool json, const struct token *t, const struct key_list *l,
    size_t *left_out)
{
	struct view fields[COLUMNS];
	bool done = true;

	for (int i = 0; i < COLUMNS; i++)
		fields[i] = view_str(titles[i]);
	if (!json)
		put_fields(f, fields);
	for (size_t i = 0; i < l->count && done; i++) {
		struct details d = {.tags = BUF_INIT(0)};

		if (!is_wanted(&l->rows[i])) {
			++*left_out;
			continue;
		}
		done = can_hold_label(&l->rows[i]) &&
		       read_details(t, &l->rows[i], &d);
		if (done)
			put_lines(f, json, t, &l->rows[i], &d);
		buf_free(&d.tags);
	}
	return (done);
}

static bool
is_json_lines(const char *path)
{
	static const char *const endings[] = {".jsonl", ".ndjson", ".json"};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; i < 3 && dot != NULL; i++)
		if (strcmp(dot, endings[i]) == 0)
			return (true);
	return (false);
}

bool
write_manifest(const char *path, const struct token *t,
    const struct key_list *l, size_t *left_out)
{
	struct replacement r;

	*left_out = 0;
	if (!replacement_begin(&r, path, 0644)) {
		message_errno(path);
		return (false);
	}
	if (!write_keys(r.f, is_json_lines(path), t, l, left_out)) {
		replacement_abandon(&r);
		return (false);
	}
	if (replacement_end(&r))
		return (true);
	message_errno(path);
	return (false);
}

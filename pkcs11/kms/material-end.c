#include <stdio.h>
#include <string.h>
#include <time.h>
#include "describe.h"
#include "known-ends.h"
#include "list-materials.h"
#include "material-end.h"

#define DAY 86400

void
material_end_free(struct material_end *end)
{
	materials_free(&end->materials);
}

/* The end that the material has, or had: it can be kept. */
static bool
own_end(
    struct call *c, const struct key *k, const struct material *m, double *end)
{
	*end = m->valid_to;
	return (m->is_here || (known_end_read(c, k->meta.id, m->id, end) &&
				  (*end == 0 || *end > service_time(c))));
}

/* Whether KMS, or the state directory, knows of such a material. */
static bool
was_imported(struct call *c, const struct key *k, const struct material *m)
{
	double end;

	return (m->is_here || m->id[0] != '\0' ||
		known_end_read(c, k->meta.id, m->id, &end));
}

static bool
by_configuration(struct call *c, double *end)
{
	long days = c->token->config->valid_days;

	*end = days == 0 ? 0 : service_time(c) + (double)days * DAY;
	return (days != 0);
}

static CK_RV
refuse_unknown(struct call *c, const struct key *k)
{
	return (call_error(c, CKR_TEMPLATE_INCOMPLETE,
	    "the end that the material of key %s had is over, or is no longer "
	    "known: say one with CKA_END_DATE (or that there is none, with "
	    "CKA_KEYFERRY_EXPIRATION_MODEL), or set valid-days in "
	    "keyferry.conf",
	    k->meta.id));
}

/* The material that comes in is likely to be one that is missing. Of several,
 * the first end: none is then lost, whichever it is. */
static CK_RV
keep(struct call *c, const struct key *k, struct material_end *out)
{
	size_t missing = materials_missing(&out->materials);
	const struct material *m;
	bool all_known = true, known;
	double end;

	for (size_t i = 0; i < out->materials.count; i++) {
		m = &out->materials.rows[i];
		if (missing != 0 && m->is_here)
			continue;
		known = own_end(c, k, m, &end);
		all_known &= known;
		if (known && end != 0 && (out->at == 0 || end < out->at))
			out->at = end;
	}
	if (!all_known && !by_configuration(c, &out->at))
		return (refuse_unknown(c, k));
	return (CKR_OK);
}

static CK_RV
choose_unsaid(
    struct call *c, const struct key *k, bool is_new, struct material_end *out)
{
	enum err e;

	if (!is_new)
		e = materials_list(c, &c->kms, &k->meta, &out->materials);
	else
		e = ERR_OK;
	if (e != ERR_OK)
		return (call_fail(c, e));
	if (!is_new && was_imported(c, k, &out->materials.rows[0]))
		return (keep(c, k, out));
	(void)by_configuration(c, &out->at);
	return (CKR_OK);
}

CK_RV
material_end_choose(struct call *c, const struct key *k,
    const struct key_request *r, bool is_new, struct material_end *out)
{
	material_end_free(out);
	*out = (struct material_end)MATERIAL_END_INIT;
	if (!r->end_is_said)
		return (choose_unsaid(c, k, is_new, out));
	out->at = r->valid_to;
	return (CKR_OK);
}

void
material_end_write_date(double end, char text[MATERIAL_DATE_SIZE])
{
	time_t at = (time_t)end;
	struct tm tm;

	if (end == 0 || gmtime_r(&at, &tm) == NULL)
		snprintf(text, MATERIAL_DATE_SIZE, "never");
	else
		strftime(text, MATERIAL_DATE_SIZE,
		    "on %Y-%m-%d at %H:%M:%S UTC", &tm);
}

/* The end that the material had before this call. False: it was not there, or
 * nobody knows. */
static bool
end_before(struct call *c, const struct key *k, const char *material_id,
    const struct material_end *out, double *end)
{
	const struct material *m = materials_find(&out->materials, material_id);

	if (known_end_read(c, k->meta.id, material_id, end))
		return (true);
	*end = m != NULL ? m->valid_to : k->meta.valid_to;
	if (m != NULL)
		return (m->is_here);
	return (k->meta.expiration_model != KMS_EXPIRATION_UNKNOWN &&
		strcmp(k->meta.material_id, material_id) == 0);
}

/* Nothing is said of material without an end that had none, or is new. */
static void
note_change(struct call *c, const struct key *k, const char *material_id,
    const struct material_end *out)
{
	char was[MATERIAL_DATE_SIZE], is[MATERIAL_DATE_SIZE];
	double before;
	bool known = end_before(c, k, material_id, out, &before);

	material_end_write_date(before, was);
	material_end_write_date(out->at, is);
	if (known && strcmp(was, is) != 0)
		call_note(c, "the material of key %s now %s%s; before, it %s%s",
		    k->meta.id, out->at == 0 ? "does not expire" : "expires ",
		    out->at == 0 ? "" : is,
		    before == 0 ? "did not expire" : "expired ",
		    before == 0 ? "" : was);
	if (!known && out->at != 0)
		call_note(
		    c, "the material of key %s expires %s", k->meta.id, is);
}

bool
material_end_imported(struct call *c, const struct key *k,
    const struct key_request *r, const char *material_id,
    struct material_end *out)
{
	const struct material *m = materials_find(&out->materials, material_id);
	double own;

	if (!r->end_is_said && m != NULL && own_end(c, k, m, &own) &&
	    (own < out->at || own > out->at)) {
		out->at = own;
		return (true);
	}
	note_change(c, k, material_id, out);
	known_end_write(c, k->meta.id, material_id, out->at);
	return (false);
}

void
material_end_warn(struct call *c, const struct key *k)
{
	double end = k->meta.valid_to, now;
	char date[MATERIAL_DATE_SIZE];

	if (end == 0 || c->token->config->warn_days == 0)
		return;
	now = (double)client_service_ms(c->token->client) / 1000;
	if (end - now > (double)c->token->config->warn_days * DAY ||
	    end <= now ||
	    !end_warning_is_due(&c->token->end_warnings, k->meta.id, now))
		return;
	material_end_write_date(end, date);
	log_line(c->module->log, LOG_ERROR,
	    "%s: the material of key %s expires %s: import it again with a "
	    "later end",
	    c->name, k->meta.id, date);
}

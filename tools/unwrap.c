#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "ask.h"
#include "command.h"
#include "cryptoki/keyferry.h"
#include "key-options.h"
#include "message.h"
#include "move-transfer.h"
#include "options.h"
#include "region-tokens.h"
#include "rv-said.h"
#include "set-directory.h"
#include "text.h"
#include "unwrap.h"
#include "write-json.h"

/*
 * The last step of a ceremony: what the HSM wrapped is given to KMS, with the
 * import set for which it was wrapped. What is in the directory may come from
 * anybody: the module checks the set, and KMS the import token and the wrapped
 * key.
 */

#define WRAPPED_MAX (16 * 1024)
#define REASON_MAX (TOKEN_ERROR_SIZE + 256)

const char unwrap_usage[] =
    "usage: keyferry unwrap DIR [WRAPPED] [options]\n"
    "Imports into KMS what an HSM wrapped for the import set in DIR, which is "
    "that of\n"
    "keyferry pair, or the download of AWS's console, unpacked.\n"
    "WRAPPED is the file from the HSM; without it, it is wrapped-key.bin "
    "beside "
    "each\n"
    "set.\n"
    "  --to URI           Keyferry's token, if there are several; once more "
    "for that\n"
    "                     of each other Region that DIR has a set for\n"
    "  --expect FINGERPRINT\n"
    "                     import no key that was wrapped for another wrapping "
    "key\n"
    "  --region REGION    only the set of this Region\n"
    "  --key ARN          the key, where the console's download does not tell "
    "it\n"
    "  --end-date YYYY-MM-DD\n"
    "                     the last day on which the key is valid\n"
    "  --valid-days N     the same, as days from now\n"
    "  --no-end-date      the key does not expire\n"
    "  --new-material     rotate the key: this is other material for it\n"
    "  --yes              do not ask\n"
    "  --json             print a line of JSON for each set\n"
    "  --quiet            print nothing but errors and questions\n";

struct arguments {
	char *directory, *wrapped, *expect, *region, *arn;
	struct key_wish wish;
	bool no_end, new_material, yes, json, quiet;
	struct region_tokens tokens;
};

enum outcome {
	OUTCOME_IMPORTED,
	OUTCOME_SAME, /* it had this material before */
	OUTCOME_WAITS, /* there is no wrapped key for it yet */
	OUTCOME_REFUSED, /* nothing was sent */
	OUTCOME_FAILED,
	OUTCOME_COUNT,
};

/* What becomes of one set. */
struct unwrapping {
	const struct arguments *a;
	const struct set_entry *e;
	struct token *t;
	CK_OBJECT_HANDLE pair;
	bool had_material;
	char reason[REASON_MAX]; /* why it was not imported */
};

static bool
read_arguments(int argc, char **argv, struct arguments *a)
{
	const struct option_row rows[] = {
	    {"to", NULL, NULL, region_tokens_option, &a->tokens},
	    {"expect", NULL, &a->expect, NULL, NULL},
	    {"region", NULL, &a->region, NULL, NULL},
	    {"key", NULL, &a->arn, NULL, NULL},
	    {"end-date", NULL, NULL, key_option_end_date, &a->wish},
	    {"valid-days", NULL, NULL, key_option_valid_days, &a->wish},
	    {"no-end-date", &a->no_end, NULL, NULL, NULL},
	    {"new-material", &a->new_material, NULL, NULL, NULL},
	    {"yes", &a->yes, NULL, NULL, NULL},
	    {"json", &a->json, NULL, NULL, NULL},
	    {"quiet", &a->quiet, NULL, NULL, NULL},
	};
	int i = options_read(
	    argc, argv, rows, sizeof(rows) / sizeof(rows[0]), 2);

	if (i == argc)
		message("name a directory");
	if (a->no_end && a->wish.expires)
		message("an end and --no-end-date exclude each other");
	if (i == -1 || i == argc || (a->no_end && a->wish.expires))
		return (false);
	a->directory = argv[i];
	a->wrapped = i + 1 < argc ? argv[i + 1] : NULL;
	return (true);
}

__attribute__((format(printf, 3, 4))) static enum outcome
end(struct unwrapping *u, enum outcome o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(u->reason, sizeof(u->reason), fmt, ap);
	va_end(ap);
	return (o);
}

/* What to do about KMS's answer, which the reason has before it. */
static const char *
advice(const char *said)
{
	static const struct {
		const char *exception, *advice;
	} rows[] = {
	    {"CKR_TEMPLATE_INCOMPLETE",
		"KMS does not say when the key's material ended: give "
		"--end-date or --no-end-date"},
	    {"IncorrectKeyMaterial",
		"it is well wrapped, but not the material that this key takes: "
		"wrap the right key for the same set"},
	    {"InvalidCiphertext",
		"it was not wrapped for this set's wrapping key, or not by its "
		"algorithm and hash: wrap the key again as README.txt says; "
		"the set stays good until its end"},
	    {"ExpiredImportToken",
		"this set is spent: make another with keyferry pair, and wrap "
		"the key again for its wrapping key"},
	    {"InvalidImportToken",
		"this set is spent, or its token is another key's: make "
		"another with keyferry pair, and wrap the key again for its "
		"wrapping key"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strstr(said, rows[i].exception) != NULL)
			return (rows[i].advice);
	return ("");
}

static enum outcome
end_failed(struct unwrapping *u, enum outcome o, const char *function, CK_RV rv)
{
	char said[TOKEN_ERROR_SIZE], name[RV_SAID_SIZE];
	const char *what, *more;

	token_last_error(u->t, function, said);
	what = said[0] != '\0' ? said : rv_said(rv, name);
	more = advice(said);
	return (end(u, o, "%s%s%s", more, more[0] != '\0' ? ": " : "", what));
}

/* All that can be seen without KMS. */
static enum outcome
check_set(struct unwrapping *u)
{
	const struct set_entry *e = u->e;
	const char *expected = u->a->expect, *why;
	char until[TEXT_TIME_SIZE];

	if (e->region[0] == '\0')
		return (end(u, OUTCOME_REFUSED,
		    "it does not tell its key: give the key's ARN with --key"));
	if (e->fingerprint[0] == '\0')
		return (end(u, OUTCOME_REFUSED,
		    "its wrapping key is no RSA public key in DER"));
	if (expected != NULL && strcasecmp(expected, e->fingerprint) != 0)
		return (end(u, OUTCOME_REFUSED,
		    "the fingerprint of its wrapping key is %s, which is not "
		    "the one that is expected: nothing is sent",
		    e->fingerprint));
	if ((why = key_wish_why_not(&u->a->wish, true)) != NULL)
		return (end(u, OUTCOME_REFUSED, "%s", why));
	text_time((time_t)e->set.valid_to, until);
	if ((double)time(NULL) >= e->set.valid_to)
		return (end(u, OUTCOME_REFUSED,
		    "its 24 hours ended at %s: make another with keyferry "
		    "pair, and wrap the key again for its wrapping key; "
		    "nothing is sent",
		    until));
	u->t = region_tokens_find(&u->a->tokens, view_str(e->region));
	if (u->t == NULL)
		return (end(u, OUTCOME_REFUSED,
		    "no token of %s is open: name it with --to", e->region));
	return (OUTCOME_IMPORTED);
}

static enum outcome
read_wrapped(struct unwrapping *u, struct buf *out)
{
	char *beside = set_path(u->e->path, WRAPPED_FILE);
	const char *path = u->a->wrapped != NULL ? u->a->wrapped : beside;
	enum outcome o = OUTCOME_IMPORTED;
	double written;

	if (path == NULL)
		o = end(u, OUTCOME_FAILED, "out of memory");
	else if (!set_read_file(path, out, &written))
		o = errno == ENOENT && u->a->wrapped == NULL
			? end(u, OUTCOME_WAITS,
			      "there is no wrapped key yet: %s", path)
			: end(u, OUTCOME_REFUSED, "%s: %s", path,
			      errno == EFBIG ? "it is too long for a wrapped "
					       "key"
					     : set_file_error(errno));
	else if (out->len == 0)
		o = end(u, OUTCOME_REFUSED, "%s: it is empty", path);
	free(beside);
	return (o);
}

/* Gives the set to the module, which checks it. */
static enum outcome
take_set(struct unwrapping *u)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type = CKK_RSA;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)},
	    {CKA_KEY_TYPE, &type, sizeof(type)}, {CKA_TOKEN, &yes, sizeof(yes)},
	    {CKA_KEYFERRY_IMPORT_SET, u->e->json.ptr, u->e->json.len}};
	struct buf name = BUF_INIT(0);
	CK_RV rv = u->t->p11->C_CreateObject(u->t->session, t, 4, &u->pair);

	if (rv != CKR_OK)
		return (end_failed(u, OUTCOME_REFUSED, "C_CreateObject", rv));
	(void)token_get_attribute(u->t, u->pair, CKA_UNIQUE_ID, &name);
	u->had_material = name.len > 6 && memcmp(name.ptr, "renew:", 6) == 0;
	buf_free(&name);
	return (OUTCOME_IMPORTED);
}

/* What the key is, which KMS or the set told the module. */
static bool
describe(const struct unwrapping *u, struct key *k)
{
	struct buf spec = BUF_INIT(0);
	bool done;

	done = token_get_attribute(
		   u->t, u->pair, CKA_KEYFERRY_KEY_SPEC, &spec) == CKR_OK &&
	       spec.len != 0 && key_set_kms_spec(k, (const char *)spec.ptr);
	k->usage = key_usage_there(u->t, u->pair);
	buf_free(&spec);
	return (done);
}

static CK_RV
unwrap(struct unwrapping *u, const struct key *k, struct view wrapped)
{
	static const char no_end[] = "KEY_MATERIAL_DOES_NOT_EXPIRE";
	static const CK_BBOOL yes = CK_TRUE;
	const struct key_wish *w = &u->a->wish;
	struct attribute_list t = {.count = 0};
	struct buf allowed = BUF_INIT(0);
	CK_MECHANISM m = {0, NULL, 0};
	CK_KEY_TYPE type = key_target_type(k);
	CK_OBJECT_HANDLE made;
	CK_RV rv;

	rv = token_get_attribute(
	    u->t, u->pair, CKA_ALLOWED_MECHANISMS, &allowed);
	if (rv == CKR_OK && allowed.len >= sizeof(m.mechanism))
		memcpy(&m.mechanism, allowed.ptr, sizeof(m.mechanism));
	buf_free(&allowed);
	add_attribute(&t, CKA_CLASS, &k->class, sizeof(k->class));
	add_attribute(&t, CKA_KEY_TYPE, &type, sizeof(type));
	add_attribute(&t, CKA_TOKEN, &yes, sizeof(yes));
	add_attribute(&t, CKA_LABEL, u->e->set.arn, strlen(u->e->set.arn));
	if (w->expires)
		add_attribute(
		    &t, CKA_END_DATE, &w->end_date, sizeof(w->end_date));
	if (u->a->no_end)
		add_attribute(&t, CKA_KEYFERRY_EXPIRATION_MODEL, no_end,
		    sizeof(no_end) - 1);
	if (u->a->new_material)
		add_attribute(&t, CKA_KEYFERRY_NEW_MATERIAL, &yes, sizeof(yes));
	t.count += key_usage_template(k, true, t.rows + t.count);
	return (u->t->p11->C_UnwrapKey(u->t->session, &m, u->pair,
	    (CK_BYTE *)(uintptr_t)wrapped.ptr, wrapped.len, t.rows, t.count,
	    &made));
}

static enum outcome
import(struct unwrapping *u, struct view wrapped)
{
	enum outcome o = take_set(u);
	struct key k = {.class = 0};
	CK_RV rv;

	if (o != OUTCOME_IMPORTED)
		return (o);
	if (!describe(u, &k))
		o = end(u, OUTCOME_REFUSED, "KMS imports no such keys");
	else if ((rv = unwrap(u, &k, wrapped)) != CKR_OK)
		o = end_failed(u, OUTCOME_FAILED, "C_UnwrapKey", rv);
	else if (u->had_material && !u->a->new_material &&
		 strcmp(u->e->set.state, "PendingImport") == 0)
		o = OUTCOME_SAME;
	key_free(&k);
	return (o);
}

static bool
may_import(const struct unwrapping *u)
{
	const struct set_entry *e = u->e;

	if (u->a->yes || u->a->expect != NULL)
		return (true);
	message_more("key %s", e->set.arn);
	message_more("  fingerprint of its wrapping key: %s", e->fingerprint);
	return (ask(false, "Is it the one that was read out? Import the key?"));
}

static enum outcome
unwrap_set(struct unwrapping *u)
{
	struct buf wrapped = BUF_INIT(WRAPPED_MAX);
	enum outcome o = check_set(u);

	if (o == OUTCOME_IMPORTED)
		o = read_wrapped(u, &wrapped);
	if (o == OUTCOME_IMPORTED && !may_import(u))
		o = end(u, OUTCOME_REFUSED, "nothing is sent");
	if (o == OUTCOME_IMPORTED)
		o = import(u, buf_view(&wrapped));
	buf_free(&wrapped);
	return (o);
}

static void
print_json(const struct unwrapping *u, enum outcome o)
{
	static const char *const statuses[OUTCOME_COUNT] = {
	    "imported", "same", "waits", "refused", "failed"};
	const struct set_entry *e = u->e;
	struct json_writer w;

	write_json_begin(&w, stdout);
	write_json_text(&w, "directory", view_str(e->path));
	write_json_text(&w, "arn", view_str(e->set.arn));
	write_json_text(&w, "region", view_str(e->region));
	write_json_text(&w, "wrapping_key", view_str(e->fingerprint));
	write_json_text(&w, "status", view_str(statuses[o]));
	if (u->reason[0] != '\0')
		write_json_text(&w, "reason", view_str(u->reason));
	write_json_end(&w);
	putchar('\n');
}

static void
print_outcome(const struct unwrapping *u, enum outcome o)
{
	bool imported = o == OUTCOME_IMPORTED || o == OUTCOME_SAME;

	if (u->a->json)
		print_json(u, o);
	if (!imported)
		message("%s: %s", u->e->path, u->reason);
	if (!imported || u->a->json || u->a->quiet)
		return;
	text_print(stdout, view_str(u->e->set.arn));
	puts(o == OUTCOME_SAME ? ": it has this material already; KMS took it "
				 "again"
			       : ": imported");
}

static bool
is_wanted(const struct arguments *a, const struct set_entry *e)
{
	return (a->region == NULL || strcmp(a->region, e->region) == 0);
}

/* One wrapped file is for one set. */
static bool
check_list(const struct arguments *a, const struct set_list *l)
{
	size_t count = 0;

	for (size_t i = 0; i < l->count; i++)
		count += is_wanted(a, &l->rows[i]);
	if (count == 0)
		message("%s: it has no set of %s", a->directory, a->region);
	else if (count > 1 && a->wrapped != NULL)
		message(
		    "%s: each of its %zu sets needs a wrapping of its own: put "
		    "them beside the sets as %s, or name one set with --region",
		    a->directory, count, WRAPPED_FILE);
	else if (count > 1 && a->expect != NULL)
		message("--expect is for one set: name it with --region");
	else
		return (true);
	return (false);
}

static int
unwrap_sets(const struct arguments *a, const struct set_list *l)
{
	size_t count[OUTCOME_COUNT] = {0}, done, left;
	enum outcome o;

	for (size_t i = 0; i < l->count; i++) {
		struct unwrapping u = {.a = a, .e = &l->rows[i]};

		if (!is_wanted(a, u.e))
			continue;
		count[o = unwrap_set(&u)]++;
		print_outcome(&u, o);
	}
	done = count[OUTCOME_IMPORTED] + count[OUTCOME_SAME];
	left = count[OUTCOME_WAITS] + count[OUTCOME_REFUSED];
	if (left == 0 && count[OUTCOME_FAILED] == 0)
		return (EXIT_ALL_DONE);
	return (done == 0 && count[OUTCOME_FAILED] == 0 ? EXIT_NOTHING_DONE
							: EXIT_SOME_FAILED);
}

int
unwrap_run(int argc, char **argv)
{
	struct arguments a = {0};
	struct set_list l = {NULL, 0, 0};
	int status = EXIT_NOTHING_DONE;

	if (!read_arguments(argc, argv, &a)) {
		fputs(unwrap_usage, stderr);
		return (EXIT_NOTHING_DONE);
	}
	if (set_list_read(&l, a.directory, a.arn) && check_list(&a, &l) &&
	    region_tokens_open(&a.tokens, 0))
		status = unwrap_sets(&a, &l);
	region_tokens_close(&a.tokens);
	set_list_free(&l);
	return (status);
}

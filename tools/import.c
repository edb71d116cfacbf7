#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "import.h"
#include "import-key.h"
#include "import-manifest.h"
#include "keyferry-token.h"
#include "listed-key.h"
#include "message.h"
#include "options.h"
#include "run-plan.h"
#include "source-key.h"
#include "uri.h"

#define WRAPPING_BITS 4096 /* at most, for the keys of tokens */
#define FILES_MAX 1000 /* on one command line */

const char import_usage[] =
    "usage: keyferry import FILE ... | --manifest FILE | --components N "
    "[options]\n"
    "Imports keys from files, or from tokens by a manifest, into KMS. Shows "
    "before\nwhat it will do, and "
    "asks.\n"
    "FILE holds a private key (PEM, DER; PKCS#8, PKCS#1, SEC1; PKCS#12) or a "
    "secret\n"
    "key (raw bytes, hexadecimal digits, Base64).\n"
    "  --to URI           Keyferry's token, if there are several\n"
    "  --label TEXT       the key's label (default, without --id: the file's "
    "name\n"
    "                     without its extension)\n"
    "  --id HEX           the key's id, in hexadecimal digits\n"
    "  --into KEY         fill the key in KMS of this ARN or key id\n"
    "  --new-material     rotate that key: the file has other material for it\n"
    "  --manifest FILE    CSV or JSON Lines name the files, or tokens' keys: "
    "the\n"
    "                     first line, or each object, has file or source, and\n"
    "                     label, id, into, usage, hash, end-date or "
    "valid-days,\n"
    "                     format, tags, multi-region\n"
    "  --components N     no file: ask for the 2 to 9 parts of a secret key, "
    "which\n"
    "                     are not shown, and take their exclusive or\n"
    "  --usage sign|decrypt|derive\n"
    "                     what the keys are for (default: the first that KMS "
    "has)\n"
    "  --hash sha224|sha256|sha384|sha512\n"
    "                     secret keys are HMAC keys of this hash\n"
    "  --end-date YYYY-MM-DD\n"
    "                     the last day on which the keys are valid, also of "
    "those\n"
    "                     that are in KMS\n"
    "  --valid-days N     the same, as days from now\n"
    "  --tags KEY=VALUE   tags of new keys, with commas between, beside the\n"
    "                     configuration's\n"
    "  --multi-region yes|no\n"
    "                     whether new keys are multi-Region (default: as the\n"
    "                     configuration says)\n"
    "  --format raw|hex|base64\n"
    "                     what a secret key is in, where it is not clear\n"
    "  --passphrase-file FILE\n"
    "                     of encrypted private keys, in the first line; "
    "without "
    "it\n"
    "                     you are asked\n"
    "  --dry-run          show what would be imported, and change nothing\n"
    "  --yes              do not ask for confirmation\n"
    "  --report FILE      write a line of JSON for each key\n"
    "  --json             print these lines instead of plan and result\n"
    "  --quiet            print only the result, no plan and no progress\n";

struct arguments {
	char *to, *passphrase_file, *manifest;
	unsigned components; /* of which the key consists; 0: files have it */
	struct wanted_key all; /* what is wanted of each */
	struct wanted_keys wanted;
	struct move_options options;
};

static const char *
what_is_wrong(const struct arguments *a, int files)
{
	const struct wanted_key *w = &a->all;
	bool named = w->label != NULL || w->id.len != 0 || w->into != NULL;

	if (a->manifest != NULL && (files != 0 || a->components != 0 || named))
		return ("--manifest takes no file, label, id, --into and "
			"--components");
	if (a->components != 0 && (files != 0 || !named))
		return ("--components takes no file, and a label, an id or "
			"--into");
	if (files == 0 && a->components == 0 && a->manifest == NULL)
		return ("name a file");
	if (files > 1 && named)
		return ("--label, --id and --into are for one file");
	return (a->manifest != NULL ? NULL : wanted_key_check(w));
}

static bool
read_components(char *s, void *to)
{
	bool valid = s[0] >= '2' && s[0] <= '9' && s[1] == '\0';

	*(unsigned *)to = valid ? (unsigned)(s[0] - '0') : 0;
	return (valid);
}

static bool
add_wanted(struct arguments *a, char **files, int count)
{
	bool done = true;

	if (a->manifest != NULL)
		return (
		    wanted_keys_read(&a->wanted, a->manifest, &a->all, true));
	if (a->components != 0)
		return (wanted_keys_add(&a->wanted, &a->all));
	for (int i = 0; i < count && done; i++) {
		a->all.file = files[i];
		done = wanted_keys_add(&a->wanted, &a->all);
	}
	return (done);
}

/* *usage: whether the usage should be shown. */
static bool
read_arguments(int argc, char **argv, struct arguments *a, bool *usage)
{
	struct move_options *o = &a->options;
	struct option_row rows[WANTED_OPTIONS + 10] = {
	    {"to", NULL, &a->to, NULL, NULL},
	    {"manifest", NULL, &a->manifest, NULL, NULL},
	    {"new-material", &a->all.new_material, NULL, NULL, NULL},
	    {"components", NULL, NULL, read_components, &a->components},
	    {"passphrase-file", NULL, &a->passphrase_file, NULL, NULL},
	    {"dry-run", &o->dry_run, NULL, NULL, NULL},
	    {"yes", &o->yes, NULL, NULL, NULL},
	    {"report", NULL, &o->report, NULL, NULL},
	    {"json", &o->json, NULL, NULL, NULL},
	    {"quiet", &o->quiet, NULL, NULL, NULL},
	};
	const char *why;
	int first;

	*usage = true;
	o->bits = WRAPPING_BITS;
	a->all.algorithm = ALGORITHM_HELD;
	wanted_key_options(&a->all, rows + 10);
	first = options_read(
	    argc, argv, rows, sizeof(rows) / sizeof(rows[0]), FILES_MAX);
	if (first == -1)
		return (false);
	if ((why = what_is_wrong(a, argc - first)) != NULL) {
		message("%s", why);
		return (false);
	}
	*usage = false;
	return (add_wanted(a, argv + first, argc - first));
}

/* A label, which others can put on a key of theirs, is not enough. */
static bool
find_target(
    const struct token *to, struct wanted_key *w, struct key_list *found)
{
	const CK_ATTRIBUTE named = {CKA_LABEL, w->into, strlen(w->into)};

	if (!key_list_find(found, to, &named, 1))
		return (false);
	if (found->count != 1 ||
	    !listed_key_is_named(&found->rows[0], w->into)) {
		message("%s: there is no key of this ARN or key id", w->into);
		return (false);
	}
	w->wish.hmac = listed_key_hmac(&found->rows[0]);
	w->algorithm = ALGORITHM_IGNORED;
	return (true);
}

static void
refuse_target(struct key *k, const struct listed_key *there)
{
	const char *why = key_why_not_importable(k);

	if (why == NULL)
		(void)key_choose_hmac(k, k->wish.hmac, &why);
	if (there->deletion != 0)
		why = "KMS is to delete the key there: keyferry "
		      "cancel-deletion";
	else if (!view_equal(buf_view(&there->origin), view_str("EXTERNAL")))
		why = "KMS made the material of the key there";
	if (why != NULL)
		key_refuse(k, "%s", why);
	else if (!view_equal(buf_view(&there->spec), view_str(key_kms_spec(k))))
		key_refuse(k, "the key there takes %.*s, and this is %s",
		    (int)there->spec.len, (const char *)there->spec.ptr,
		    key_kms_spec(k));
}

/* The key takes what the target's has. */
static bool
aim_key(
    const struct wanted_key *a, struct key *k, const struct listed_key *there)
{
	k->into = a->into;
	k->new_material = a->new_material;
	k->there = there->handle;
	k->status = there->waits || a->new_material ? STATUS_PLANNED
						    : STATUS_SAME_NAME;
	refuse_target(k, there);
	buf_free(&k->label);
	buf_free(&k->id);
	k->label.max = k->id.max = k->unique_id.max = SIZE_MAX;
	return (buf_append(&k->label, buf_view(&there->label)) == ERR_OK &&
		buf_append(&k->id, buf_view(&there->id)) == ERR_OK &&
		buf_append(&k->unique_id, buf_view(&there->arn)) == ERR_OK);
}

/* What a run works with. */
struct import {
	const struct arguments *arguments;
	const struct key_reader *reader;
	struct plan *plan;
	struct keyferry_token to;
	bool token_failed; /* one that has keys cannot be used */
};

/* The key that the URI of a manifest's line selects; NULL: none. */
static struct key *
find_key_of_token(struct import *m, const struct wanted_key *w)
{
	struct plan *p = m->plan;
	P11KitUri *uri = uri_parse(w->source);
	enum source_key added = SOURCE_KEY_NONE;
	const char *problem;

	if (uri == NULL)
		return (NULL);
	added = source_key_add(p, &m->to.tokens, uri);
	uri_free(uri);
	problem = source_key_problem(added);
	if (problem[0] != '\0')
		message("%s: line %u: %s: %s", m->arguments->manifest, w->line,
		    w->source, problem);
	m->token_failed = added == SOURCE_KEY_NO_TOKEN;
	if (added != SOURCE_KEY_ADDED)
		return (NULL);
	p->keys[p->count - 1].wish = w->wish;
	return (&p->keys[p->count - 1]);
}

static struct key *
read_key(struct import *m, const struct wanted_key *w)
{
	unsigned components = m->arguments->components;
	struct key *k;
	bool done;

	if (w->source != NULL)
		return (find_key_of_token(m, w));
	if ((k = plan_new_key(m->plan)) == NULL)
		return (NULL);
	done = components == 0
		   ? import_read_key(m->reader, w, k)
		   : import_read_components(m->reader, w, components, k);
	return (done ? k : NULL);
}

/* What is not said of a token's key is as on the token. */
static bool
name_key(const struct wanted_key *w, struct key *k)
{
	if (k->from == NULL)
		return (import_name_key(w, k));
	if (w->label != NULL)
		buf_reset(&k->label);
	if (w->id.len != 0)
		buf_reset(&k->id);
	return (
	    (w->label == NULL || buf_puts(&k->label, w->label) == ERR_OK) &&
	    (w->id.len == 0 ||
		buf_append(&k->id, VIEW(w->id.bytes, w->id.len)) == ERR_OK));
}

static bool
add_key(struct import *m, struct wanted_key *w)
{
	struct key_list found = {NULL, 0, 0};
	struct key *k = NULL;

	if (w->into == NULL || find_target(m->to.token, w, &found))
		k = read_key(m, w);
	if (k != NULL && !(w->into == NULL ? name_key(w, k)
					   : aim_key(w, k, &found.rows[0]))) {
		message("out of memory");
		k = NULL;
	}
	key_list_free(&found);
	if (k != NULL)
		source_key_compare(k, w);
	return (k != NULL);
}

static int
import(struct arguments *a, const struct key_reader *r, struct plan *p)
{
	struct import m = {
	    .arguments = a, .reader = r, .plan = p, .to = KEYFERRY_TOKEN_INIT};
	int ended = EXIT_NOTHING_DONE;
	bool open = keyferry_token_open(&m.to, a->to, true) &&
		    uri_names_token(m.to.uri);
	bool all = open;

	p->to = m.to.token;
	/* whatever cannot be read is named before the run ends */
	for (size_t i = 0; open && i < a->wanted.count && !m.token_failed; i++)
		all = add_key(&m, &a->wanted.rows[i]) && all;
	if (all)
		ended = run_plan(p);
	plan_free(p);
	keyferry_token_close(&m.to);
	return (ended);
}

int
import_run(int argc, char **argv)
{
	static const struct plan_words words = {
	    "Import", "imported", "is not imported"};
	struct plan p = {
	    .words = &words, .transfer = source_key_bring, .to_keyferry = true};
	struct arguments a = {.wanted = WANTED_KEYS_INIT};
	struct key_reader r = {0};
	int ended = EXIT_NOTHING_DONE;
	bool usage;

	if (!read_arguments(argc, argv, &a, &usage)) {
		if (usage)
			fputs(import_usage, stderr);
		goto out;
	}
	r.passphrase_file = a.passphrase_file;
	p.options = a.options;
	if (key_reader_open(&r)) {
		p.lib = r.lib;
		ended = import(&a, &r, &p);
	}
	key_reader_close(&r);
out:
	wanted_keys_free(&a.wanted);
	return (ended);
}

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "cryptoki/keyferry.h"
#include "command.h"
#include "find-key.h"
#include "import-key.h"
#include "message.h"
#include "rotate.h"
#include "run-plan.h"
#include "source-key.h"
#include "uri.h"

const char rotate_usage[] =
    "usage: keyferry rotate KEY --from URI|FILE [options]\n"
    "Gives an AES key in KMS new material. What was encrypted before goes on "
    "being\n"
    "decrypted with the old, which must stay on its source, too.\n"
    "KEY is an ARN, a key id or a label, on the token that --to names; or a "
    "PKCS#11\n"
    "URI with object= or id=.\n"
    "  --from URI|FILE    the new material: a key of a token, or a file\n"
    "  --to URI           Keyferry's token, if there are several\n"
    "  --valid-days N     the new material is valid for N days from now "
    "(default: what\n"
    "                     valid-days in keyferry.conf says)\n"
    "  --end-date YYYY-MM-DD\n"
    "                     the last day on which it is valid\n"
    "  --format raw|hex|base64\n"
    "                     what the file is in, where it is not clear\n"
    "  --wrapping-bits 2048|3072|4096\n"
    "                     the size of the wrapping key, at most (default: "
    "4096)\n"
    "  --dry-run          show what would be done, and change nothing\n"
    "  --yes              do not ask for confirmation\n"
    "  --report FILE      write a line of JSON\n"
    "  --json             print this line instead of plan and result\n"
    "  --quiet            print only the result, no plan and no progress\n";

struct arguments {
	char *key, *from, *to;
	struct wanted_key file; /* what is said of it */
	struct move_options options;
};

static bool
read_arguments(int argc, char **argv, struct arguments *a)
{
	struct move_options *o = &a->options;
	const struct option_row rows[] = {
	    {"from", NULL, &a->from, NULL, NULL},
	    {"to", NULL, &a->to, NULL, NULL},
	    {"valid-days", NULL, NULL, key_option_valid_days, &o->wish},
	    {"end-date", NULL, NULL, key_option_end_date, &o->wish},
	    {"format", NULL, NULL, key_option_format, &a->file.format},
	    {"wrapping-bits", NULL, NULL, key_option_wrapping_bits, &o->bits},
	    {"dry-run", &o->dry_run, NULL, NULL, NULL},
	    {"yes", &o->yes, NULL, NULL, NULL},
	    {"report", NULL, &o->report, NULL, NULL},
	    {"json", &o->json, NULL, NULL, NULL},
	    {"quiet", &o->quiet, NULL, NULL, NULL},
	};
	int first;

	o->bits = 4096;
	first = options_read(
	    argc, argv, rows, sizeof(rows) / sizeof(rows[0]), 1);
	if (first == -1)
		return (false);
	if (first == argc || a->from == NULL) {
		message("name a key, and its new material with --from");
		return (false);
	}
	a->key = argv[first];
	return (true);
}

/* Why it has no other material, or NULL. */
static const char *
why_not(const struct listed_key *k)
{
	if (!view_equal(buf_view(&k->spec), view_str("SYMMETRIC_DEFAULT")))
		return ("KMS rotates AES keys alone: bring the new key under "
			"another id");
	if (!view_equal(buf_view(&k->origin), view_str("EXTERNAL")))
		return ("KMS made its material");
	if (k->deletion != 0)
		return ("it is to be deleted: keyferry cancel-deletion");
	return (k->waits ? "it waits for material: keyferry renew" : NULL);
}

static bool
add_of_token(struct plan *p, struct open_tokens *tokens, P11KitUri *uri,
    const char *text)
{
	enum source_key added = source_key_add(p, tokens, uri);
	const char *problem = source_key_problem(added);

	if (problem[0] != '\0')
		message("%s: %s", text, problem);
	return (added == SOURCE_KEY_ADDED);
}

static bool
add_of_file(
    struct plan *p, const struct key_reader *r, const struct wanted_key *w)
{
	struct key *k = plan_new_key(p);

	return (k != NULL && import_read_key(r, w, k));
}

/* A label, which others can put on a key of theirs, is not enough: the module
 * says whether it is. The key keeps its names and its usage. */
static bool
aim(struct key *k, const struct token *to, const struct listed_key *there,
    char *name)
{
	bool named = listed_key_is_named(there, name);

	k->into = (const char *)(named || there->label.len == 0
				     ? there->arn.ptr
				     : there->label.ptr);
	k->new_material = true;
	k->there = there->handle;
	k->status = STATUS_PLANNED;
	k->uses = key_usage_there(to, there->handle);
	buf_free(&k->label);
	buf_free(&k->id);
	k->label.max = k->id.max = k->unique_id.max = SIZE_MAX;
	if (k->type != CKK_AES || (k->bits != 0 && k->bits != 256))
		key_refuse(k, "it is no AES key of 256 bits");
	return (buf_append(&k->label, buf_view(&there->label)) == ERR_OK &&
		buf_append(&k->id, buf_view(&there->id)) == ERR_OK &&
		buf_append(&k->unique_id, buf_view(&there->arn)) == ERR_OK);
}

/* New material of a multi-Region key is brought to each Region. */
static void
tell_of_regions(struct found_key *f)
{
	struct buf states = BUF_INIT(0);

	if (found_key_refresh(f))
		(void)token_get_attribute(f->open.token, f->keys.rows[0].handle,
		    CKA_KEYFERRY_MATERIAL_STATES, &states);
	if (states.len != 0 &&
	    strstr((const char *)states.ptr, "PENDING_MULTI_REGION") != NULL)
		message(
		    "the key goes on with the old material until the same "
		    "command has brought the new one to each of its Regions");
	buf_free(&states);
}

static int
rotate(struct arguments *a, struct found_key *f, struct plan *p,
    struct open_tokens *tokens, const struct key_reader *r)
{
	const struct listed_key *there = &f->keys.rows[0];
	P11KitUri *uri = NULL;
	const char *why = why_not(there);
	int ended = EXIT_NOTHING_DONE;
	bool added;

	if (why != NULL) {
		message("%s: %s", a->key, why);
		return (EXIT_NOTHING_DONE);
	}
	if (strncmp(a->from, "pkcs11:", strlen("pkcs11:")) == 0)
		added = (uri = uri_parse(a->from)) != NULL &&
			add_of_token(p, tokens, uri, a->from);
	else
		added = add_of_file(p, r, &a->file);
	if (added && aim(&p->keys[0], p->to, there, a->key))
		ended = run_plan(p);
	if (ended == EXIT_ALL_DONE && !a->options.dry_run)
		tell_of_regions(f);
	uri_free(uri);
	return (ended);
}

int
rotate_run(int argc, char **argv)
{
	static const struct plan_words words = {
	    "Rotate", "rotated", "is not rotated"};
	struct arguments a = {0};
	struct found_key f = FOUND_KEY_INIT;
	struct open_tokens tokens = OPEN_TOKENS_INIT;
	struct key_reader r = {0};
	struct plan p = {
	    .words = &words, .transfer = source_key_bring, .to_keyferry = true};
	int ended = EXIT_NOTHING_DONE;

	if (!read_arguments(argc, argv, &a)) {
		fputs(rotate_usage, stderr);
		return (EXIT_NOTHING_DONE);
	}
	p.options = a.options;
	a.file.file = a.from;
	a.file.wish = a.options.wish;
	if (key_reader_open(&r) && found_key_open(&f, a.to, a.key)) {
		p.lib = r.lib;
		p.to = f.open.token;
		ended = rotate(&a, &f, &p, &tokens, &r);
	}
	plan_free(&p);
	close_tokens(&tokens);
	found_key_close(&f);
	key_reader_close(&r);
	return (ended);
}

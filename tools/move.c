#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "key-options.h"
#include "message.h"
#include "move.h"
#include "move-transfer.h"
#include "open-token.h"
#include "options.h"
#include "run-plan.h"
#include "uri.h"

#define URIS_MAX 64

const char move_usage[] =
    "usage: keyferry move --from URI [--from URI ...] --to URI [--to URI ...] "
    "[options]\n"
    "Copies secret and private keys, wrapped, from PKCS#11 tokens to other\n"
    "tokens. The originals stay where they are.\n"
    "  --from URI         the source token, and which of its keys: object=, "
    "id=,\n"
    "                     type=; without these, all. May be repeated\n"
    "  --to URI           the target token. May be repeated: each gets the "
    "keys\n"
    "  --dry-run          show which keys would be moved, and change nothing\n"
    "  --yes              do not ask for confirmation\n"
    "  --report FILE      write a line of JSON for each key\n"
    "  --json             print these lines instead of plan and result\n"
    "  --quiet            print only the result, no plan and no progress\n"
    "  --usage sign|decrypt|derive\n"
    "                     which usage a key gets in KMS, if it has several\n"
    "  --end-date YYYY-MM-DD\n"
    "                     the last day on which the keys are valid, also of "
    "those\n"
    "                     that are on the target\n"
    "  --label-prefix TEXT\n"
    "                     put TEXT before each label on the target\n"
    "  --id-prefix HEX    put these bytes before each id on the target\n"
    "  --map FILE         CSV or JSON Lines give keys other names there: "
    "columns\n"
    "                     label and id (of the source), new-label and new-id\n"
    "  --hash sha256|sha1 the hash for RSA-OAEP (default: sha256 if the "
    "source\n"
    "                     has it)\n"
    "  --hmac sha224|sha256|sha384|sha512\n"
    "                     the hash of HMAC keys (default: their own, or the "
    "longest\n"
    "                     for their length)\n"
    "  --wrapping-bits 2048|3072|4096\n"
    "                     the size of the wrapping keys, at most (default: "
    "4096)\n"
    "A URI may contain module-path=, pin-source= and pin-value=. Without a PIN "
    "there,\n"
    "PKCS11_PIN in the environment is used, or you are asked for it.\n";

struct uri_list {
	char *texts[URIS_MAX];
	P11KitUri *uris[URIS_MAX];
	size_t count;
};

/* What the command line said. */
struct arguments {
	struct uri_list from, to;
	struct move_options options;
};

/* What it is done with. */
struct move {
	struct arguments *arguments;
	struct open_tokens tokens;
	struct name_map map;
	struct plan plans[URIS_MAX]; /* one for each target */
};

static bool
read_hash(char *s, void *to)
{
	CK_MECHANISM_TYPE *hash = to;

	*hash = strcmp(s, "sha256") == 0 ? CKM_SHA256
		: strcmp(s, "sha1") == 0 ? CKM_SHA_1
					 : 0;
	return (*hash != 0);
}

static bool
read_uri(char *s, void *to)
{
	struct uri_list *l = to;

	if (l->count == URIS_MAX)
		return (false);
	l->texts[l->count++] = s;
	return (true);
}

static bool
read_arguments(int argc, char **argv, struct arguments *a)
{
	struct move_options *o = &a->options;
	const struct option_row rows[] = {
	    {"from", NULL, NULL, read_uri, &a->from},
	    {"to", NULL, NULL, read_uri, &a->to},
	    {"dry-run", &o->dry_run, NULL, NULL, NULL},
	    {"yes", &o->yes, NULL, NULL, NULL},
	    {"report", NULL, &o->report, NULL, NULL},
	    {"json", &o->json, NULL, NULL, NULL},
	    {"quiet", &o->quiet, NULL, NULL, NULL},
	    {"label-prefix", NULL, &o->prefix, NULL, NULL},
	    {"id-prefix", NULL, NULL, key_option_id, &o->id_prefix},
	    {"map", NULL, &o->map, NULL, NULL},
	    {"usage", NULL, NULL, key_option_usage, &o->wish.usage},
	    {"end-date", NULL, NULL, key_option_end_date, &o->wish},
	    {"hash", NULL, NULL, read_hash, &o->hash},
	    {"hmac", NULL, NULL, key_option_hmac, &o->wish.hmac},
	    {"wrapping-bits", NULL, NULL, key_option_wrapping_bits, &o->bits},
	};

	o->bits = 4096;
	if (options_read(argc, argv, rows, sizeof(rows) / sizeof(rows[0]), 0) ==
	    -1)
		return (false);
	if (a->from.count != 0 && a->to.count != 0)
		return (true);
	message("--from and --to are required");
	return (false);
}

static bool
selects_keys(P11KitUri *uri, const char *text)
{
	if (uri_allows_class(uri, CKO_SECRET_KEY) ||
	    uri_allows_class(uri, CKO_PRIVATE_KEY))
		return (true);
	message("%s: type= must be secret-key or private", text);
	return (false);
}

static bool
is_same_token(const struct token *a, const struct token *b)
{
	return (
	    memcmp(a->info.label, b->info.label, sizeof(a->info.label)) == 0 &&
	    memcmp(a->info.manufacturerID, b->info.manufacturerID,
		sizeof(a->info.manufacturerID)) == 0 &&
	    memcmp(a->info.serialNumber, b->info.serialNumber,
		sizeof(a->info.serialNumber)) == 0);
}

/* Checks all that can be checked before a module is loaded. */
static bool
read_uris(struct arguments *a)
{
	for (size_t i = 0; i < a->to.count; i++)
		if ((a->to.uris[i] = uri_parse(a->to.texts[i])) == NULL ||
		    !uri_names_token(a->to.uris[i]))
			return (false);
	for (size_t i = 0; i < a->from.count; i++)
		if ((a->from.uris[i] = uri_parse(a->from.texts[i])) == NULL ||
		    !selects_keys(a->from.uris[i], a->from.texts[i]))
			return (false);
	return (true);
}

static bool
refuse_uri(const char *text, const char *why)
{
	message("%s: %s", text, why);
	return (false);
}

static bool
open_target(struct move *m, size_t i)
{
	struct plan *p = &m->plans[i];

	if ((p->to = open_token(&m->tokens, m->arguments->to.uris[i], true)) ==
	    NULL)
		return (false);
	p->to_keyferry = token_is_keyferry(p->to);
	for (size_t j = 0; j < i; j++) {
		if (is_same_token(m->plans[j].to, p->to))
			return (refuse_uri(m->arguments->to.texts[i],
			    "this token is a target already"));
		m->plans[j].next = &m->plans[j + 1];
	}
	return (true);
}

/* Each target gets a plan of its own, for its own names decide. */
static bool
open_source(struct move *m, size_t i)
{
	P11KitUri *uri = m->arguments->from.uris[i];
	const char *text = m->arguments->from.texts[i];
	const CK_ATTRIBUTE *selection;
	CK_ULONG count = 0, found = 0;
	struct token *from;

	if ((from = open_token(&m->tokens, uri, false)) == NULL)
		return (false);
	selection = p11_kit_uri_get_attributes(uri, &count);
	for (struct plan *p = m->plans; p != NULL; p = p->next) {
		if (is_same_token(from, p->to))
			return (refuse_uri(text, "this is the target token"));
		if (!plan_add_keys(p, from, selection, count, &found))
			return (false);
	}
	return (found != 0 || refuse_uri(text, "there is no such key"));
}

static int
move_keys(struct move *m)
{
	struct arguments *a = m->arguments;

	if (!read_uris(a) ||
	    (a->options.map != NULL && !name_map_read(&m->map, a->options.map)))
		return (EXIT_NOTHING_DONE);
	for (size_t i = 0; i < a->to.count; i++)
		if (!open_target(m, i))
			return (EXIT_NOTHING_DONE);
	for (size_t i = 0; i < a->from.count; i++)
		if (!open_source(m, i))
			return (EXIT_NOTHING_DONE);
	if (!name_map_is_used_up(&m->map))
		return (EXIT_NOTHING_DONE);
	return (run_plan(m->plans));
}

static const struct plan_words words = {"Move", "moved", "stays"};

int
move_run(int argc, char **argv)
{
	struct arguments a = {.from.count = 0};
	struct move m = {
	    .arguments = &a, .tokens = OPEN_TOKENS_INIT, .map = NAME_MAP_INIT};
	int ended;

	if (!read_arguments(argc, argv, &a)) {
		fputs(move_usage, stderr);
		return (EXIT_NOTHING_DONE);
	}
	for (size_t i = 0; i < a.to.count; i++)
		m.plans[i] = (struct plan){.transfer = transfer_key,
		    .words = &words,
		    .options = a.options,
		    .map = a.options.map == NULL ? NULL : &m.map,
		    .names_target = a.to.count > 1};
	ended = move_keys(&m);
	for (size_t i = 0; i < a.to.count; i++) {
		uri_free(a.to.uris[i]);
		plan_free(&m.plans[i]);
	}
	for (size_t i = 0; i < a.from.count; i++)
		uri_free(a.from.uris[i]);
	name_map_free(&m.map);
	close_tokens(&m.tokens);
	return (ended);
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "key-options.h"
#include "move.h"
#include "move-transfer.h"
#include "open-token.h"
#include "options.h"
#include "run-plan.h"
#include "uri.h"

#define FROM_MAX 64

const char move_usage[] =
    "usage: keyferry move --from URI [--from URI ...] --to URI [options]\n"
    "Copies secret and private keys, wrapped, from PKCS#11 tokens to another\n"
    "token. The originals stay where they are.\n"
    "  --from URI         the source token, and which of its keys: object=, "
    "id=,\n"
    "                     type=; without these, all. May be repeated\n"
    "  --to URI           the target token\n"
    "  --dry-run          show which keys would be moved, and change nothing\n"
    "  --yes              do not ask for confirmation\n"
    "  --quiet            print only the result, no plan and no progress\n"
    "  --report FILE      write a line of JSON for each key\n"
    "  --usage sign|decrypt|derive\n"
    "                     which usage a key gets in KMS, if it has several\n"
    "  --end-date YYYY-MM-DD\n"
    "                     the last day on which the keys are valid, also of "
    "those\n"
    "                     that are on the target\n"
    "  --label-prefix TEXT\n"
    "                     put TEXT before each label on the target\n"
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

/* What the command line said. */
struct arguments {
	char *from[FROM_MAX], *to;
	P11KitUri *from_uris[FROM_MAX], *to_uri;
	size_t from_count;
	struct move_options options;
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
read_from(char *s, void *to)
{
	struct arguments *a = to;

	if (a->from_count == FROM_MAX)
		return (false);
	a->from[a->from_count++] = s;
	return (true);
}

static bool
read_arguments(int argc, char **argv, struct arguments *a)
{
	struct move_options *o = &a->options;
	const struct option_row rows[] = {
	    {"from", NULL, NULL, read_from, a},
	    {"to", NULL, &a->to, NULL, NULL},
	    {"dry-run", &o->dry_run, NULL, NULL, NULL},
	    {"yes", &o->yes, NULL, NULL, NULL},
	    {"quiet", &o->quiet, NULL, NULL, NULL},
	    {"report", NULL, &o->report, NULL, NULL},
	    {"label-prefix", NULL, &o->prefix, NULL, NULL},
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
	if (a->from_count == 0 || a->to == NULL)
		fputs("keyferry: --from and --to are required\n", stderr);
	return (a->from_count != 0 && a->to != NULL);
}

static bool
selects_keys(P11KitUri *uri, const char *text)
{
	if (uri_allows_class(uri, CKO_SECRET_KEY) ||
	    uri_allows_class(uri, CKO_PRIVATE_KEY))
		return (true);
	fprintf(stderr, "keyferry: %s: type= must be secret-key or private\n",
	    text);
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
	if ((a->to_uri = uri_parse(a->to)) == NULL ||
	    !uri_names_token(a->to_uri))
		return (false);
	for (size_t i = 0; i < a->from_count; i++)
		if ((a->from_uris[i] = uri_parse(a->from[i])) == NULL ||
		    !selects_keys(a->from_uris[i], a->from[i]))
			return (false);
	return (true);
}

static bool
open_target(struct open_tokens *o, const struct arguments *a, struct plan *p)
{
	if ((p->to = open_token(o, a->to_uri, true)) == NULL)
		return (false);
	p->to_keyferry = token_is_keyferry(p->to);
	return (true);
}

static bool
open_source(
    struct open_tokens *o, P11KitUri *uri, const char *text, struct plan *p)
{
	const CK_ATTRIBUTE *selection;
	struct token *from;
	CK_ULONG count = 0, found = 0;

	if ((from = open_token(o, uri, false)) == NULL)
		return (false);
	if (is_same_token(from, p->to)) {
		fprintf(
		    stderr, "keyferry: %s: this is the target token\n", text);
		return (false);
	}
	selection = p11_kit_uri_get_attributes(uri, &count);
	if (!plan_add_keys(p, from, selection, count, &found))
		return (false);
	if (found == 0)
		fprintf(stderr, "keyferry: %s: there is no such key\n", text);
	return (found != 0);
}

static int
move_keys(struct plan *p, struct open_tokens *o, struct arguments *a)
{
	if (!read_uris(a) || !open_target(o, a, p))
		return (EXIT_NOTHING_DONE);
	for (size_t i = 0; i < a->from_count; i++)
		if (!open_source(o, a->from_uris[i], a->from[i], p))
			return (EXIT_NOTHING_DONE);
	return (run_plan(p));
}

static const struct plan_words words = {"Move", "moved", "stays"};

int
move_run(int argc, char **argv)
{
	struct arguments a = {0};
	struct open_tokens o = OPEN_TOKENS_INIT;
	struct plan p = {.transfer = transfer_key, .words = &words};
	int ended;

	if (!read_arguments(argc, argv, &a)) {
		fputs(move_usage, stderr);
		return (EXIT_NOTHING_DONE);
	}
	p.options = a.options;
	ended = move_keys(&p, &o, &a);
	uri_free(a.to_uri);
	for (size_t i = 0; i < a.from_count; i++)
		uri_free(a.from_uris[i]);
	plan_free(&p);
	close_tokens(&o);
	return (ended);
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "algorithm.h"
#include "command.h"
#include "cryptoki/keyferry.h"
#include "find-key.h"
#include "key-options.h"
#include "message.h"
#include "move-transfer.h"
#include "options.h"
#include "pair.h"
#include "region-tokens.h"
#include "rv-said.h"
#include "set-directory.h"
#include "text.h"
#include "write-json.h"

/*
 * The first step of a ceremony: the import pair of a key, and what is carried
 * from it to the HSM and to whoever unwraps.
 */

#define DEFAULT_BITS 4096
#define ARN_SIZE 256
#define REGIONS_SIZE 1024

const char pair_usage[] =
    "usage: keyferry pair KEY --out DIR [options]\n"
    "Writes what is needed to wrap a key in an HSM and to unwrap it in KMS "
    "into "
    "a\n"
    "directory: the wrapping key, the import token, and a page with commands.\n"
    "KEY is a label, a key id or an ARN, on the token that --to names; or a\n"
    "PKCS#11 URI with object= or id=.\n"
    "  --out DIR          where it goes; -o for short\n"
    "  --to URI           Keyferry's token, if there are several; once more "
    "for that\n"
    "                     of each other Region that has the key\n"
    "  --key-spec SYMMETRIC_DEFAULT|HMAC_224|HMAC_256|HMAC_384|HMAC_512|\n"
    "      RSA_2048|RSA_3072|RSA_4096|ECC_NIST_P256|ECC_NIST_P384|\n"
    "      ECC_NIST_P521|ECC_SECG_P256K1\n"
    "                     make a new key of this KeySpec, KEY is its label\n"
    "  --id HEX           the new key's id, in hexadecimal digits\n"
    "  --usage sign|decrypt|derive\n"
    "                     what the new key is for (default: the first that "
    "KMS has)\n"
    "  --algorithm RSAES_OAEP_SHA_256|RSAES_OAEP_SHA_1|\n"
    "      RSA_AES_KEY_WRAP_SHA_256|RSA_AES_KEY_WRAP_SHA_1\n"
    "                     how it is wrapped (default: as keyferry.conf says)\n"
    "  --wrapping-bits 2048|3072|4096\n"
    "                     the size of the wrapping key (default: 4096)\n"
    "  --yes              replace other sets in DIR without asking\n"
    "  --json             print a line of JSON for each set\n"
    "  --quiet            print nothing but errors and questions\n";

struct arguments {
	char *key, *out, *spec;
	struct key_id id;
	enum usage usage;
	const struct algorithm *algorithm; /* NULL: by the configuration */
	CK_ULONG bits; /* 0: by default */
	bool yes, json, quiet;
	struct region_tokens others; /* of the replicas' Regions */
};

/* The pair of one key. */
struct pair {
	const struct arguments *a;
	const struct token *t;
	const char *arn; /* of the key; NULL: it is to be made */
	struct key what; /* to be unwrapped */
	bool is_new; /* KMS has no key of the name yet */
	CK_OBJECT_HANDLE public, private; /* private: of a pair that was made */
	struct set_entry entry;
};

static const CK_BBOOL yes = CK_TRUE;

static bool
read_bits(char *s, void *to)
{
	CK_ULONG *bits = to;

	*bits = strtoul(s, NULL, 10);
	return (*bits == 2048 || *bits == 3072 || *bits == 4096);
}

static const char *
what_is_wrong(const struct arguments *a)
{
	if (a->out == NULL)
		return ("name a directory: --out");
	if (a->spec == NULL && (a->id.len != 0 || a->usage != USAGE_ANY))
		return ("--id and --usage are for a new key: --key-spec");
	return (NULL);
}

static bool
read_arguments(int argc, char **argv, struct arguments *a)
{
	char out[] = "--out";
	const struct option_row rows[] = {
	    {"out", NULL, &a->out, NULL, NULL},
	    {"to", NULL, NULL, region_tokens_option, &a->others},
	    {"key-spec", NULL, &a->spec, NULL, NULL},
	    {"id", NULL, NULL, key_option_id, &a->id},
	    {"usage", NULL, NULL, key_option_usage, &a->usage},
	    {"algorithm", NULL, NULL, algorithm_option, &a->algorithm},
	    {"wrapping-bits", NULL, NULL, read_bits, &a->bits},
	    {"yes", &a->yes, NULL, NULL, NULL},
	    {"json", &a->json, NULL, NULL, NULL},
	    {"quiet", &a->quiet, NULL, NULL, NULL},
	};
	const char *why;
	int i;

	for (i = 1; i < argc; i++)
		if (strcmp(argv[i], "-o") == 0)
			argv[i] = out;
	i = options_read(argc, argv, rows, sizeof(rows) / sizeof(rows[0]), 1);
	if (i == -1)
		return (false);
	why = i == argc ? "name a key" : what_is_wrong(a);
	if (why != NULL)
		message("%s", why);
	else
		a->key = argv[i];
	return (why == NULL);
}

static bool
failed(const struct pair *p, const char *function, CK_RV rv)
{
	char said[TOKEN_ERROR_SIZE], name[RV_SAID_SIZE];

	token_last_error(p->t, function, said);
	message("token %s: %s: %s", p->t->label, function,
	    said[0] != '\0' ? said : rv_said(rv, name));
	return (false);
}

/* The public half that is there under the name; CK_INVALID_HANDLE: none. */
static CK_OBJECT_HANDLE
look_for_pair(const struct pair *p, const char *prefix)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	char name[ARN_SIZE + 16];
	CK_ATTRIBUTE by[] = {
	    {CKA_CLASS, &class, sizeof(class)}, {CKA_UNIQUE_ID, name, 0}};
	CK_OBJECT_HANDLE *handles, found = CK_INVALID_HANDLE;
	struct buf of = BUF_INIT(0);
	CK_ULONG count;

	by[1].ulValueLen = (CK_ULONG)snprintf(
	    name, sizeof(name), "public:%s%s", prefix, p->arn);
	if (token_find_objects(p->t, by, 2, &handles, &count) != CKR_OK)
		return (CK_INVALID_HANDLE);
	for (CK_ULONG i = 0; i < count && found == CK_INVALID_HANDLE; i++) {
		(void)token_get_attribute(
		    p->t, handles[i], CKA_KEYFERRY_PAIR_OF, &of);
		if (of.len != 0)
			found = handles[i];
	}
	buf_free(&of);
	free(handles);
	return (found);
}

static void
add_names(struct attribute_list *t, const struct pair *p)
{
	const struct arguments *a = p->a;

	if (p->arn != NULL) {
		add_attribute(t, CKA_ID, p->arn, strlen(p->arn));
		return;
	}
	add_attribute(t, CKA_LABEL, a->key, strlen(a->key));
	if (a->id.len != 0)
		add_attribute(t, CKA_ID, a->id.bytes, a->id.len);
}

static bool
generate(struct pair *p)
{
	static const CK_BYTE exponent[] = {1, 0, 1};
	struct attribute_list public = {.count = 0}, private = {.count = 0};
	struct attribute_list unwrapped = {.count = 0};
	const struct algorithm *algorithm = p->a->algorithm;
	CK_ULONG bits = p->a->bits != 0 ? p->a->bits : DEFAULT_BITS, size;
	CK_MECHANISM m = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_MECHANISM_TYPE allowed[2];
	CK_KEY_TYPE type;
	CK_RV rv;

	add_attribute(&public, CKA_TOKEN, &yes, sizeof(yes));
	add_attribute(&public, CKA_MODULUS_BITS, &bits, sizeof(bits));
	add_attribute(&public, CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent));
	add_attribute(&public, CKA_WRAP, &yes, sizeof(yes));
	add_attribute(&private, CKA_TOKEN, &yes, sizeof(yes));
	add_attribute(&private, CKA_UNWRAP, &yes, sizeof(yes));
	add_attribute(&private, CKA_SENSITIVE, &yes, sizeof(yes));
	add_names(&private, p);
	if (algorithm != NULL) {
		allowed[0] = algorithm->unwrap;
		allowed[1] = algorithm->hash;
		add_attribute(
		    &private, CKA_ALLOWED_MECHANISMS, allowed, sizeof(allowed));
	}
	add_key_description(&unwrapped, &p->what, &type, &size);
	add_attribute(&private, CKA_UNWRAP_TEMPLATE, unwrapped.rows,
	    unwrapped.count * sizeof(unwrapped.rows[0]));
	rv = p->t->p11->C_GenerateKeyPair(p->t->session, &m, public.rows,
	    public.count, private.rows, private.count, &p->public, &p->private);
	return (rv == CKR_OK || failed(p, "C_GenerateKeyPair", rv));
}

/* A pair that is there stays: what was wrapped for it may be on its way. */
static bool
find_or_make(struct pair *p)
{
	if (p->arn != NULL && p->a->algorithm == NULL && p->a->bits == 0) {
		p->public = look_for_pair(p, "");
		if (p->public == CK_INVALID_HANDLE)
			p->public = look_for_pair(p, "renew:");
	}
	return (p->public != CK_INVALID_HANDLE || generate(p));
}

static void
print_set(const struct pair *p)
{
	const struct set_entry *e = &p->entry;
	char until[TEXT_TIME_SIZE];
	struct json_writer w;

	if (p->a->quiet)
		return;
	text_time((time_t)e->set.valid_to, until);
	if (!p->a->json) {
		text_printf(
		    stdout, "%s: the import set of %s", e->path, e->set.arn);
		printf("\n  %s, good until %s\n  fingerprint of the wrapping "
		       "key, to be read out: %s\n",
		    e->set.algorithm, until, e->fingerprint);
		return;
	}
	write_json_begin(&w, stdout);
	write_json_text(&w, "directory", view_str(e->path));
	write_json_text(&w, "arn", view_str(e->set.arn));
	write_json_text(&w, "region", view_str(e->region));
	write_json_text(&w, "key_spec", view_str(e->set.spec));
	write_json_text(&w, "algorithm", view_str(e->set.algorithm));
	write_json_text(&w, "wrapping_key", view_str(e->fingerprint));
	write_json_text(&w, "valid_to", view_str(until));
	write_json_end(&w);
	putchar('\n');
}

/* The set of a key on its token, into that directory. */
static bool
make_set(struct pair *p, const char *directory)
{
	struct set_entry *e = &p->entry;
	CK_RV rv;

	p->public = CK_INVALID_HANDLE;
	set_entry_free(e);
	*e = (struct set_entry){
	    .set = IMPORT_SET_INIT, .path = strdup(directory)};
	if (e->path == NULL || !find_or_make(p))
		return (false);
	rv = token_get_attribute(
	    p->t, p->public, CKA_KEYFERRY_IMPORT_SET, &e->json);
	if (rv != CKR_OK)
		return (failed(p, "C_GetAttributeValue", rv));
	if (!set_entry_read(e)) {
		message("token %s: it gave no import set", p->t->label);
		return (false);
	}
	if (!set_entry_write(e, p->a->yes))
		return (false);
	print_set(p);
	return (true);
}

/* A new key that nobody can wrap anything for. */
static void
take_back(const struct pair *p)
{
	if (!p->is_new || p->private == CK_INVALID_HANDLE)
		return;
	if (p->t->p11->C_DestroyObject(p->t->session, p->private) == CKR_OK)
		message("the new key is scheduled for its deletion");
	else
		message("the new key stays, and waits for material: the same "
			"command goes on with it, keyferry delete removes it");
}

/* Where the set cannot be written no key is made, and without a key no
 * directory. */
static bool
make_first_set(struct pair *p)
{
	bool made, done = set_directory_make(p->a->out, &made) &&
			  make_set(p, p->a->out);

	if (made && !done)
		(void)rmdir(p->a->out); /* only if it is empty */
	if (!done)
		take_back(p);
	return (done);
}

/* The key's ARN in another Region. */
static bool
move_arn(const char *arn, struct view region, char out[ARN_SIZE])
{
	const char *from = strstr(arn, ":kms:");
	const char *rest = from == NULL ? NULL : strchr(from + 5, ':');

	return (rest != NULL && snprintf(out, ARN_SIZE, "%.*s:kms:%.*s%s",
				    (int)(from - arn), arn, (int)region.len,
				    (const char *)region.ptr, rest) < ARN_SIZE);
}

/* That of a replica, into a directory of its Region's name. */
static bool
make_replica_set(struct pair *p, struct view region)
{
	char arn[ARN_SIZE], name[ARN_SIZE], *directory;
	bool done;

	snprintf(name, sizeof(name), "%.*s", (int)region.len,
	    (const char *)region.ptr);
	p->t = region_tokens_find(&p->a->others, region);
	if (p->t == NULL || strchr(name, '/') != NULL ||
	    !move_arn(p->arn, region, arn)) {
		message("the key is in %s, too: name the token of that Region "
			"with --to, for its set",
		    name);
		return (false);
	}
	p->arn = arn;
	directory = set_path(p->a->out, name);
	done = directory != NULL && make_set(p, directory);
	free(directory);
	return (done);
}

/* Of each Region of the key but the token's own. False: one failed. */
static bool
make_replica_sets(struct pair *p)
{
	struct buf regions = BUF_INIT(REGIONS_SIZE), own = BUF_INIT(0);
	struct set_entry *e = &p->entry;
	char arn[ARN_SIZE], *rest = NULL, *word;
	bool done = true;

	snprintf(arn, sizeof(arn), "%s", e->set.arn);
	region_of_token(p->t, &own);
	(void)token_get_attribute(
	    p->t, p->public, CKA_KEYFERRY_REGIONS, &regions);
	if (regions.len != 0)
		for (word = strtok_r((char *)regions.ptr, " ", &rest);
		     word != NULL; word = strtok_r(NULL, " ", &rest)) {
			p->arn = arn;
			if (!view_equal(view_str(word), buf_view(&own)))
				done &= make_replica_set(p, view_str(word));
		}
	buf_free(&own);
	buf_free(&regions);
	return (done);
}

/* What a new key is to be. */
static bool
describe_new(struct pair *p)
{
	const struct arguments *a = p->a;

	if (!key_set_kms_spec(&p->what, a->spec)) {
		message("--key-spec %s is not valid", a->spec);
		return (false);
	}
	p->what.wish.usage = a->usage;
	p->what.uses = a->usage;
	key_find_spec(&p->what);
	p->what.usage = key_choose_usage(&p->what, a->usage);
	if (p->what.usage != USAGE_ANY)
		return (true);
	message("no %s key in KMS has this usage", a->spec);
	return (false);
}

/* Whether there is a key that the new one's id, or else its label, names. */
static bool
look_for_key(struct pair *p)
{
	struct key_id id = p->a->id;
	const CK_ATTRIBUTE by_id = {CKA_ID, id.bytes, id.len},
			   by_label = {CKA_LABEL, p->a->key, strlen(p->a->key)};
	struct key_list there = {NULL, 0, 0};
	bool done = key_list_find(
	    &there, p->t, id.len != 0 ? &by_id : &by_label, 1);

	p->is_new = done && there.count == 0;
	key_list_free(&there);
	return (done);
}

/* What the key is that is there. */
static bool
describe_found(struct pair *p, const struct listed_key *k)
{
	char spec[64];

	snprintf(spec, sizeof(spec), "%.*s", (int)k->spec.len,
	    (const char *)k->spec.ptr);
	if (view_equal(buf_view(&k->origin), view_str("EXTERNAL")) &&
	    key_set_kms_spec(&p->what, spec)) {
		p->what.usage = key_usage_there(p->t, k->handle);
		return (true);
	}
	message("%.*s: it takes no material: its origin is %.*s", SHOWN(k->arn),
	    SHOWN(k->origin));
	return (false);
}

static bool
find_or_describe(struct pair *p, struct found_key *f)
{
	char *to = p->a->others.uri_count != 0 ? p->a->others.uris[0] : NULL;
	bool done;

	if (p->a->spec != NULL) {
		done = keyferry_token_open(&f->open, to, true);
		p->t = f->open.token;
		return (done && describe_new(p) && look_for_key(p));
	}
	if (!found_key_open(f, to, p->a->key)) {
		if (f->is_missing)
			message(
			    "to make a new key, say what it is: --key-spec");
		return (false);
	}
	p->t = f->open.token;
	p->arn = (const char *)f->keys.rows[0].arn.ptr;
	return (describe_found(p, &f->keys.rows[0]));
}

int
pair_run(int argc, char **argv)
{
	struct arguments a = {0};
	struct pair p = {.a = &a, .entry = {.set = IMPORT_SET_INIT}};
	struct found_key f = FOUND_KEY_INIT;
	int status = EXIT_NOTHING_DONE;

	if (!read_arguments(argc, argv, &a)) {
		fputs(pair_usage, stderr);
		return (EXIT_NOTHING_DONE);
	}
	if (find_or_describe(&p, &f) && region_tokens_open(&a.others, 1) &&
	    make_first_set(&p))
		status = make_replica_sets(&p) ? EXIT_ALL_DONE
					       : EXIT_SOME_FAILED;
	set_entry_free(&p.entry);
	key_free(&p.what);
	region_tokens_close(&a.others);
	found_key_close(&f);
	return (status);
}

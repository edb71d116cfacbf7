/*
 * What comes to the local KMS. The first byte chooses the door: JSON decoded
 * for every operation, as it comes before anything is known of its sender; a
 * whole call of one operation on a store with keys; an Authorization header;
 * a form of STS; the query of the control address.
 */
#include <ftw.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "auth/auth.h"

#include "key/material.h"
#include "service/control-address.h"
#include "service/perform.h"
#include "service/service.h"
#include "service/sts.h"

/* So many calls on a store before it is made anew. */
#define STORE_RUNS 5000
#define NOW_MS INT64_C(1767225600000)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct service service;
static char dir[64];
static unsigned runs;

/* Keys whose ids a corpus can name: 00000000-0000-4000-8000-00000000000N, in
 * the order of the rows; the last two of Origin EXTERNAL, and empty. */
static const struct {
	const char *spec;
	enum usage usage;
	bool external;
} rows[] = {
    {"SYMMETRIC_DEFAULT", USAGE_ENCRYPT, false},
    {"HMAC_256", USAGE_MAC, false},
    {"RSA_2048", USAGE_SIGN, false},
    {"RSA_2048", USAGE_ENCRYPT, false},
    {"ECC_NIST_P256", USAGE_SIGN, false},
    {"ECC_NIST_P384", USAGE_AGREE, false},
    {"ECC_NIST_EDWARDS25519", USAGE_SIGN, false},
    {"SYMMETRIC_DEFAULT", USAGE_ENCRYPT, true},
    {"ECC_NIST_P256", USAGE_SIGN, true},
};

static void
add_key(size_t i)
{
	struct key *k = key_new();
	struct alias a = {.created_ms = NOW_MS};
	struct material *m;

	if (k == NULL)
		abort();
	snprintf(k->region, sizeof(k->region), "us-east-1");
	snprintf(k->id, sizeof(k->id), "00000000-0000-4000-8000-%012zu", i);
	k->spec = spec_find(view_str(rows[i].spec));
	k->usage = rows[i].usage;
	k->external = rows[i].external;
	k->enabled = true;
	k->created_ms = NOW_MS;
	k->description = strdup("");
	if (!k->external &&
	    ((m = key_material_add(k)) == NULL ||
		!material_generate(m, k->spec, service.rsa_stock) ||
		!material_set_id(m, k->id)))
		abort();
	snprintf(a.region, sizeof(a.region), "us-east-1");
	snprintf(a.name, sizeof(a.name), "alias/%zu", i);
	snprintf(a.key_id, sizeof(a.key_id), "%s", k->id);
	if (!store_put_key(service.store, k) ||
	    !store_put_alias(service.store, &a))
		abort();
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return (remove(path));
}

static void
close_store(void)
{
	if (dir[0] == '\0')
		return;
	service_close(&service);
	(void)nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	dir[0] = '\0';
}

static void
open_store(void)
{
	static bool first = true;
	char why[256];

	if (dir[0] != '\0' && ++runs < STORE_RUNS)
		return;
	close_store();
	runs = 0;
	/* in memory, where there is such a place: each change is synced */
	snprintf(dir, sizeof(dir), "%s/fuzz-request-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(dir) == NULL ||
	    !service_open(&service, dir, "111122223333", why, sizeof(why)))
		abort();
	store_lock(service.store);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		add_key(i);
	store_unlock(service.store);
	/* behind OpenSSL's own, so that it runs before that */
	if (first)
		atexit(close_store);
	first = false;
}

static void
decode(struct view text)
{
	static struct input in[IN_COUNT];
	struct exception f = {0};
	const struct operation *op;
	const struct json_node *root;

	for (size_t i = 0; (op = operation_at(i)) != NULL; i++) {
		struct pool pool = POOL_INIT(4 * 1024 * 1024);

		root = json_tree_parse(text, &pool);
		if (root != NULL && root->kind == NODE_OBJECT)
			(void)input_read(
			    root, op->required, op->optional, in, &pool, &f);
		pool_free(&pool);
	}
}

/* The first byte of the rest chooses the operation. */
static void
call(struct view text)
{
	struct buf reply = BUF_INIT(WEB_BODY_MAX);
	struct call c = {.service = &service,
	    .caller = {.region = "us-east-1", .access_key = "AKIA"},
	    .now_ms = NOW_MS,
	    .request_id = "00000000-0000-0000-0000-000000000000",
	    .pool = POOL_INIT(8 * 1024 * 1024)};
	size_t count = 0;

	while (operation_at(count) != NULL)
		count++;
	if (text.len == 0)
		return;
	open_store();
	if (perform(&c, operation_at(text.ptr[0] % count),
		VIEW(text.ptr + 1, text.len - 1)) &&
	    c.reply != NULL && json_encode(c.reply, &c.out, &reply) != ERR_OK)
		abort();
	call_free(&c);
	buf_free(&reply);
}

/* Lines: Authorization, X-Amz-Date, X-Amz-Security-Token. */
static void
authorize(char *text)
{
	static const char *const names[] = {
	    "authorization", "x-amz-date", "x-amz-security-token"};
	struct web_request q = {.method = "POST", .path = "/", .query = ""};
	struct caller caller = {0};
	struct exception f = {0};
	char *state = NULL, *line = strtok_r(text, "\n", &state);

	q.headers[q.header_count++] = (struct web_header){"host", "localhost"};
	for (size_t i = 0; i < 3 && line != NULL; i++) {
		q.headers[q.header_count++] = (struct web_header){
		    names[i], line};
		line = strtok_r(NULL, "\n", &state);
	}
	open_store();
	(void)auth_check(service.auth, &q, "kms", NOW_MS, &caller, &f);
}

static void
ask_sts(char *text)
{
	struct web_request q = {
	    .method = "POST", .path = "/", .query = "", .body = view_str(text)};
	struct web_reply r = {.body = BUF_INIT(WEB_BODY_MAX)};

	open_store();
	sts_answer(&service, &q, &r);
	buf_free(&r.body);
}

/* "POST /faults?fault=..." */
static void
control(char *text)
{
	struct web_request q = {.method = text, .path = "", .query = ""};
	struct web_reply r = {.body = BUF_INIT(WEB_BODY_MAX)};
	char *space = strchr(text, ' '), *mark;

	if (space == NULL)
		return;
	*space = '\0';
	q.path = space + 1;
	if ((mark = strchr(space + 1, '?')) != NULL) {
		*mark = '\0';
		q.query = mark + 1;
	}
	open_store();
	control_address_answer(service.controls, &q, &r);
	buf_reset(&r.body);
	q = (struct web_request){
	    .method = "POST", .path = "/reset", .query = ""};
	control_address_answer(service.controls, &q, &r);
	buf_free(&r.body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const doors[])(char *) = {authorize, ask_sts, control};
	char *text;

	if (len == 0)
		return (0);
	if (data[0] % 5 == 0)
		decode(VIEW(data + 1, len - 1));
	else if (data[0] % 5 == 1)
		call(VIEW(data + 1, len - 1));
	else {
		if ((text = malloc(len)) == NULL)
			abort();
		memcpy(text, data + 1, len - 1);
		text[len - 1] = '\0';
		doors[data[0] % 5 - 2](text);
		free(text);
	}
	return (0);
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "account.h"
#include "client.h"
#include "tap.h"

static struct crypto crypto;
static struct client *client;

static void
close_client(void)
{
	client_close(client);
}

struct kms
account_kms(void)
{
	struct client_conf conf = {.crypto = &crypto, .clock = &clock_system};
	struct kms k = {.transport = NULL};
	struct error_info error;

	if (client == NULL) {
		NEED(crypto_open(&crypto, &(struct crypto_setup){0}, NULL) ==
			     ERR_OK &&
			 client_open(&conf, &client, &error) == ERR_OK,
		    "a KMS client of the test's own");
		atexit(close_client);
	}
	k.transport = client_transport(client);
	k.deadline = deadline_in(&clock_system, 30000);
	return (k);
}

static void
take(struct account_key *to, const struct kms_key *from)
{
	memcpy(to->id, from->id, sizeof(to->id));
	memcpy(to->state, from->words.state, sizeof(to->state));
	memcpy(to->origin, from->words.origin, sizeof(to->origin));
	memcpy(to->spec, from->spec, sizeof(to->spec));
	memcpy(to->usage, from->words.usage, sizeof(to->usage));
	memcpy(to->expiration_model, from->words.expiration_model,
	    sizeof(to->expiration_model));
	to->valid_to = from->valid_to;
}

static enum err
describe(const char *name, struct account_key *to)
{
	struct kms k = account_kms();
	struct kms_key meta = KMS_KEY_INIT;
	enum err e = kms_describe_key(&k, name, &meta);

	if (e == ERR_OK)
		take(to, &meta);
	else if (e != ERR_NOT_FOUND)
		printf("# DescribeKey: %s %s\n", err_name(e), k.error.message);
	kms_key_free(&meta);
	return (e);
}

void
account_read(struct account *a)
{
	struct kms k = account_kms();
	struct kms_page page = {.marker = ""};
	const struct kms_key_entry *rows;
	enum err e = ERR_OK;

	a->count = 0;
	do {
		e = kms_list_keys(&k, &page);
		rows = page.rows.ptr;
		for (size_t i = 0; e == ERR_OK && i < page.rows.count; i++) {
			if (a->count == ACCOUNT_MAX)
				tap_bail();
			e = describe(rows[i].id, &a->keys[a->count++]);
		}
		json_rows_free(&page.rows);
	} while (e == ERR_OK && page.marker[0] != '\0');
	if (e != ERR_OK)
		NEED(false, "the keys are listed");
}

size_t
account_in(const struct account *a, const char *state)
{
	size_t n = 0;

	for (size_t i = 0; i < a->count; i++)
		n += strcmp(a->keys[i].state, state) == 0;
	return (n);
}

bool
account_alias(const char *alias, struct account_key *k)
{
	return (describe(alias, k) == ERR_OK);
}

bool
account_has_alias(const char *alias)
{
	struct account_key k;

	return (account_alias(alias, &k));
}

bool
account_leads_to(const char *alias, const char *key_id)
{
	struct account_key k;

	return (account_alias(alias, &k) && strcmp(k.id, key_id) == 0);
}

const char *
account_make(const char *spec, const char *usage, const char *alias)
{
	static char ids[4][KMS_ID_SIZE];
	static unsigned next;
	struct kms_create_key_in in = {.spec = spec, .usage = usage};
	struct kms_key key = KMS_KEY_INIT;
	struct kms k = account_kms();
	char *id = ids[next++ % 4];

	NEED(kms_create_key(&k, &in, &key) == ERR_OK, "a key: %s", spec);
	memcpy(id, key.id, KMS_ID_SIZE);
	kms_key_free(&key);
	if (alias != NULL)
		NEED(kms_create_alias(&k, alias, id) == ERR_OK, "%s", alias);
	return (id);
}

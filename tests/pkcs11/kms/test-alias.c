/* An alias that somebody has moved to another key by hand (aws kms update-alias)
 * is that key's: nothing that is done to the first key deletes it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"

/* What a person does at the command line. */
static void
update_alias(const char *alias, const char *key)
{
	struct kms k = account_kms();
	struct buf reply = BUF_INIT(1024);
	struct error_info error = {.status = 0};
	char body[600];

	snprintf(body, sizeof(body),
	    "{\"AliasName\":\"%s\",\"TargetKeyId\":\"%s\"}", alias, key);
	NEED(k.transport->post(k.transport->ctx, "UpdateAlias", view_str(body),
		 &k.deadline, &reply, &error) == ERR_OK,
	    "%s is moved to another key", alias);
	buf_free(&reply);
}

static CK_RV
set(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
	CK_ATTRIBUTE t = {type, (void *)(uintptr_t)value, len};

	return (p11->C_SetAttributeValue(rw, h, &t, 1));
}

static CK_RV
rename_to(CK_OBJECT_HANDLE h, const char *label)
{
	return (set(h, CKA_LABEL, label, strlen(label)));
}

static void
begin(const char *more)
{
	p11_stop();
	testenv_config(NULL, more, NULL);
	p11_start();
}

static void
test_rename(const char *other)
{
	CK_OBJECT_HANDLE h = key_make(material(1), "moved");
	struct account_key a;

	OK(attr_is_text(h, CKA_LABEL, "moved"), "a key whose label is known");
	NEED(account_alias("alias/moved", &a), "its alias");
	update_alias("alias/moved", other);
	RV(rename_to(h, "new name"), CKR_OK, "the key is renamed");
	OK(account_leads_to("alias/moved", other),
	    "the alias stays the other key's");
	OK(account_leads_to("alias/keyferry/label/new_20name", a.id),
	    "the key has its new name");
	OK(strstr(testenv_read("log"), "stays: it leads to key") != NULL,
	    "and the log says so");
	RV(rename_to(h, "newer"), CKR_OK, "renamed once more");
	OK(account_leads_to("alias/newer", a.id) &&
		!account_has_alias("alias/keyferry/label/new_20name"),
	    "its own alias goes");
	OK(strstr(testenv_read("log"),
	       "aws kms create-alias --alias-name "
	       "alias/keyferry/label/new_20name") != NULL,
	    "and the log says how to put it back");
}

static void
test_rename_id(const char *other)
{
	static const CK_BYTE id[2] = {1, 2}, next[2] = {1, 3};
	struct key_template k;
	CK_OBJECT_HANDLE h = 0;

	key_template(&k, material(2), NULL);
	template_add(&k, CKA_ID, id, sizeof(id));
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK, "a key by id");
	update_alias("alias/keyferry/id/0102", other);
	RV(set(h, CKA_ID, next, sizeof(next)), CKR_OK, "gets another id");
	OK(account_leads_to("alias/keyferry/id/0102", other),
	    "the old one stays the other key's");
}

/* By its id, with another label: that renames it. */
static void
test_import_again(const char *other)
{
	static const CK_BYTE id[2] = {1, 4};
	const char *labels[] = {"first", "second"};
	struct key_template k;
	CK_OBJECT_HANDLE h = 0;

	for (int i = 0; i < 2; i++) {
		key_template(&k, material(3), labels[i]);
		template_add(&k, CKA_ID, id, sizeof(id));
		RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK,
		    "a key, its label %s", labels[i]);
		if (i == 0)
			update_alias("alias/first", other);
	}
	OK(account_leads_to("alias/first", other),
	    "the first stays the other key's");
}

static void
test_destroy(const char *other)
{
	CK_OBJECT_HANDLE h;

	begin("destroy = schedule-deletion");
	h = key_make(material(4), "doomed");
	OK(attr_is_text(h, CKA_LABEL, "doomed"), "its label is known");
	update_alias("alias/doomed", other);
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "the key is deleted");
	OK(account_leads_to("alias/doomed", other),
	    "the alias stays the other key's");
	h = key_make(material(5), "free");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "another is deleted");
	OK(!account_has_alias("alias/free"), "its alias goes");
}

/* A program that searches by name only, and never lists: what it finds says the
 * name, and the key that had it does not any more. */
static void
test_find(const char *other)
{
	CK_OBJECT_HANDLE h, found;

	h = key_make(material(6), "rotated");
	OK(attr_is_text(h, CKA_LABEL, "rotated"), "its label is known");
	update_alias("alias/rotated", other);
	found = find_label("rotated", CKO_SECRET_KEY);
	OK(found != CK_INVALID_HANDLE && found != h, "another key is found");
	OK(attr_is_text(found, CKA_LABEL, "rotated"), "its label is that");
	OK(!attr_is_text(h, CKA_LABEL, "rotated"), "the first has it no more");
}

int
main(void)
{
	const char *other;
	testenv_start();
	testenv_log("info");
	other = account_make("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", NULL);
	p11_start();
	test_rename(other);
	test_rename_id(other);
	test_import_again(other);
	test_find(other);
	test_destroy(other);
	p11_stop();
	testenv_stop();
	return (tap_done());
}

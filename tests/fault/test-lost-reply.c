/* Replies to CreateKey that never come: the key that was made is neither used,
 * for descriptions can be copied, nor forgotten, however late KMS shows it. */
#include <stdio.h>
#include <string.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"

static struct account now;

static CK_RV
create(const char *label)
{
	struct key_template k;
	CK_OBJECT_HANDLE h;

	key_template(&k, material(1), label);
	return (p11->C_CreateObject(rw, k.t, k.count, &h));
}

/* A key that is listed and not described is not known yet. */
static void
test_late(void)
{
	control("POST", "/faults?operation=CreateKey&fault=cut-after&count=2");
	control("POST", "/faults?operation=ListKeys&fault=error&count=0"
			"&error=AccessDeniedException");
	RV(create("late"), CKR_DEVICE_ERROR, "two replies are lost");
	control("DELETE", "/faults");
	account_read(&now);
	NEED(account_in(&now, "PendingImport") == 2, "two keys were made");
	control("POST", "/faults?operation=DescribeKey&fault=error&count=2"
			"&error=NotFoundException");
	RV(create("late"), CKR_OK, "the next call makes a third");
	control("DELETE", "/faults");
	account_read(&now);
	COUNT(account_in(&now, "PendingImport"), 2, "the two are still there");
	RV(create("late"), CKR_OK, "the same again, when KMS shows them");
	account_read(&now);
	COUNT(account_in(&now, "PendingImport"), 0, "none of them waits");
	COUNT(account_in(&now, "PendingDeletion"), 2, "they are deleted");
	COUNT(account_in(&now, "Enabled"), 1, "one key is left");
	calls_clear();
	RV(create("late"), CKR_OK, "once more");
	COUNT(calls("ListKeys"), 0, "nothing is looked for any more");
}

/* Somebody copied the description onto a key of his own. */
static void
test_copied(void)
{
	struct kms k = account_kms();
	struct kms_create_key_in in = {.spec = "SYMMETRIC_DEFAULT",
	    .usage = "ENCRYPT_DECRYPT",
	    .origin = "EXTERNAL"};
	struct kms_key lost = KMS_KEY_INIT, copy = KMS_KEY_INIT;
	struct account_key key;
	char text[256];

	control("POST", "/faults?operation=CreateKey&fault=cut-after&count=2");
	control("POST", "/faults?operation=ListKeys&fault=error&count=0"
			"&error=AccessDeniedException");
	RV(create("copied"), CKR_DEVICE_ERROR, "two replies are lost");
	control("DELETE", "/faults");
	account_read(&now);
	for (size_t i = 0; i < now.count; i++)
		if (strcmp(now.keys[i].state, "PendingImport") == 0)
			NEED(kms_describe_key(&k, now.keys[i].id, &lost) ==
				 ERR_OK,
			    "what was made");
	snprintf(text, sizeof(text), "%.*s", (int)lost.description.len,
	    (const char *)lost.description.ptr);
	in.description = text;
	NEED(kms_create_key(&k, &in, &copy) == ERR_OK, "is copied");
	RV(create("copied"), CKR_OK, "the next call");
	OK(account_alias("alias/copied", &key) &&
		strcmp(key.state, "Enabled") == 0 &&
		strcmp(key.id, copy.id) != 0 && strcmp(key.id, lost.id) != 0,
	    "fills a key whose id KMS told it");
	OK(account_alias(copy.id, &key) && strcmp(key.state, "Enabled") != 0,
	    "the copy stays empty");
	kms_key_free(&lost);
	kms_key_free(&copy);
}

int
main(void)
{
	testenv_start();
	p11_start();
	test_late();
	test_copied();
	p11_stop();
	testenv_stop();
	return (tap_done());
}

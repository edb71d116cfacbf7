/*
 * What a token of many keys takes, by the built module against a local KMS of
 * its own: a listing, each object's id, and keys looked for one by one by
 * their id, with a KMS that answers at once, one that takes 10 ms, and one that
 * has AWS's quotas besides.
 *
 *	bench-listing [KEYS]
 * $KEYFERRY_MODULE names another module to measure.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"

#define ID_SIZE 16
#define SINGLE 500 /* keys looked for one by one */

static CK_OBJECT_HANDLE *handles;
static CK_BYTE (*ids)[ID_SIZE];

static double
now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return ((double)t.tv_sec + (double)t.tv_nsec / 1e9);
}

static void
make_keys(size_t count)
{
	const struct kms_create_key_in in = {.spec = "SYMMETRIC_DEFAULT",
	    .usage = "ENCRYPT_DECRYPT",
	    .origin = "AWS_KMS",
	    .description = ""};
	struct kms kms = account_kms();
	struct kms_key meta = KMS_KEY_INIT;
	char alias[64];

	for (size_t i = 0; i < count; i++) {
		kms.deadline = deadline_in(&clock_system, 30000);
		snprintf(alias, sizeof(alias), "alias/key-%zu", i);
		if (kms_create_key(&kms, &in, &meta) != ERR_OK ||
		    kms_create_alias(&kms, alias, meta.id) != ERR_OK)
			tap_bail();
		kms_key_free(&meta);
	}
}

static void
measure(size_t count, int delay_ms, bool quotas)
{
	double began, listed, read, found;
	CK_ATTRIBUTE id;
	CK_ULONG n, described;

	p11_stop();
	p11_start();
	control("DELETE", "/faults");
	if (delay_ms != 0)
		control("POST",
		    "/faults?operation=DescribeKey&fault=delay"
		    "&count=0&ms=%d",
		    delay_ms);
	control("POST", "/quotas?enforce=%s", quotas ? "on" : "off");
	calls_clear();
	began = now_s();
	n = find(rw, NULL, 0, handles, count);
	listed = now_s() - began;
	NEED(n == count, "%lu keys are listed", n);
	described = calls("DescribeKey");
	control("POST", "/quotas?enforce=off");
	began = now_s();
	for (size_t i = 0; i < count; i++)
		(void)attr(handles[i], CKA_ID, ids[i], ID_SIZE);
	read = now_s() - began;
	began = now_s();
	for (size_t i = 0; i < SINGLE && i < count; i++) {
		size_t k = i * (count / SINGLE);

		id = (CK_ATTRIBUTE)A_BYTES(CKA_ID, ids[k], ID_SIZE);
		n = find(rw, &id, 1, &handles[k], 1);
		if (n != 1)
			tap_bail();
	}
	found = now_s() - began;
	printf("%zu keys, KMS takes %2d ms%s: listed in %.2f s by %lu calls "
	       "(%lu at once), "
	       "an id read in %.1f us, a key found in %.2f ms\n",
	    count, delay_ms, quotas ? " and has quotas" : "", listed, described,
	    calls_at_once(), read / (double)count * 1e6, found / SINGLE * 1e3);
}

int
main(int argc, char **argv)
{
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;

	testenv_start();
	testenv_config(NULL, "refresh = 3600", NULL);
	handles = calloc(count, sizeof(*handles));
	ids = calloc(count, sizeof(*ids));
	NEED(count >= SINGLE && handles != NULL && ids != NULL, "%zu keys",
	    count);
	p11_start();
	make_keys(count);
	measure(count, 0, false);
	measure(count, 10, false);
	measure(count, 10, true);
	p11_stop();
	testenv_stop();
	return (tap_done());
}

/* Many imports at once while KMS holds to AWS's quotas, of which that of
 * GetParametersForImport, one a second, is felt: all arrive, none fails, and
 * few requests are wasted. Keys: $KEYFERRY_SOAK_KEYS. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"

#define THREADS 8
#define KEYS 12

static unsigned long keys = KEYS;
static atomic_ulong next;
static atomic_ulong good;

static void *
work(void *unused)
{
	CK_SESSION_HANDLE s = p11_session(CKF_RW_SESSION);
	struct key_template k;
	CK_BYTE value[32];
	CK_OBJECT_HANDLE h;
	char label[32];
	unsigned long n;
	CK_RV rv;

	while ((n = atomic_fetch_add(&next, 1)) < keys) {
		memset(value, (int)(n % 251), sizeof(value));
		snprintf(label, sizeof(label), "bulk-%lu", n);
		key_template(&k, value, label);
		rv = p11->C_CreateObject(s, k.t, k.count, &h);
		if (rv == CKR_OK)
			atomic_fetch_add(&good, 1);
		else
			printf("# key %lu: 0x%lx\n", n, rv);
	}
	p11->C_CloseSession(s);
	return (unused);
}

static double
run(void)
{
	struct timespec began, ended;
	pthread_t t[THREADS];

	clock_gettime(CLOCK_MONOTONIC, &began);
	for (int i = 0; i < THREADS; i++)
		NEED(pthread_create(&t[i], NULL, work, NULL) == 0, "a thread");
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	return ((double)(ended.tv_sec - began.tv_sec) +
		(double)(ended.tv_nsec - began.tv_nsec) / 1e9);
}

int
main(void)
{
	const char *soak = getenv("KEYFERRY_SOAK_KEYS");
	static struct account a;
	unsigned long asked, made;
	double seconds;

	if (soak != NULL)
		keys = strtoul(soak, NULL, 10);
	NEED(keys >= 1 && keys < ACCOUNT_MAX, "so many keys: %lu", keys);
	testenv_start();
	p11_start();
	control("POST", "/quotas?enforce=on");
	calls_clear();
	seconds = run();
	asked = calls("GetParametersForImport");
	made = calls("CreateKey");
	control("POST", "/quotas?enforce=off");
	printf("# %lu keys by %d threads in %.1f s; %lu GetParametersForImport,"
	       " %lu CreateKey\n",
	    keys, THREADS, seconds, asked, made);
	COUNT(good, keys, "all keys arrive");
	account_read(&a);
	COUNT(account_in(&a, "Enabled"), keys, "each once");
	COUNT(a.count, keys, "and nothing else is left");
	/* Each thread may be refused once, and at times a turn falls into a
	 * second of the quota that another had. */
	OK(asked <= keys + THREADS + keys / 2,
	    "%lu GetParametersForImport for %lu keys", asked, keys);
	OK(made <= keys + THREADS + keys / 2, "%lu CreateKey", made);
	OK(seconds >= (double)keys - 2, "the quota was enforced: %.1f s",
	    seconds);
	if (soak != NULL)
		OK(seconds <= (double)keys * 1.25 + 10,
		    "in close to the time that the quota allows");
	p11_stop();
	testenv_stop();
	return (tap_done());
}

/* What one thread makes, renames or destroys while another lists all keys is
 * not undone by the listing, which is older; and threads share a listing. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"

#define THREADS 16
#define ROUNDS 5

static atomic_int bad;

static void
check(CK_RV got, CK_RV want, const char *what)
{
	if (got == want)
		return;
	atomic_fetch_add(&bad, 1);
	printf("# %s: 0x%lx\n", what, got);
}

static CK_RV
seal(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h)
{
	CK_BYTE out[1024];
	CK_ULONG len = sizeof(out);
	CK_RV rv = p11->C_EncryptInit(s, &kms_mechanism, h);

	return (rv != CKR_OK
		    ? rv
		    : p11->C_Encrypt(s, (CK_BYTE *)"text", 4, out, &len));
}

/* In a session of its own; arg may say where to count what was found. */
static void *
list(void *arg)
{
	CK_SESSION_HANDLE s = p11_session(0);
	CK_ULONG *found = arg, n = find(s, NULL, 0, NULL, 0);

	if (found != NULL)
		*found = n;
	if (p11->C_CloseSession(s) != CKR_OK)
		atomic_fetch_add(&bad, 1);
	return (NULL);
}

static void
begin_slow_listing(const char *fault, pthread_t *thread)
{
	control("POST", "/faults?fault=delay&ms=4000&%s", fault);
	NEED(pthread_create(thread, NULL, list, NULL) == 0, "a thread lists");
	for (int i = 0; i < 1000 && faults_are_left(); i++)
		usleep(10000);
}

/* What a listing got to know, and then came late. */
static void
test_listing_is_older(void)
{
	CK_ATTRIBUTE label = A_BYTES(CKA_LABEL, "new", 3);
	CK_OBJECT_HANDLE gone, renamed, fresh;
	char fault[512];
	struct account_key a;
	pthread_t thread;

	key_make(material(1), "gone");
	key_make(material(2), "old");
	NEED(account_alias("alias/gone", &a), "a key");
	/* no longer young, so that nothing else keeps what is not listed */
	control("POST", "/clock?forward=600");
	p11_stop();
	p11_start();
	gone = find_label("gone", CKO_SECRET_KEY);
	renamed = find_label("old", CKO_SECRET_KEY);
	begin_slow_listing("operation=ListKeys", &thread);
	fresh = key_make(material(4), "fresh");
	RV(p11->C_SetAttributeValue(rw, renamed, &label, 1), CKR_OK,
	    "another thread renames");
	pthread_join(thread, NULL);
	RV(seal(rw, fresh), CKR_OK, "the key that it made is there");
	OK(attr_is_text(renamed, CKA_LABEL, "new"), "the other has its name");
	p11_stop();
	p11_start();
	gone = find_label("gone", CKO_SECRET_KEY);
	snprintf(fault, sizeof(fault), "operation=DescribeKey&key=%s", a.id);
	begin_slow_listing(fault, &thread);
	RV(p11->C_DestroyObject(rw, gone), CKR_OK, "another thread destroys");
	pthread_join(thread, NULL);
	COUNT(attr_number(gone, CKA_CLASS), CK_UNAVAILABLE_INFORMATION,
	    "the handle is gone");
	calls_clear();
	/* in its place an import pair */
	COUNT(find(rw, NULL, 0, NULL, 0), 4, "so a search says");
	COUNT(calls("ListKeys"), 0, "without another listing");
}

static void
test_one_listing(void)
{
	pthread_t threads[THREADS];
	CK_ULONG found[THREADS];

	p11_stop();
	p11_start();
	control("POST", "/faults?operation=ListKeys&fault=delay&ms=500");
	calls_clear();
	for (int i = 0; i < THREADS; i++)
		NEED(pthread_create(&threads[i], NULL, list, &found[i]) == 0,
		    "thread %d", i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 1; i < THREADS; i++)
		COUNT(found[i], found[0], "thread %d finds all", i);
	OK(found[0] >= 3, "%lu objects", found[0]);
	COUNT(calls("ListKeys"), 1, "in one listing");
}

/* Each thread's own keys, while all list all the time. */
static void *
work(void *arg)
{
	unsigned n = *(unsigned *)arg;
	CK_SESSION_HANDLE s = p11_session(CKF_RW_SESSION);
	struct key_template k;
	CK_OBJECT_HANDLE h;
	char label[32];

	for (unsigned i = 0; i < ROUNDS; i++) {
		snprintf(label, sizeof(label), "t%u-%u", n, i);
		key_template(&k, "12345678901234567890123456789012", label);
		check(
		    p11->C_CreateObject(s, k.t, k.count, &h), CKR_OK, "create");
		(void)find(s, NULL, 0, NULL, 0);
		check(seal(s, h), CKR_OK, "use");
		(void)find(s, NULL, 0, NULL, 0);
		check(p11->C_DestroyObject(s, h), CKR_OK, "destroy");
		check(seal(s, h), CKR_KEY_HANDLE_INVALID, "use then");
	}
	(void)p11->C_CloseSession(s);
	return (NULL);
}

static void
test_all_at_once(void)
{
	pthread_t threads[THREADS / 2];
	unsigned numbers[THREADS / 2];

	p11_stop();
	testenv_config(NULL, "refresh = 0\nsettle = 0", NULL);
	p11_start();
	for (unsigned i = 0; i < ELEMS(threads); i++) {
		numbers[i] = i;
		NEED(pthread_create(&threads[i], NULL, work, &numbers[i]) == 0,
		    "thread %u", i);
	}
	for (unsigned i = 0; i < ELEMS(threads); i++)
		pthread_join(threads[i], NULL);
	COUNT((unsigned long)atomic_load(&bad), 0,
	    "what threads make is theirs, however often others list");
}

int
main(void)
{
	testenv_start();
	testenv_config(NULL, "refresh = 3600\nsettle = 0", NULL);
	p11_start();
	test_listing_is_older();
	test_one_listing();
	test_all_at_once();
	p11_stop();
	testenv_stop();
	return (tap_done());
}

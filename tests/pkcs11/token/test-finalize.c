/* C_Finalize while other threads wait for a KMS that does not answer: it
 * returns, their calls end soon, and the next C_Initialize finds all in order. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "cryptoki/cryptoki.h"
#include "p11.h"

#define SOON_MS 5000
#define GENEROUS_MS 60000 /* keyferry.conf's timeout, to be told from it */

static CK_OBJECT_HANDLE key;

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return ((int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

/* A call that a thread makes, and what came of it. */
struct waiting {
	const char *operation; /* of KMS, which does not answer */
	CK_RV (*call)(CK_SESSION_HANDLE);
	CK_SESSION_HANDLE session;
	CK_RV rv;
	int64_t ended_ms;
	pthread_t thread;
};

static CK_RV
seal(CK_SESSION_HANDLE s)
{
	CK_BYTE sealed[1024];
	CK_ULONG n = sizeof(sealed);
	CK_RV rv = p11->C_EncryptInit(s, &kms_mechanism, key);

	return (rv == CKR_OK
		    ? p11->C_Encrypt(s, (CK_BYTE *)"text", 4, sealed, &n)
		    : rv);
}

static CK_RV
list(CK_SESSION_HANDLE s)
{
	return (p11->C_FindObjectsInit(s, NULL, 0));
}

static CK_RV
create(CK_SESSION_HANDLE s)
{
	CK_BYTE value[32] = {1};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_TOKEN, yes),
	    A_BYTES(CKA_LABEL, "other", 5), A(CKA_VALUE, value)};
	CK_OBJECT_HANDLE h;

	return (p11->C_CreateObject(s, t, ELEMS(t), &h));
}

static void *
make_call(void *arg)
{
	struct waiting *w = arg;

	w->rv = w->call(w->session);
	w->ended_ms = now_ms();
	return (NULL);
}

static void
test_hanging(struct waiting *w)
{
	int64_t began;

	p11_start();
	key = key_make(material(1), "key");
	w->session = p11_session(CKF_RW_SESSION);
	control(
	    "POST", "/faults?operation=%s&fault=hang&count=0", w->operation);
	calls_clear();
	NEED(pthread_create(&w->thread, NULL, make_call, w) == 0, "a thread");
	for (int ms = 0; calls(w->operation) == 0 && ms < SOON_MS; ms += 10)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	OK(calls(w->operation) != 0, "%s is not answered", w->operation);
	began = now_ms();
	RV(p11->C_Finalize(NULL), CKR_OK, "C_Finalize");
	OK(now_ms() - began < SOON_MS, "returns soon");
	pthread_join(w->thread, NULL);
	RV(w->rv, CKR_CRYPTOKI_NOT_INITIALIZED, "the call that waited ends");
	OK(w->ended_ms - began < SOON_MS, "soon: after %lld ms",
	    (long long)(w->ended_ms - began));
	control("DELETE", "/faults");
}

/* What KMS is answering just then is not cut off. */
static void
test_slow(void)
{
	struct waiting w = {.operation = "Encrypt", .call = seal};

	p11_start();
	key = key_make(material(1), "key");
	w.session = p11_session(CKF_RW_SESSION);
	control("POST", "/faults?operation=Encrypt&fault=delay&ms=400");
	calls_clear();
	NEED(pthread_create(&w.thread, NULL, make_call, &w) == 0, "a thread");
	while (calls("Encrypt") == 0)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	RV(p11->C_Finalize(NULL), CKR_OK, "C_Finalize");
	pthread_join(w.thread, NULL);
	RV(w.rv, CKR_OK, "an answer that comes is taken");
}

int
main(void)
{
	struct waiting all[] = {{.operation = "Encrypt", .call = seal},
	    {.operation = "ListKeys", .call = list},
	    {.operation = "DescribeKey", .call = list},
	    {.operation = "CreateKey", .call = create},
	    {.operation = "ImportKeyMaterial", .call = create}};
	char timeout[64];

	testenv_start();
	snprintf(timeout, sizeof(timeout),
	    "timeout = %d\nimport-timeout = %d\n", GENEROUS_MS / 1000,
	    GENEROUS_MS / 1000);
	testenv_config(NULL, timeout, NULL);
	for (size_t i = 0; i < ELEMS(all); i++)
		test_hanging(&all[i]);
	test_slow();
	testenv_stop();
	return (tap_done());
}

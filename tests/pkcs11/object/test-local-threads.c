/* Session objects from many threads: made, found, changed, used, destroyed. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "p11.h"

#define THREADS 6
#define ROUNDS 40

static CK_OBJECT_HANDLE common; /* all of them change it */
static CK_KEY_TYPE generic_type = CKK_GENERIC_SECRET;
static atomic_int bad;

#define CHECK(condition)                                                 \
	do {                                                             \
		if (!(condition)) {                                      \
			atomic_fetch_add(&bad, 1);                       \
			printf("# line %d: " #condition "\n", __LINE__); \
		}                                                        \
	} while (0)

static CK_OBJECT_HANDLE
make(CK_SESSION_HANDLE s, const char *label)
{
	CK_BYTE value[32] = {1, 2, 3};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, generic_type), A(CKA_VALUE, value),
	    A(CKA_EXTRACTABLE, yes), A(CKA_SENSITIVE, no), A(CKA_DERIVE, yes),
	    A_BYTES(CKA_LABEL, (void *)(uintptr_t)label, strlen(label))};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	CHECK(p11->C_CreateObject(s, t, ELEMS(t), &h) == CKR_OK);
	return (h);
}

/* Only its own, by its label, whatever the others do. */
static CK_ULONG
count(CK_SESSION_HANDLE s, const char *label)
{
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, no),
	    A_BYTES(CKA_LABEL, (void *)(uintptr_t)label, strlen(label))};
	CK_OBJECT_HANDLE h[8];
	CK_ULONG n = 0;

	CHECK(p11->C_FindObjectsInit(s, t, 2) == CKR_OK);
	CHECK(p11->C_FindObjects(s, h, ELEMS(h), &n) == CKR_OK);
	CHECK(p11->C_FindObjectsFinal(s) == CKR_OK);
	return (n);
}

static void
use_common(CK_SESSION_HANDLE s, unsigned n)
{
	CK_KEY_DERIVATION_STRING_DATA data = {(CK_BYTE *)"xyz", 3};
	CK_MECHANISM m = {CKM_CONCATENATE_BASE_AND_DATA, &data, sizeof(data)};
	CK_BYTE id[4] = {(CK_BYTE)n}, got[64];
	CK_ATTRIBUTE a = A(CKA_ID, id), value = A(CKA_VALUE, got);
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	CHECK(p11->C_SetAttributeValue(s, common, &a, 1) == CKR_OK);
	CHECK(p11->C_GetAttributeValue(s, common, &value, 1) == CKR_OK &&
	      value.ulValueLen == 32 && got[2] == 3);
	CHECK(p11->C_DeriveKey(s, &m, common, NULL, 0, &h) == CKR_OK);
	CHECK(p11->C_DestroyObject(s, h) == CKR_OK);
}

static void *
work(void *arg)
{
	unsigned n = *(unsigned *)arg;
	CK_SESSION_HANDLE s = 0, more = 0;
	CK_OBJECT_HANDLE h, copy = CK_INVALID_HANDLE;
	char label[16], again[16];

	snprintf(label, sizeof(label), "own %u", n);
	snprintf(again, sizeof(again), "two %u", n);
	CHECK(p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s) ==
	      CKR_OK);
	for (unsigned i = 0; i < ROUNDS; i++) {
		CHECK(p11->C_OpenSession(
			  0, CKF_SERIAL_SESSION, NULL, NULL, &more) == CKR_OK);
		h = make(s, label);
		(void)make(more, again);
		CHECK(p11->C_CopyObject(more, h, NULL, 0, &copy) == CKR_OK);
		CHECK(count(s, label) == 2);
		CHECK(count(s, again) == 1);
		use_common(s, n * ROUNDS + i);
		CHECK(p11->C_CloseSession(more) == CKR_OK);
		CHECK(count(s, again) == 0);
		CHECK(count(s, label) == 1);
		CHECK(p11->C_DestroyObject(s, h) == CKR_OK);
		CHECK(
		    p11->C_DestroyObject(s, copy) == CKR_OBJECT_HANDLE_INVALID);
	}
	CHECK(p11->C_CloseSession(s) == CKR_OK);
	return (NULL);
}

/* One is destroyed by all: by one of them. */
static void *
destroy(void *arg)
{
	*(CK_RV *)arg = p11->C_DestroyObject(rw, common);
	return (NULL);
}

int
main(void)
{
	pthread_t threads[THREADS];
	unsigned numbers[THREADS];
	CK_RV rv[THREADS];
	unsigned long done = 0;

	testenv_start();
	p11_start();
	common = make(rw, "common");
	for (unsigned i = 0; i < THREADS; i++) {
		numbers[i] = i;
		NEED(pthread_create(&threads[i], NULL, work, &numbers[i]) == 0,
		    "thread %u", i);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	COUNT((unsigned long)atomic_load(&bad), 0, "none in another's way");
	for (unsigned i = 0; i < THREADS; i++)
		NEED(pthread_create(&threads[i], NULL, destroy, &rv[i]) == 0,
		    "thread %u", i);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		done += rv[i] == CKR_OK;
		if (rv[i] != CKR_OK)
			RV(rv[i], CKR_OBJECT_HANDLE_INVALID, "too late");
	}
	COUNT(done, 1, "an object is destroyed once");
	COUNT(count(rw, "common"), 0, "and nothing is left");
	p11_stop();
	testenv_stop();
	return (tap_done());
}

/* Many threads, a session each: everything at once, and the same results. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "p11.h"

#define THREADS 10
#define ROUNDS 8

static CK_OBJECT_HANDLE key;
static CK_BYTE *shared;
static atomic_int bad;

#define CHECK(condition)                                                 \
	do {                                                             \
		if (!(condition)) {                                      \
			atomic_fetch_add(&bad, 1);                       \
			printf("# line %d: " #condition "\n", __LINE__); \
		}                                                        \
	} while (0)

static void
round_trip(CK_SESSION_HANDLE s, unsigned n)
{
	CK_BYTE text[64], sealed[1024], clear[64];
	CK_ULONG sealed_len = sizeof(sealed), clear_len = sizeof(clear);

	memset(text, (int)n, sizeof(text));
	CHECK(p11->C_EncryptInit(s, &kms_mechanism, key) == CKR_OK);
	CHECK(p11->C_Encrypt(s, text, sizeof(text), sealed, &sealed_len) ==
	      CKR_OK);
	CHECK(p11->C_DecryptInit(s, &kms_mechanism, key) == CKR_OK);
	CHECK(
	    p11->C_Decrypt(s, sealed, sealed_len, clear, &clear_len) == CKR_OK);
	CHECK(clear_len == sizeof(text) &&
	      memcmp(clear, text, sizeof(text)) == 0);
}

static void
look_around(CK_SESSION_HANDLE s, bool all)
{
	CK_ATTRIBUTE label[] = {A_BYTES(CKA_LABEL, "key", 3)};
	CK_OBJECT_HANDLE h[16];
	CK_BYTE text[64];
	CK_ATTRIBUTE a = A(CKA_LABEL, text);
	CK_TOKEN_INFO token;
	CK_SESSION_INFO info;
	CK_ULONG n = 0;

	CHECK(p11->C_GetTokenInfo(0, &token) == CKR_OK);
	CHECK(p11->C_GetSessionInfo(s, &info) == CKR_OK);
	CHECK(p11->C_FindObjectsInit(s, label, all ? 0 : 1) == CKR_OK);
	CHECK(p11->C_FindObjects(s, h, ELEMS(h), &n) == CKR_OK && n >= 1);
	CHECK(p11->C_FindObjectsFinal(s) == CKR_OK);
	CHECK(all || h[0] == key);
	CHECK(p11->C_GetAttributeValue(s, key, &a, 1) == CKR_OK &&
	      a.ulValueLen == 3);
}

/* A pair of its own, renamed and destroyed. */
static void
make_and_destroy(CK_SESSION_HANDLE s, unsigned n)
{
	CK_ULONG bits = 2048;
	CK_MECHANISM m = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	char name[32], other[32];
	CK_ATTRIBUTE pub[] = {A(CKA_MODULUS_BITS, bits)};
	CK_ATTRIBUTE priv[] = {
	    A(CKA_TOKEN, yes), A(CKA_UNWRAP, yes), A_BYTES(CKA_LABEL, name, 0)};
	CK_ATTRIBUTE set = A_BYTES(CKA_LABEL, other, 0);
	CK_OBJECT_HANDLE a = 0, b = 0;

	priv[2].ulValueLen = (CK_ULONG)snprintf(name, sizeof(name), "n%u", n);
	set.ulValueLen = (CK_ULONG)snprintf(other, sizeof(other), "o%u", n);
	CHECK(p11->C_GenerateKeyPair(s, &m, pub, 1, priv, 3, &a, &b) == CKR_OK);
	CHECK(p11->C_SetAttributeValue(s, a, &set, 1) == CKR_OK);
	CHECK(p11->C_DestroyObject(s, b) == CKR_OK);
}

static void *
work(void *arg)
{
	unsigned n = *(unsigned *)arg;
	CK_SESSION_HANDLE s = 0, more = 0;
	CK_BYTE random[16];

	CHECK(p11->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
		  NULL, &s) == CKR_OK);
	for (unsigned i = 0; i < ROUNDS; i++) {
		round_trip(s, n * ROUNDS + i);
		CHECK(p11->C_OpenSession(
			  0, CKF_SERIAL_SESSION, NULL, NULL, &more) == CKR_OK);
		look_around(more, i % 4 == 0);
		CHECK(p11->C_GenerateRandom(more, random, 16) == CKR_OK);
		CHECK(p11->C_CloseSession(more) == CKR_OK);
	}
	make_and_destroy(s, n);
	CHECK(p11->C_CloseSession(s) == CKR_OK);
	return (NULL);
}

static void
test_all_at_once(void)
{
	pthread_t threads[THREADS];
	unsigned numbers[THREADS];

	for (unsigned i = 0; i < THREADS; i++) {
		numbers[i] = i;
		NEED(pthread_create(&threads[i], NULL, work, &numbers[i]) == 0,
		    "thread %u", i);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	COUNT((unsigned long)atomic_load(&bad), 0,
	    "%d threads and none in another's way", THREADS);
	COUNT(calls("Encrypt"), THREADS * ROUNDS, "each call was made once");
}

/* One label, many threads: one KMS key, whoever comes first. */
static void *
import_same(void *out)
{
	struct key_template k;
	CK_SESSION_HANDLE s = 0;
	CK_OBJECT_HANDLE h;

	CHECK(p11->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
		  NULL, &s) == CKR_OK);
	key_template(&k, shared, "shared");
	*(CK_RV *)out = p11->C_CreateObject(s, k.t, k.count, &h);
	return (NULL);
}

static void
test_same_label(void)
{
	pthread_t threads[4];
	CK_RV rv[4] = {0};

	shared = material(2);
	calls_clear();
	for (size_t i = 0; i < ELEMS(threads); i++)
		NEED(
		    pthread_create(&threads[i], NULL, import_same, &rv[i]) == 0,
		    "thread %zu", i);
	for (size_t i = 0; i < ELEMS(threads); i++) {
		pthread_join(threads[i], NULL);
		RV(rv[i], CKR_OK, "its import");
	}
	COUNT(calls("CreateKey"), 1, "one key was made");
}

/* C_Finalize while others are at work: they end, with an answer. */
static void *
until_the_end(void *arg)
{
	CK_SESSION_HANDLE s = *(CK_SESSION_HANDLE *)arg;
	CK_BYTE sealed[1024];
	CK_ULONG n;
	CK_RV rv = CKR_OK;

	while (rv == CKR_OK) {
		n = sizeof(sealed);
		rv = p11->C_EncryptInit(s, &kms_mechanism, key);
		if (rv == CKR_OK)
			rv = p11->C_Encrypt(s, sealed, 4, sealed, &n);
	}
	CHECK(rv == CKR_CRYPTOKI_NOT_INITIALIZED);
	return (NULL);
}

static void
test_finalize_under_way(void)
{
	pthread_t threads[4];
	CK_SESSION_HANDLE s[4];

	calls_clear();
	for (size_t i = 0; i < ELEMS(threads); i++) {
		s[i] = p11_session(CKF_RW_SESSION);
		NEED(pthread_create(&threads[i], NULL, until_the_end, &s[i]) ==
			 0,
		    "thread %zu", i);
	}
	while (calls("Encrypt") < 8 && atomic_load(&bad) == 0)
		continue;
	p11_stop();
	for (size_t i = 0; i < ELEMS(threads); i++)
		pthread_join(threads[i], NULL);
	COUNT((unsigned long)atomic_load(&bad), 0,
	    "C_Finalize ends calls that are under way");
}

/* C_Initialize by many threads at once, as by several libraries of a program: to each
 * of them the module is initialized when it returns. */
static pthread_barrier_t together;

static void *
initialize(void *arg)
{
	CK_INFO info;
	CK_RV rv;

	(void)arg;
	pthread_barrier_wait(&together);
	rv = p11->C_Initialize(NULL);
	CHECK(rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED);
	CHECK(p11->C_GetInfo(&info) == CKR_OK);
	return (NULL);
}

static void
test_initialize_at_once(void)
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&together, NULL, ELEMS(threads));
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < ELEMS(threads); i++)
			NEED(pthread_create(
				 &threads[i], NULL, initialize, NULL) == 0,
			    "thread %zu", i);
		for (size_t i = 0; i < ELEMS(threads); i++)
			pthread_join(threads[i], NULL);
		CHECK(p11->C_Finalize(NULL) == CKR_OK);
	}
	pthread_barrier_destroy(&together);
	COUNT((unsigned long)atomic_load(&bad), 0,
	    "C_Initialize by many threads at once");
}

int
main(void)
{
	testenv_start();
	p11_start();
	key = key_make(material(1), "key");
	calls_clear();
	test_all_at_once();
	test_same_label();
	test_finalize_under_way();
	test_initialize_at_once();
	testenv_stop();
	return (tap_done());
}

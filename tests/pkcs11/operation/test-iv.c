/* Vectors that the token makes for AES-GCM: none comes twice under one key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cryptoki/cryptoki.h"
#include "p11.h"

#define IV_LEN 12
#define CHILD_SECONDS 120
#define IVS_MAX 4096

static CK_FUNCTION_LIST_3_2 *v3;
static CK_MECHANISM gcm = {CKM_AES_GCM, NULL, 0};

/* All that was given, and how many of that were given before. */
static CK_BYTE ivs[IVS_MAX][IV_LEN];
static size_t count, repeated;

static void
note(const CK_BYTE *iv)
{
	for (size_t i = 0; i < count; i++)
		repeated += memcmp(ivs[i], iv, IV_LEN) == 0;
	memcpy(ivs[count++ % IVS_MAX], iv, IV_LEN);
}

static void
forget(void)
{
	count = repeated = 0;
}

static CK_OBJECT_HANDLE
make_key(CK_SESSION_HANDLE session, unsigned n)
{
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A_BYTES(CKA_VALUE, material(n), 32)};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	(void)p11->C_CreateObject(session, t, ELEMS(t), &h);
	return (h);
}

/* A message by that generator; its vector begins with iv's fixed bits. */
static CK_RV
message(CK_SESSION_HANDLE session, CK_ULONG generator, CK_ULONG fixed,
    CK_BYTE iv[IV_LEN])
{
	CK_BYTE tag[16], text[4] = "text", out[4];
	struct gcm_message_params p = {iv, IV_LEN, fixed, generator, tag, 128};
	CK_ULONG n = sizeof(out);

	return (v3->C_EncryptMessage(
	    session, &p, sizeof(p), NULL, 0, text, sizeof(text), out, &n));
}

/* So many messages between an Init and a Final. */
static CK_RV
process(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_ULONG generator,
    CK_ULONG fixed, int messages)
{
	CK_BYTE iv[IV_LEN];
	CK_RV rv = v3->C_MessageEncryptInit(session, &gcm, key);

	memset(iv, 0x5a, sizeof(iv));
	while (rv == CKR_OK && messages-- > 0)
		if ((rv = message(session, generator, fixed, iv)) == CKR_OK)
			note(iv);
	(void)v3->C_MessageEncryptFinal(session);
	return (rv);
}

static void
test_inits(CK_ULONG generator, CK_ULONG fixed, const char *name)
{
	CK_SESSION_HANDLE other = p11_session(CKF_RW_SESSION);
	CK_OBJECT_HANDLE key = make_key(rw, 1), copy = CK_INVALID_HANDLE;
	CK_RV rv = CKR_OK;

	forget();
	for (int i = 0; i < 3 && rv == CKR_OK; i++)
		rv = process(rw, key, generator, fixed, 5);
	if (rv == CKR_OK)
		rv = process(other, key, generator, fixed, 5);
	RV(rv, CKR_OK, "%s, %lu bits fixed: four processes", name, fixed);
	RV(p11->C_CopyObject(rw, key, NULL, 0, &copy), CKR_OK, "a copy");
	RV(process(rw, copy, generator, fixed, 5), CKR_OK, "and its");
	RV(p11->C_DestroyObject(rw, key), CKR_OK, "the key goes");
	RV(process(other, make_key(other, 1), generator, fixed, 5), CKR_OK,
	    "and comes again");
	COUNT(count, 30, "vectors");
	COUNT(repeated, 0, "none of them came twice");
	(void)p11->C_CloseSession(other);
}

/* Fixed bits that another sequence runs into. */
static void
test_overlap(void)
{
	CK_OBJECT_HANDLE key = make_key(rw, 2);
	CK_BYTE iv[IV_LEN] = {0};

	forget();
	RV(v3->C_MessageEncryptInit(rw, &gcm, key), CKR_OK, "a process");
	for (CK_ULONG fixed = 8; fixed <= 88; fixed += 8)
		for (int i = 0; i < 3; i++) {
			memset(iv, 0, sizeof(iv));
			RV(message(rw, CKG_GENERATE_COUNTER, fixed, iv), CKR_OK,
			    "%lu bits of zeros are fixed", fixed);
			note(iv);
		}
	COUNT(repeated, 0, "none came twice");
	RV(v3->C_MessageEncryptFinal(rw), CKR_OK, "the end");
}

/* What counts in few bits ends, and begins with no Init anew. */
static void
test_end(void)
{
	CK_OBJECT_HANDLE key = make_key(rw, 3);

	forget();
	RV(process(rw, key, CKG_GENERATE_COUNTER, 93, 5), CKR_OK, "five");
	RV(process(rw, key, CKG_GENERATE_COUNTER, 93, 5),
	    CKR_TOKEN_RESOURCE_EXCEEDED, "three bits are eight vectors");
	COUNT(count, 8, "eight were given");
	COUNT(repeated, 0, "none of them twice");
	RV(process(rw, key, CKG_GENERATE, 93, 1), CKR_MECHANISM_PARAM_INVALID,
	    "too few bits for the token's choice");
}

/* Writes the vectors of a process of its own that has the same key. */
static int
child(int to, CK_ULONG generator, CK_ULONG fixed)
{
	CK_BYTE(*mine)[IV_LEN] = ivs;

	forget();
	if (p11_begin() != CKR_OK ||
	    process(rw, make_key(rw, 4), generator, fixed, 5) != CKR_OK)
		return (1);
	return (write(to, mine, 5 * IV_LEN) == 5 * IV_LEN ? 0 : 2);
}

static void
test_processes(CK_ULONG generator, CK_ULONG fixed, const char *name)
{
	CK_BYTE got[5][IV_LEN];
	int fd[2], status = -1, failed = 0;
	pid_t pid;

	forget();
	for (int i = 0; i < 3; i++) {
		NEED(pipe(fd) == 0, "a pipe");
		fflush(stdout);
		if ((pid = fork()) == 0) {
			alarm(CHILD_SECONDS);
			_exit(child(fd[1], generator, fixed));
		}
		NEED(pid > 0, "a child");
		failed += read(fd[0], got, sizeof(got)) != sizeof(got);
		NEED(waitpid(pid, &status, 0) == pid, "its end");
		failed += status != 0;
		for (size_t k = 0; k < 5; k++)
			note(got[k]);
		close(fd[0]);
		close(fd[1]);
	}
	COUNT((unsigned long)failed, 0, "%s: three processes", name);
	COUNT(count, 15, "their vectors");
	COUNT(repeated, 0, "none of them came twice");
}

int
main(void)
{
	testenv_start();
	p11_start();
	v3 = p11_list_3_2();
	test_inits(CKG_GENERATE, 0, "CKG_GENERATE");
	test_inits(CKG_GENERATE, 32, "CKG_GENERATE");
	test_inits(CKG_GENERATE_RANDOM, 32, "CKG_GENERATE_RANDOM");
	test_inits(CKG_GENERATE_COUNTER, 0, "CKG_GENERATE_COUNTER");
	test_inits(CKG_GENERATE_COUNTER, 32, "CKG_GENERATE_COUNTER");
	test_inits(CKG_GENERATE_COUNTER, 67, "CKG_GENERATE_COUNTER");
	test_inits(CKG_GENERATE_COUNTER_XOR, 0, "CKG_GENERATE_COUNTER_XOR");
	test_inits(CKG_GENERATE_COUNTER_XOR, 32, "CKG_GENERATE_COUNTER_XOR");
	test_overlap();
	test_end();
	test_processes(CKG_GENERATE, 0, "CKG_GENERATE");
	test_processes(CKG_GENERATE_RANDOM, 0, "CKG_GENERATE_RANDOM");
	test_processes(CKG_GENERATE_COUNTER, 0, "CKG_GENERATE_COUNTER");
	test_processes(CKG_GENERATE_COUNTER, 32, "CKG_GENERATE_COUNTER, fixed");
	p11_stop();
	testenv_stop();
	return (tap_done());
}

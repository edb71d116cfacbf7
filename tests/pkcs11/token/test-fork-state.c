/* fork() without C_Initialize: the child goes on with the parent's sessions,
 * login, handles, session objects and operations, on connections of its own,
 * and what it does with them the parent does not notice. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"
#include "counting-proxy.h"

#define CHILD_SECONDS 60 /* then it hangs */
#define CHILDREN 32

static CK_FUNCTION_LIST_3_2 *v3;
static bool threads; /* of the parent are at work */
static CK_SESSION_HANDLE operations, searching, messages;
static CK_OBJECT_HANDLE kms_key, kms_ec, aes, rsa, rsa_public;
static CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0},
		    rsa_sha256 = {CKM_SHA256_RSA_PKCS, NULL, 0},
		    ecdsa = {CKM_ECDSA_SHA256, NULL, 0},
		    sha256 = {CKM_SHA256, NULL, 0};
static CK_BYTE text[16] = "sixteen bytes !", sealed[16], digest[32], saved[32],
	       rsa_signature[256];

/* An exit status holds 8 bits: the number of the check that failed. */
#define EXPECT(n, got, want) \
	if ((got) != (want)) \
		return (n);

static pid_t
start(int (*body)(void))
{
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == 0) {
		alarm(CHILD_SECONDS);
		/* a sanitizer tells of leaks by the status; but what threads
		 * of the parent had on their stacks is lost here */
		if (threads)
			_exit(body());
		exit(body());
	}
	return (pid);
}

/* 0, or the number of the check that failed; negative: a signal. */
static int
end(pid_t pid)
{
	int status = -1;

	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		return (-1);
	return (WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
}

static CK_RV
seal(CK_OBJECT_HANDLE key, CK_BYTE out[16])
{
	CK_ULONG n = 16;

	return (encrypt(key, &ecb, text, 16, out, &n));
}

static CK_RV
use_kms(void)
{
	CK_BYTE out[1024];
	CK_ULONG n = sizeof(out);

	return (encrypt(kms_key, &kms_mechanism, "text", 4, out, &n));
}

static CK_STATE
state(void)
{
	CK_SESSION_INFO info = {.state = 77};

	(void)p11->C_GetSessionInfo(rw, &info);
	return (info.state);
}

static int
use_keys(void)
{
	CK_BYTE out[256];
	CK_ULONG n = sizeof(out);

	EXPECT(1, state(), CKS_RW_USER_FUNCTIONS)
	EXPECT(2, seal(aes, out), CKR_OK)
	EXPECT(3, memcmp(out, sealed, 16), 0)
	EXPECT(4, p11->C_SignInit(rw, &rsa_sha256, rsa), CKR_OK)
	EXPECT(5, p11->C_Sign(rw, text, 16, out, &n), CKR_OK)
	EXPECT(6, memcmp(out, rsa_signature, 256), 0)
	EXPECT(7, p11->C_VerifyInit(rw, &rsa_sha256, rsa_public), CKR_OK)
	EXPECT(8, p11->C_Verify(rw, text, 16, out, n), CKR_OK)
	EXPECT(9, use_kms(), CKR_OK)
	n = sizeof(out);
	EXPECT(10, p11->C_SignInit(rw, &ecdsa, kms_ec), CKR_OK)
	EXPECT(11, p11->C_Sign(rw, text, 16, out, &n), CKR_OK)
	EXPECT(12, n, 64)
	EXPECT(13, find_label("kept", CKO_SECRET_KEY), kms_key)
	return (0);
}

/* Those that were under way. */
static int
finish_operations(void)
{
	CK_BYTE out[32];
	CK_ULONG n = sizeof(out);
	CK_OBJECT_HANDLE found[64];

	EXPECT(1, p11->C_DigestUpdate(operations, text + 4, 12), CKR_OK)
	EXPECT(2, p11->C_DigestFinal(operations, out, &n), CKR_OK)
	EXPECT(3, memcmp(out, digest, 32), 0)
	n = sizeof(out);
	EXPECT(4, p11->C_Encrypt(operations, text, 16, out, &n), CKR_OK)
	EXPECT(5, memcmp(out, sealed, 16), 0)
	n = sizeof(out);
	EXPECT(9, p11->C_SetOperationState(operations, saved, 32, 0, 0), CKR_OK)
	EXPECT(10, p11->C_DigestUpdate(operations, text + 4, 12), CKR_OK)
	EXPECT(11, p11->C_DigestFinal(operations, out, &n), CKR_OK)
	EXPECT(12, memcmp(out, digest, 32), 0)
	EXPECT(6, p11->C_FindObjects(searching, found, 64, &n), CKR_OK)
	EXPECT(7, n >= 4, true)
	EXPECT(8, p11->C_FindObjectsFinal(searching), CKR_OK)
	return (0);
}

/* What the child changes is its own. */
static int
change(void)
{
	CK_OBJECT_HANDLE own;
	CK_SESSION_HANDLE s;
	CK_ULONG len = 16;
	CK_ATTRIBUTE t[] = {A(CKA_VALUE_LEN, len), A(CKA_ENCRYPT, yes)};
	CK_MECHANISM gen = {CKM_AES_KEY_GEN, NULL, 0};
	CK_BYTE out[16];

	EXPECT(1, p11->C_DestroyObject(rw, rsa), CKR_OK)
	EXPECT(2, p11->C_GenerateKey(rw, &gen, t, ELEMS(t), &own), CKR_OK)
	EXPECT(3, seal(own, out), CKR_OK)
	EXPECT(4,
	    p11->C_OpenSession(
		0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s),
	    CKR_OK)
	EXPECT(5, p11->C_CloseSession(operations), CKR_OK)
	EXPECT(6, p11->C_Logout(rw), CKR_OK)
	EXPECT(7, state(), CKS_RW_PUBLIC_SESSION)
	EXPECT(8, p11->C_Finalize(NULL), CKR_OK)
	EXPECT(9, use_kms(), CKR_CRYPTOKI_NOT_INITIALIZED)
	EXPECT(10, p11->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED)
	EXPECT(11, p11_begin(), CKR_OK)
	EXPECT(12, state(), CKS_RW_PUBLIC_SESSION)
	EXPECT(13, p11->C_Finalize(NULL), CKR_OK)
	return (0);
}

static int
initialize_late(void)
{
	EXPECT(1, use_kms(), CKR_OK)
	EXPECT(2, p11->C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED)
	EXPECT(3, state(), CKS_RW_USER_FUNCTIONS)
	return (0);
}

/* Its parent has not used the module, and then has. */
static int
have_children(void)
{
	EXPECT(1, end(start(use_keys)), 0)
	EXPECT(2, end(start(finish_operations)), 0)
	EXPECT(3, end(start(change)), 0)
	EXPECT(4, use_keys(), 0)
	EXPECT(5, end(start(use_keys)), 0)
	EXPECT(6, end(start(finish_operations)), 0)
	EXPECT(7, finish_operations(), 0)
	return (0);
}

static void *
use_in_thread(void *arg)
{
	CK_SESSION_HANDLE s;
	CK_OBJECT_HANDLE key = *(const CK_OBJECT_HANDLE *)arg;
	CK_BYTE out[1024];
	CK_ULONG n = sizeof(out);
	bool good;

	good = p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s) ==
		   CKR_OK &&
	       p11->C_EncryptInit(s, &kms_mechanism, key) == CKR_OK &&
	       p11->C_Encrypt(s, text, 16, out, &n) == CKR_OK &&
	       p11->C_CloseSession(s) == CKR_OK;
	return (good ? NULL : arg);
}

/* The child's first calls, from several threads at once. */
static int
begin_in_threads(void)
{
	pthread_t t[8];
	void *failed;
	int bad = 0;

	for (size_t i = 0; i < ELEMS(t); i++)
		EXPECT(
		    1, pthread_create(&t[i], NULL, use_in_thread, &kms_key), 0)
	for (size_t i = 0; i < ELEMS(t); i++)
		if (pthread_join(t[i], &failed) != 0 || failed != NULL)
			bad = 2;
	return (bad);
}

/* Vectors by which a session key encrypts messages. */
struct gcm {
	struct gcm_message_params param;
	CK_BYTE iv[12], tag[16];
};

static CK_RV
next_vector(CK_ULONG generator, CK_ULONG fixed, CK_BYTE iv[12])
{
	struct gcm g = {.param = {.ulIvLen = 12,
			    .ulIvFixedBits = fixed,
			    .ivGenerator = generator,
			    .ulTagBits = 128}};
	CK_BYTE out[16];
	CK_ULONG n = sizeof(out);
	CK_RV rv;

	g.param.pIv = g.iv;
	g.param.pTag = g.tag;
	rv = v3->C_EncryptMessage(
	    messages, &g.param, sizeof(g.param), NULL, 0, text, 16, out, &n);
	memcpy(iv, g.iv, 12);
	return (rv);
}

static CK_BYTE parents_next[12];
static int told[2];

/* None of the parent's vectors comes again. */
static int
count_vectors(void)
{
	CK_BYTE iv[12];

	EXPECT(1, next_vector(CKG_GENERATE_COUNTER, 32, iv), CKR_OK)
	EXPECT(2, write(told[1], iv, 12), 12)
	EXPECT(3, next_vector(CKG_GENERATE_COUNTER, 64, iv),
	    CKR_TOKEN_RESOURCE_EXCEEDED)
	EXPECT(4, next_vector(CKG_GENERATE_COUNTER, 80, iv),
	    CKR_TOKEN_RESOURCE_EXCEEDED)
	EXPECT(5, next_vector(CKG_GENERATE_COUNTER_XOR, 0, iv),
	    CKR_TOKEN_RESOURCE_EXCEEDED)
	EXPECT(6, next_vector(CKG_GENERATE_RANDOM, 0, iv), CKR_OK)
	EXPECT(7, next_vector(CKG_GENERATE_COUNTER, 32, iv), CKR_OK)
	return (0);
}

static void
test_vectors(void)
{
	CK_MECHANISM gcm = {CKM_AES_GCM, NULL, 0};
	CK_BYTE iv[12], childs[12] = {0};

	messages = p11_session(CKF_RW_SESSION);
	RV(v3->C_MessageEncryptInit(messages, &gcm, aes), CKR_OK, "messages");
	RV(next_vector(CKG_GENERATE_COUNTER, 32, iv), CKR_OK, "a counter");
	RV(next_vector(CKG_GENERATE_COUNTER, 64, iv), CKR_OK, "from 0");
	RV(next_vector(CKG_GENERATE_COUNTER_XOR, 0, iv), CKR_OK, "by XOR");
	NEED(pipe(told) == 0, "a pipe");
	COUNT((unsigned long)end(start(count_vectors)), 0,
	    "a child counts by itself, at random, or not at all");
	RV(next_vector(CKG_GENERATE_COUNTER, 32, parents_next), CKR_OK,
	    "the parent counts on");
	OK(read(told[0], childs, 12) == 12 &&
		memcmp(childs, parents_next, 12) != 0,
	    "the vectors are different");
	RV(next_vector(CKG_GENERATE_COUNTER, 64, iv), CKR_OK, "from 0, too");
	RV(p11->C_CloseSession(messages), CKR_OK, "the end of messages");
}

static void
test_random(void)
{
	CK_MECHANISM gen = {CKM_AES_KEY_GEN, NULL, 0};
	CK_ULONG len = 16;
	CK_ATTRIBUTE t[] = {A(CKA_VALUE_LEN, len), A(CKA_EXTRACTABLE, yes),
	    A(CKA_SENSITIVE, no)};
	CK_BYTE own[16] = {0}, childs[16] = {0};
	CK_OBJECT_HANDLE h;
	pid_t pid;

	NEED(pipe(told) == 0, "a pipe");
	if ((pid = fork()) == 0) {
		alarm(CHILD_SECONDS);
		if (p11->C_GenerateKey(rw, &gen, t, ELEMS(t), &h) != CKR_OK ||
		    attr(h, CKA_VALUE, own, 16) != 16 ||
		    write(told[1], own, 16) != 16)
			_exit(1);
		_exit(0);
	}
	COUNT((unsigned long)end(pid), 0, "a child makes a key");
	RV(p11->C_GenerateKey(rw, &gen, t, ELEMS(t), &h), CKR_OK,
	    "the parent, too");
	OK(read(told[0], childs, 16) == 16 &&
		attr(h, CKA_VALUE, own, 16) == 16 &&
		memcmp(own, childs, 16) != 0,
	    "they are different keys");
}

static volatile bool stop;

static void *
use_until_stopped(void *arg)
{
	while (!stop)
		if (use_in_thread(arg) != NULL)
			return (arg);
	return (NULL);
}

#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZER true
#elif defined(__has_feature)
#define ADDRESS_SANITIZER __has_feature(address_sanitizer)
#else
#define ADDRESS_SANITIZER false
#endif

/* Operations are left out: where a thread is long inside OpenSSL, they are over
 * in the child. */
static void
test_many(void)
{
	pthread_t t[4];
	pid_t pids[CHILDREN];
	void *failed;
	int bad = 0, check;

	for (size_t i = 0; i < ELEMS(t); i++)
		if (pthread_create(&t[i], NULL, use_until_stopped, &kms_key) !=
		    0)
			tap_bail();
	threads = true;
	for (size_t i = 0; i < CHILDREN; i++)
		pids[i] = start(use_keys);
	for (size_t i = 0; i < CHILDREN; i++)
		if ((check = end(pids[i])) != 0) {
			printf("# child %zu: %d\n", i, check);
			bad++;
		}
	threads = false;
	stop = true;
	for (size_t i = 0; i < ELEMS(t); i++)
		if (pthread_join(t[i], &failed) != 0 || failed != NULL)
			bad++;
	COUNT((unsigned long)bad, 0,
	    "%d children at once, while threads of the parent ask KMS",
	    CHILDREN);
}

static void
test_children(void)
{
	static const struct {
		const char *what;
		int (*body)(void);
		bool connects;
	} children[] = {
	    {"keys and login are the child's", use_keys, true},
	    {"so are the operations", finish_operations, false},
	    {"a child changes what is its own", change, false},
	    {"C_Initialize comes too late", initialize_late, true},
	    {"a child's children", have_children, true},
	    {"threads begin", begin_in_threads, true},
	};
	size_t before, connections, parents = proxy_connections();

	for (size_t i = 0; i < ELEMS(children); i++) {
		before = proxy_bytes(parents);
		connections = proxy_connections();
		COUNT((unsigned long)end(start(children[i].body)), 0, "%s",
		    children[i].what);
		COUNT(proxy_bytes(parents), before,
		    "%s: not a byte on the parent's connections",
		    children[i].what);
		OK((proxy_connections() > connections) == children[i].connects,
		    "%s: connections of its own, if any", children[i].what);
		COUNT((unsigned long)use_keys(), 0, "the parent goes on");
	}
}

static void
make_keys(void)
{
	static CK_ULONG bits = 2048, len = 32;
	static CK_BYTE exponent[] = {1, 0, 1};
	CK_MECHANISM gen = {CKM_AES_KEY_GEN, NULL, 0},
		     gen_rsa = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE t[] = {A(CKA_VALUE_LEN, len), A(CKA_ENCRYPT, yes)};
	CK_ATTRIBUTE pub[] = {A(CKA_MODULUS_BITS, bits),
	    A_BYTES(CKA_PUBLIC_EXPONENT, exponent, 3), A(CKA_VERIFY, yes)};
	CK_ATTRIBUTE priv[] = {A(CKA_SIGN, yes)};
	CK_ULONG n = sizeof(rsa_signature);

	kms_key = key_make(material(1), "kept");
	kms_ec = pair_generate("kept pair").private;
	RV(p11->C_GenerateKey(rw, &gen, t, ELEMS(t), &aes), CKR_OK, "AES");
	RV(p11->C_GenerateKeyPair(rw, &gen_rsa, pub, ELEMS(pub), priv,
	       ELEMS(priv), &rsa_public, &rsa),
	    CKR_OK, "RSA");
	RV(seal(aes, sealed), CKR_OK, "a block");
	RV(p11->C_SignInit(rw, &rsa_sha256, rsa), CKR_OK, "a signature");
	RV(p11->C_Sign(rw, text, 16, rsa_signature, &n), CKR_OK, "is made");
}

static void
begin_operations(void)
{
	CK_ULONG n = sizeof(digest);

	operations = p11_session(CKF_RW_SESSION);
	searching = p11_session(0);
	RV(p11->C_DigestInit(rw, &sha256), CKR_OK, "a digest");
	RV(p11->C_Digest(rw, text, 16, digest, &n), CKR_OK, "is made");
	RV(p11->C_DigestInit(operations, &sha256), CKR_OK, "a digest begins");
	RV(p11->C_DigestUpdate(operations, text, 4), CKR_OK, "with a part");
	n = sizeof(saved);
	RV(p11->C_GetOperationState(operations, saved, &n), CKR_OK, "saved");
	RV(p11->C_EncryptInit(operations, &ecb, aes), CKR_OK, "and a cipher");
	RV(p11->C_FindObjectsInit(searching, NULL, 0), CKR_OK, "and a search");
}

int
main(void)
{
	static CK_UTF8CHAR pin[] = "1234";
	CK_C_GetInterface get;
	CK_INTERFACE *i;
	void *f;

	testenv_start();
	testenv_config(NULL, "login = required", NULL);
	proxy_start();
	p11_start();
	f = p11_symbol("C_GetInterface");
	memcpy(&get, &f, sizeof(get));
	NEED(get(NULL, NULL, &i, 0) == CKR_OK, "an interface");
	OK((i->flags & CKF_INTERFACE_FORK_SAFE) != 0, "fork is no danger");
	v3 = p11_list_3_2();
	RV(p11->C_Login(rw, CKU_USER, pin, 4), CKR_OK, "C_Login");
	make_keys();
	begin_operations();
	test_children();
	test_vectors();
	test_random();
	/* a child waits for ever for a lock of that allocator which a thread of
	 * the parent held: ALSO_PLAIN_TESTS has this test */
	if (ADDRESS_SANITIZER)
		tap_skip("the sanitizer's malloc() does not bear fork()",
		    "children of a parent with threads");
	else
		test_many();
	COUNT((unsigned long)finish_operations(), 0,
	    "the parent's operations end as they would have");
	p11_stop();
	testenv_stop();
	return (tap_done());
}

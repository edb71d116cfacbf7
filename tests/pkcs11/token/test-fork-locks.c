/* fork() while another thread is at work: at each lock that the thread holds
 * in turn, OpenSSL's own included, a child goes on with the parent's session, or
 * begins anew, or a child of the child does, or it just ends. None of them waits
 * for a thread that it does not have. */
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cryptoki/cryptoki.h"
#include "p11.h"

#define SECONDS 20 /* a child that takes more hangs */
#define FORKS_MOST 60

/* Before libc's: the thread pauses when it is about to release a lock. */
#define SHOWN __attribute__((visibility("default")))
SHOWN int pthread_mutex_unlock(pthread_mutex_t *);
SHOWN int pthread_rwlock_unlock(pthread_rwlock_t *);
static int (*unlock_mutex)(pthread_mutex_t *);
static int (*unlock_rwlock)(pthread_rwlock_t *);
static __thread bool at_work;
static unsigned stop_at, releases;
static bool reached; /* the lock at which it pauses */
static sem_t stopped, may_end;
static CK_OBJECT_HANDLE kms_key; /* the thread asks KMS, if it is one */
static CK_OBJECT_HANDLE forked; /* a key in KMS */
static CK_SESSION_HANDLE threads; /* the thread's session */

static void
releasing(void)
{
	static const struct timespec hold = {.tv_nsec = 30000000};

	if (!at_work || ++releases != stop_at)
		return;
	at_work = false;
	reached = true;
	sem_post(&stopped);
	nanosleep(&hold, NULL);
	at_work = true;
}

int
pthread_mutex_unlock(pthread_mutex_t *m)
{
	releasing();
	return (unlock_mutex(m));
}

int
pthread_rwlock_unlock(pthread_rwlock_t *l)
{
	releasing();
	return (unlock_rwlock(l));
}

static void
find_real(void)
{
	void *f = dlsym(RTLD_NEXT, "pthread_mutex_unlock");

	memcpy(&unlock_mutex, &f, sizeof(f));
	f = dlsym(RTLD_NEXT, "pthread_rwlock_unlock");
	memcpy(&unlock_rwlock, &f, sizeof(f));
	if (unlock_mutex == NULL || unlock_rwlock == NULL)
		tap_bail();
}

/* What uses the random numbers, the algorithms and the module's own lists. */
static CK_RV
work(CK_SESSION_HANDLE s)
{
	CK_MECHANISM gen = {CKM_AES_KEY_GEN, NULL, 0},
		     gen_ec = {CKM_EC_KEY_PAIR_GEN, NULL, 0},
		     sha256 = {CKM_SHA256, NULL, 0};
	static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	CK_ULONG len = 32;
	CK_ATTRIBUTE t[] = {A(CKA_VALUE_LEN, len), A(CKA_ENCRYPT, yes)};
	CK_ATTRIBUTE pub[] = {A_BYTES(CKA_EC_PARAMS, p256, sizeof(p256))};
	CK_ATTRIBUTE priv[] = {A(CKA_SIGN, yes)};
	CK_OBJECT_HANDLE h, pub_h, priv_h;
	CK_BYTE out[32];
	CK_RV rv;

	if ((rv = p11->C_GenerateRandom(s, out, sizeof(out))) != CKR_OK ||
	    (rv = p11->C_GenerateKey(s, &gen, t, ELEMS(t), &h)) != CKR_OK ||
	    (rv = p11->C_GenerateKeyPair(
		 s, &gen_ec, pub, 1, priv, 1, &pub_h, &priv_h)) != CKR_OK ||
	    (rv = p11->C_DigestInit(s, &sha256)) != CKR_OK ||
	    (rv = p11->C_Digest(s, out, sizeof(out), out, &len)) != CKR_OK ||
	    (rv = p11->C_DestroyObject(s, pub_h)) != CKR_OK ||
	    (rv = p11->C_DestroyObject(s, priv_h)) != CKR_OK)
		return (rv);
	return (p11->C_DestroyObject(s, h));
}

/* What uses curl, too: a request. */
static CK_RV
ask(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)
{
	CK_BYTE out[1024];
	CK_ULONG len = sizeof(out);
	CK_RV rv = p11->C_EncryptInit(s, &kms_mechanism, key);

	return (
	    rv != CKR_OK ? rv : p11->C_Encrypt(s, material(0), 32, out, &len));
}

static void *
thread(void *arg)
{
	CK_SESSION_HANDLE s = *(const CK_SESSION_HANDLE *)arg;
	CK_RV rv;

	at_work = true;
	rv = kms_key != CK_INVALID_HANDLE ? ask(s, kms_key) : work(s);
	at_work = false;
	if (!reached)
		sem_post(&stopped);
	/* a thread that ends holds a lock of OpenSSL's, outside of any call */
	while (sem_wait(&may_end) != 0)
		;
	return (rv == CKR_OK ? NULL : arg);
}

static int
begin_anew(void)
{
	if (p11_begin() != CKR_OK || work(rw) != CKR_OK ||
	    ask(rw, find_label("forked", CKO_SECRET_KEY)) != CKR_OK)
		return (1);
	return (p11->C_Finalize(NULL) == CKR_OK ? 0 : 2);
}

/* With the parent's session, its key, and the session that the thread is in. */
static int
go_on(void)
{
	CK_SESSION_INFO info;

	if (work(rw) != CKR_OK || ask(rw, forked) != CKR_OK)
		return (1);
	/* operations that no call was at are the child's, too */
	(void)p11->C_DigestInit(threads, NULL);
	(void)p11->C_EncryptInit(threads, NULL, CK_INVALID_HANDLE);
	if (p11->C_GetSessionInfo(threads, &info) != CKR_OK ||
	    work(threads) != CKR_OK || ask(threads, forked) != CKR_OK)
		return (2);
	return (p11->C_Finalize(NULL) == CKR_OK ? 0 : 3);
}

static int
grandchild(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		alarm(SECONDS);
		exit(begin_anew());
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid || status != 0)
		return (3);
	return (begin_anew());
}

static int
just_end(void)
{
	return (0);
}

/* What a child does before it ends with exit(), handlers and all. */
static const struct child_kind {
	const char *name;
	int (*run)(void);
} kinds[] = {{"a child goes on", go_on}, {"a child begins anew", begin_anew},
    {"a child of a child does", grandchild}, {"a child only ends", just_end}};

static bool
child_ends(const struct child_kind *k)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == 0) {
		alarm(SECONDS);
		exit(k->run());
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		tap_bail();
	if (status != 0)
		printf("# %s, lock %u: %s %d\n", k->name, stop_at,
		    WIFSIGNALED(status) ? "it hangs, signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status)
					: WEXITSTATUS(status));
	return (status == 0);
}

/* The thread pauses at its n-th lock; false: it takes fewer. */
static bool
stop_and_fork(unsigned n, const struct child_kind *k, bool *good)
{
	CK_SESSION_HANDLE s = p11_session(CKF_RW_SESSION);
	bool ends = true;
	void *failed = NULL;
	pthread_t t;

	threads = s;
	stop_at = n;
	releases = 0;
	reached = false;
	if (pthread_create(&t, NULL, thread, &s) != 0)
		tap_bail();
	while (sem_wait(&stopped) != 0)
		;
	if (reached)
		ends = child_ends(k);
	sem_post(&may_end);
	if (pthread_join(t, &failed) != 0 || failed != NULL)
		ends = false;
	*good = *good && ends && p11->C_CloseSession(s) == CKR_OK;
	return (reached);
}

static void
test_kinds(const char *doing)
{
	unsigned forks, step;
	bool good = true;

	(void)stop_and_fork(1U << 30, &kinds[0], &good); /* counts */
	step = releases / FORKS_MOST + 1;
	for (size_t i = 0; i < ELEMS(kinds); i++) {
		forks = 0;
		for (unsigned n = 1; good && stop_and_fork(n, &kinds[i], &good);
		     n += step)
			forks++;
		OK(good && forks > 10, "%s, while a thread %s: at %u locks",
		    kinds[i].name, doing, forks);
	}
}

int
main(void)
{
	find_real();
	testenv_start();
	if (sem_init(&stopped, 0, 0) != 0 || sem_init(&may_end, 0, 0) != 0)
		tap_bail();
	p11_start();
	forked = key_make(material(1), "forked");
	NEED(work(rw) == CKR_OK, "the work is done");
	test_kinds("makes keys");
	kms_key = forked;
	test_kinds("asks KMS");
	OK(work(rw) == CKR_OK, "the parent goes on");
	p11_stop();
	testenv_stop();
	return (tap_done());
}

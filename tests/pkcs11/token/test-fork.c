/* fork(), and C_Initialize in the child: it begins anew, the parent goes on, and
 * the connection that the parent has sees no byte of the child's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cryptoki/cryptoki.h"
#include "p11.h"
#include "counting-proxy.h"

#define CHILD_SECONDS 120 /* then it hangs */

static CK_OBJECT_HANDLE key;

static CK_RV
use(void)
{
	CK_BYTE sealed[1024];
	CK_ULONG n = sizeof(sealed);

	return (encrypt(key, &kms_mechanism, "text", 4, sealed, &n));
}

/* Runs body in a child; what it returns is 0, or the line that failed. */
static int
in_child(int (*body)(void))
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == 0) {
		alarm(CHILD_SECONDS);
		_exit(body());
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		return (-1);
	return (WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
}

/* An exit status holds 8 bits: the number of the check that failed. */
#define EXPECT(n, got, want) \
	if ((got) != (want)) \
		return (n);

static int
begin_anew(void)
{
	CK_SESSION_INFO info;
	CK_SESSION_HANDLE inherited = rw;

	EXPECT(1, p11->C_Initialize(NULL), CKR_OK)
	EXPECT(2, p11->C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED)
	EXPECT(3, p11->C_GetSessionInfo(inherited, &info),
	    CKR_SESSION_HANDLE_INVALID)
	EXPECT(4,
	    p11->C_OpenSession(
		0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &rw),
	    CKR_OK)
	key = find_label("key", CKO_SECRET_KEY);
	EXPECT(5, use(), CKR_OK)
	EXPECT(6, p11->C_Finalize(NULL), CKR_OK)
	EXPECT(7, p11->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED)
	return (0);
}

/* As OpenSSL's provider does. */
static int
finalize_first(void)
{
	EXPECT(1, p11->C_Finalize(NULL), CKR_OK)
	return (begin_anew());
}

/* The host ends without a word to the module. */
static int
leave(void)
{
	exit(0);
}

static int
grandchild(void)
{
	int line = begin_anew();

	EXPECT(1, line, 0)
	EXPECT(2, p11->C_Initialize(NULL), CKR_OK)
	EXPECT(3, in_child(begin_anew), 0)
	EXPECT(4, p11->C_Finalize(NULL), CKR_OK)
	return (0);
}

/* The host's mutexes: one that it cannot have right now. */
static int refused;

static CK_RV
create_mutex(void **mutex)
{
	static int one;

	if (refused > 0) {
		refused--;
		return (CKR_HOST_MEMORY);
	}
	*mutex = &one;
	return (CKR_OK);
}

static CK_RV
any_mutex(void *mutex)
{
	(void)mutex;
	return (CKR_OK);
}

/* A child that cannot go on with its parent's module yet does so later. */
static int
fail_twice(void)
{
	CK_SESSION_INFO info;

	refused = 2;
	EXPECT(1, p11->C_GetSessionInfo(rw, &info), CKR_GENERAL_ERROR)
	EXPECT(2, p11->C_GetSessionInfo(rw, &info), CKR_GENERAL_ERROR)
	EXPECT(3, p11->C_GetSessionInfo(rw, &info), CKR_OK)
	EXPECT(4, use(), CKR_OK)
	EXPECT(5, p11->C_Finalize(NULL), CKR_OK)
	return (0);
}

static int
fail_and_begin_anew(void)
{
	CK_SESSION_INFO info;

	refused = 1;
	EXPECT(1, p11->C_GetSessionInfo(rw, &info), CKR_GENERAL_ERROR)
	return (begin_anew());
}

/* No file can be opened at its first calls. */
static int
without_files(void)
{
	struct rlimit limit, none;
	CK_SESSION_INFO info;

	EXPECT(1, getrlimit(RLIMIT_NOFILE, &limit), 0)
	none = limit;
	none.rlim_cur = 0;
	EXPECT(2, setrlimit(RLIMIT_NOFILE, &none), 0)
	EXPECT(3, p11->C_GetSessionInfo(rw, &info), CKR_HOST_MEMORY)
	EXPECT(4, use(), CKR_HOST_MEMORY)
	EXPECT(5, setrlimit(RLIMIT_NOFILE, &limit), 0)
	EXPECT(6, p11->C_GetSessionInfo(rw, &info), CKR_OK)
	EXPECT(7, use(), CKR_OK)
	EXPECT(8, p11->C_Finalize(NULL), CKR_OK)
	return (0);
}

static void
test_failing_children(void)
{
	CK_C_INITIALIZE_ARGS args = {.CreateMutex = create_mutex,
	    .DestroyMutex = any_mutex,
	    .LockMutex = any_mutex,
	    .UnlockMutex = any_mutex};

	RV(p11->C_Finalize(NULL), CKR_OK, "C_Finalize");
	RV(p11->C_Initialize(&args), CKR_OK, "C_Initialize, with mutexes");
	rw = p11_session(CKF_RW_SESSION);
	key = find_label("key", CKO_SECRET_KEY);
	COUNT((unsigned long)in_child(fail_twice), 0,
	    "a child whose first calls fail goes on");
	COUNT((unsigned long)in_child(without_files), 0,
	    "one without files goes on when it has some");
	COUNT(
	    (unsigned long)in_child(fail_and_begin_anew), 0, "or begins anew");
	RV(use(), CKR_OK, "the parent goes on");
}

int
main(void)
{
	static const struct {
		const char *what;
		int (*body)(void);
		bool connects;
	} children[] = {
	    {"C_Initialize begins anew", begin_anew, true},
	    {"so does C_Finalize and C_Initialize", finalize_first, true},
	    {"a child that just leaves", leave, false},
	    {"a child's child", grandchild, true},
	};
	size_t before, connections, parents;

	testenv_start();
	proxy_start();
	p11_start();
	/* a handle that a child does not get again for its own session */
	for (int i = 0; i < 5; i++) {
		p11->C_CloseSession(rw);
		rw = p11_session(CKF_RW_SESSION);
	}
	key = key_make(material(1), "key");
	/* CreateKey goes over one of its own */
	parents = proxy_connections();
	OK(parents >= 1, "the parent has %zu connections", parents);
	for (size_t i = 0; i < ELEMS(children); i++) {
		before = proxy_bytes(parents);
		connections = proxy_connections();
		COUNT((unsigned long)in_child(children[i].body), 0, "%s",
		    children[i].what);
		COUNT(proxy_bytes(parents), before,
		    "%s: not a byte on the parent's connections",
		    children[i].what);
		OK((proxy_connections() > connections) == children[i].connects,
		    "%s: connections of its own, if any", children[i].what);
		connections = proxy_connections();
		RV(use(), CKR_OK, "the parent goes on");
		OK(proxy_bytes(parents) > before &&
			proxy_connections() == connections,
		    "on the connections that it has");
	}
	test_failing_children();
	p11_stop();
	testenv_stop();
	return (tap_done());
}

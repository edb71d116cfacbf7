/* The function lists, C_Initialize and C_Finalize, and what every function
 * says before, between and after them. No KMS is needed. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "p11.h"
#include "cryptoki/cryptoki.h"

/* Pointers of the lists, as an array behind the version. Another library with
 * functions of the same names is in the host (see main): none may get in. */
static void
check_list(const void *list, size_t size, CK_VERSION version)
{
	const CK_VERSION *v = list;
	void *f;
	Dl_info own, found;
	size_t missing = 0, foreign = 0, n = 0;

	NEED(dladdr(list, &own) != 0, "the list is the module's");
	OK(v->major == version.major && v->minor == version.minor,
	    "the list says %d.%d", version.major, version.minor);
	for (size_t at = sizeof(void *); at < size; at += sizeof(f), n++) {
		memcpy(&f, (const char *)list + at, sizeof(f));
		missing += f == NULL;
		foreign += dladdr(f, &found) == 0 ||
			   found.dli_fbase != own.dli_fbase;
	}
	COUNT(missing, 0, "none of its %zu functions is missing", n);
	COUNT(foreign, 0, "nor of another library");
}

static CK_C_GetInterface get_interface;
static CK_C_GetInterfaceList get_interface_list;

static void
find_symbols(void)
{
	void *a = p11_symbol("C_GetInterface");
	void *b = p11_symbol("C_GetInterfaceList");

	memcpy(&get_interface, &a, sizeof(get_interface));
	memcpy(&get_interface_list, &b, sizeof(get_interface_list));
	NEED(a != NULL && b != NULL, "the interface functions are exported");
}

static void
test_interface_list(void)
{
	CK_INTERFACE list[8];
	CK_ULONG n = 0;

	RV(get_interface_list(NULL, NULL), CKR_ARGUMENTS_BAD, "no count");
	RV(get_interface_list(NULL, &n), CKR_OK, "how many interfaces");
	COUNT(n, 3, "there are three");
	n = 1;
	RV(get_interface_list(list, &n), CKR_BUFFER_TOO_SMALL, "too small");
	COUNT(n, 3, "which says how many");
	n = ELEMS(list);
	RV(get_interface_list(list, &n), CKR_OK, "all of them");
	for (CK_ULONG i = 0; i < n; i++)
		OK(strcmp((char *)list[i].pInterfaceName, "PKCS 11") == 0 &&
			list[i].pFunctionList != NULL &&
			list[i].flags == CKF_INTERFACE_FORK_SAFE,
		    "interface %lu is whole", i);
}

static void
test_interfaces(void)
{
	static CK_UTF8CHAR name[] = "PKCS 11", other[] = "Vendor other";
	const struct {
		const char *what;
		CK_UTF8CHAR *name;
		CK_VERSION version;
		CK_FLAGS flags;
		CK_RV rv;
		CK_BYTE major;
	} cases[] = {
	    {"the default", NULL, {0, 0}, 0, CKR_OK, 3},
	    {"by name", name, {0, 0}, 0, CKR_OK, 3},
	    {"3.0", name, {3, 0}, 0, CKR_OK, 3},
	    {"2.40", name, {2, 40}, 0, CKR_OK, 2},
	    {"2.40 of any name", NULL, {2, 40}, 0, CKR_OK, 2},
	    {"fork safe", name, {3, 0}, CKF_INTERFACE_FORK_SAFE, CKR_OK, 3},
	    {"3.2", name, {3, 2}, 0, CKR_OK, 3},
	    {"3.1, which is not there", name, {3, 1}, 0, CKR_ARGUMENTS_BAD, 0},
	    {"2.20, which is not there", name, {2, 20}, 0, CKR_ARGUMENTS_BAD,
		0},
	    {"another name", other, {0, 0}, 0, CKR_ARGUMENTS_BAD, 0},
	    {"a flag that no interface has", name, {0, 0}, 0x80,
		CKR_ARGUMENTS_BAD, 0},
	};
	CK_FUNCTION_LIST *list = NULL;
	CK_INTERFACE_PTR i, of_table;
	CK_VERSION v;

	RV(get_interface(NULL, NULL, NULL, 0), CKR_ARGUMENTS_BAD, "no place");
	for (size_t n = 0; n < ELEMS(cases); n++) {
		v = cases[n].version;
		i = NULL;
		rv_is(get_interface(cases[n].name, v.major != 0 ? &v : NULL, &i,
			  cases[n].flags),
		    cases[n].rv, "as listed", __FILE__, __LINE__, "%s",
		    cases[n].what);
		if (cases[n].rv == CKR_OK)
			OK(i != NULL &&
				*(CK_BYTE *)i->pFunctionList == cases[n].major,
			    "%s has version %d", cases[n].what, cases[n].major);
	}
	v = (CK_VERSION){2, 40};
	NEED(get_interface(NULL, &v, &i, 0) == CKR_OK, "2.40 again");
	check_list(i->pFunctionList, sizeof(CK_FUNCTION_LIST), v);
	OK(p11->C_GetFunctionList(&list) == CKR_OK && i->pFunctionList == list,
	    "it is that of C_GetFunctionList");
	v = (CK_VERSION){3, 0};
	NEED(get_interface(NULL, &v, &i, 0) == CKR_OK, "3.0 again");
	check_list(i->pFunctionList, sizeof(CK_FUNCTION_LIST_3_0), v);
	NEED(get_interface(NULL, NULL, &i, 0) == CKR_OK, "without a version");
	OK(((CK_VERSION *)i->pFunctionList)->minor == 2, "it is the newest");
	/* as pkcs11-spy does: it asks the table, and does not know 3.2 */
	NEED(((CK_FUNCTION_LIST_3_2 *)i->pFunctionList)
		     ->C_GetInterface(name, NULL, &of_table, 0) == CKR_OK,
	    "the table has interfaces");
	OK(((CK_VERSION *)of_table->pFunctionList)->major == 3 &&
		((CK_VERSION *)of_table->pFunctionList)->minor == 0,
	    "it gives 3.0 for no version");
	i->pFunctionList = NULL;
	NEED(get_interface(NULL, NULL, &i, 0) == CKR_OK, "once more");
	OK(i->pFunctionList != NULL, "what a program wrote there is gone");
	v = (CK_VERSION){3, 2};
	NEED(get_interface(NULL, &v, &i, 0) == CKR_OK, "3.2 again");
	check_list(i->pFunctionList, sizeof(CK_FUNCTION_LIST_3_2), v);
}

/* A few of each kind; none may say anything else or crash. */
static void
test_not_initialized(const char *when)
{
	CK_SESSION_HANDLE s = 1;
	CK_ATTRIBUTE t = A(CKA_TOKEN, yes);
	CK_BYTE bytes[64] = {0};
	CK_ULONG n = sizeof(bytes);
	CK_SLOT_ID slot = 0;
	CK_INFO info;
	CK_SLOT_INFO slot_info;
	CK_TOKEN_INFO token_info;
	CK_SESSION_INFO session_info;
	CK_MECHANISM_INFO mechanism_info;
	CK_OBJECT_HANDLE h;
	const CK_RV got[] = {
	    p11->C_Finalize(NULL),
	    p11->C_GetInfo(&info),
	    p11->C_GetSlotList(CK_TRUE, NULL, &n),
	    p11->C_GetSlotInfo(0, &slot_info),
	    p11->C_GetTokenInfo(0, &token_info),
	    p11->C_GetMechanismList(0, NULL, &n),
	    p11->C_GetMechanismInfo(0, CKM_AES_GCM, &mechanism_info),
	    p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL),
	    p11->C_WaitForSlotEvent(0, &slot, NULL),
	    p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s),
	    p11->C_CloseSession(s),
	    p11->C_CloseAllSessions(0),
	    p11->C_GetSessionInfo(s, &session_info),
	    p11->C_Login(s, CKU_USER, NULL, 0),
	    p11->C_Logout(s),
	    p11->C_CreateObject(s, &t, 1, &h),
	    p11->C_DestroyObject(s, 1),
	    p11->C_GetObjectSize(s, 1, &n),
	    p11->C_GetAttributeValue(s, 1, &t, 1),
	    p11->C_SetAttributeValue(s, 1, &t, 1),
	    p11->C_FindObjectsInit(s, NULL, 0),
	    p11->C_FindObjects(s, &h, 1, &n),
	    p11->C_FindObjectsFinal(s),
	    p11->C_EncryptInit(s, &kms_mechanism, 1),
	    p11->C_Encrypt(s, bytes, 1, bytes, &n),
	    p11->C_EncryptUpdate(s, bytes, 1, bytes, &n),
	    p11->C_EncryptFinal(s, bytes, &n),
	    p11->C_DecryptInit(s, &kms_mechanism, 1),
	    p11->C_Decrypt(s, bytes, 1, bytes, &n),
	    p11->C_DigestInit(s, &kms_mechanism),
	    p11->C_Digest(s, bytes, 1, bytes, &n),
	    p11->C_GenerateKey(s, &kms_mechanism, &t, 1, &h),
	    p11->C_GenerateKeyPair(s, &kms_mechanism, &t, 1, &t, 1, &h, &h),
	    p11->C_UnwrapKey(s, &kms_mechanism, 1, bytes, 1, &t, 1, &h),
	    p11->C_GenerateRandom(s, bytes, 1),
	    p11->C_SeedRandom(s, bytes, 1),
	};
	size_t other = 0;

	for (size_t i = 0; i < ELEMS(got); i++) {
		if (got[i] == CKR_CRYPTOKI_NOT_INITIALIZED)
			continue;
		printf("# function %zu: 0x%lx\n", i, got[i]);
		other++;
	}
	COUNT(other, 0, "%s every function says so", when);
}

static CK_RV
no_mutex(CK_VOID_PTR_PTR m)
{
	(void)m;
	return (CKR_GENERAL_ERROR);
}

static CK_RV
no_lock(CK_VOID_PTR m)
{
	(void)m;
	return (CKR_GENERAL_ERROR);
}

static void
test_arguments(void)
{
	static char text[] = "a string, as p11-kit and NSS give";
	const struct {
		const char *what;
		CK_C_INITIALIZE_ARGS args;
		CK_RV rv;
	} cases[] = {
	    {"nothing said", {0}, CKR_OK},
	    {"OS locking", {.flags = CKF_OS_LOCKING_OK}, CKR_OK},
	    {"no threads",
		{.flags = CKF_OS_LOCKING_OK |
			  CKF_LIBRARY_CANT_CREATE_OS_THREADS},
		CKR_OK},
	    {"callbacks and OS locking",
		{no_mutex, no_lock, no_lock, no_lock, CKF_OS_LOCKING_OK, NULL},
		CKR_OK},
	    {"callbacks that fail",
		{no_mutex, no_lock, no_lock, no_lock, 0, NULL}, CKR_CANT_LOCK},
	    {"some callbacks", {no_mutex, no_lock, NULL, no_lock, 0, NULL},
		CKR_ARGUMENTS_BAD},
	    {"a string in the reserved place", {.pReserved = text}, CKR_OK},
	    {"a number in the reserved place",
		{.pReserved = (void *)(uintptr_t)1}, CKR_ARGUMENTS_BAD},
	};
	CK_C_INITIALIZE_ARGS args;

	for (size_t i = 0; i < ELEMS(cases); i++) {
		args = cases[i].args;
		rv_is(p11->C_Initialize(&args), cases[i].rv, "as listed",
		    __FILE__, __LINE__, "C_Initialize with %s", cases[i].what);
		if (cases[i].rv == CKR_OK)
			p11_stop();
	}
	RV(p11->C_Initialize(NULL), CKR_OK, "C_Initialize without arguments");
	RV(p11->C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED, "twice");
	RV(p11->C_Finalize(&args), CKR_ARGUMENTS_BAD,
	    "C_Finalize with an argument");
	p11_stop();
	RV(p11->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED,
	    "C_Finalize twice");
}

/* "config=PATH" in the reserved place names the configuration, unless the
 * environment does. */
static void
test_reserved(void)
{
	char text[512], kept[512];
	CK_C_INITIALIZE_ARGS args = {
	    .flags = CKF_OS_LOCKING_OK, .pReserved = text};
	CK_ULONG n = 0;

	snprintf(kept, sizeof(kept), "%s", getenv("KEYFERRY_CONFIG"));
	testenv_write("two.conf", "[token alpha]\n[token beta]\n");
	snprintf(text, sizeof(text), "config=%s", testenv_path("two.conf"));
	RV(p11->C_Initialize(&args), CKR_OK, "with the environment's, too");
	RV(p11->C_GetSlotList(CK_FALSE, NULL, &n), CKR_OK, "C_GetSlotList");
	COUNT(n, 1, "the environment's counts");
	p11_stop();
	unsetenv("KEYFERRY_CONFIG");
	RV(p11->C_Initialize(&args), CKR_OK, "config=PATH");
	RV(p11->C_GetSlotList(CK_FALSE, NULL, &n), CKR_OK, "C_GetSlotList");
	COUNT(n, 2, "is what is read");
	p11_stop();
	snprintf(text, sizeof(text), "config=%s", testenv_path("none.conf"));
	RV(p11->C_Initialize(&args), CKR_GENERAL_ERROR, "a file that is not");
	snprintf(
	    text, sizeof(text), "configdir='%s'", testenv_path("two.conf"));
	RV(p11->C_Initialize(&args), CKR_OK, "what is for another module");
	RV(p11->C_GetSlotList(CK_FALSE, NULL, &n), CKR_OK, "C_GetSlotList");
	COUNT(n, 1, "names no file");
	p11_stop();
	setenv("KEYFERRY_CONFIG", kept, 1);
}

/* Locks of the application's own: what it is asked for, and that one alone is
 * inside. */
static pthread_mutex_t theirs;
static unsigned made, ended, locked, unlocked, inside, multis;

static CK_RV
their_create(CK_VOID_PTR_PTR m)
{
	made++;
	*m = &theirs;
	return (CKR_OK);
}

static CK_RV
their_destroy(CK_VOID_PTR m)
{
	ended++;
	return (m == &theirs ? CKR_OK : CKR_MUTEX_BAD);
}

static CK_RV
their_lock(CK_VOID_PTR m)
{
	if (m != &theirs)
		return (CKR_MUTEX_BAD);
	pthread_mutex_lock(&theirs);
	multis += ++inside != 1;
	locked++;
	return (CKR_OK);
}

static CK_RV
their_unlock(CK_VOID_PTR m)
{
	if (m != &theirs)
		return (CKR_MUTEX_BAD);
	unlocked++;
	inside--;
	pthread_mutex_unlock(&theirs);
	return (CKR_OK);
}

static void *
open_and_close(void *unused)
{
	CK_SESSION_HANDLE s;

	for (int i = 0; i < 200; i++)
		if (p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s) ==
		    CKR_OK)
			(void)p11->C_CloseSession(s);
	return (unused);
}

static void *
wait_inside(void *unused)
{
	CK_SLOT_ID slot;

	(void)p11->C_WaitForSlotEvent(0, &slot, NULL);
	return (unused);
}

static void
test_callbacks(void)
{
	CK_C_INITIALIZE_ARGS args = {
	    their_create, their_destroy, their_lock, their_unlock, 0, NULL};
	pthread_t threads[4], waiting;
	CK_INFO info;

	testenv_config(NULL, "removable = yes", NULL);
	pthread_mutex_init(&theirs, NULL);
	RV(p11->C_Initialize(&args), CKR_OK, "the application's locks alone");
	COUNT(made, 1, "one is made");
	pthread_create(&waiting, NULL, wait_inside, NULL);
	for (size_t i = 0; i < ELEMS(threads); i++)
		pthread_create(&threads[i], NULL, open_and_close, NULL);
	for (size_t i = 0; i < ELEMS(threads); i++)
		pthread_join(threads[i], NULL);
	RV(p11->C_GetInfo(&info), CKR_OK, "also while one waits for an event");
	RV(p11->C_Finalize(NULL), CKR_OK, "and it ends");
	pthread_join(waiting, NULL);
	OK(locked >= 1601 && locked == unlocked, "each call was inside it");
	COUNT(multis, 0, "alone");
	COUNT(ended, 1, "it is destroyed");
	pthread_mutex_destroy(&theirs);
}

static void
test_info(void)
{
	CK_FUNCTION_LIST_3_0 *list;
	CK_INTERFACE_PTR i = NULL;
	CK_INFO info;

	p11_start();
	RV(p11->C_GetInfo(NULL), CKR_ARGUMENTS_BAD, "C_GetInfo(NULL)");
	RV(p11->C_GetInfo(&info), CKR_OK, "C_GetInfo");
	OK(info.cryptokiVersion.major == 2 && info.cryptokiVersion.minor == 40,
	    "through the 2.40 list it says 2.40");
	OK(memcmp(info.manufacturerID, "Keyferry                        ",
	       32) == 0,
	    "the manufacturer is padded with blanks");
	NEED(get_interface(NULL, &(CK_VERSION){3, 0}, &i, 0) == CKR_OK,
	    "the 3.0 list");
	list = i->pFunctionList;
	RV(list->C_GetInfo(&info), CKR_OK, "its C_GetInfo");
	OK(info.cryptokiVersion.major == 3 && info.cryptokiVersion.minor == 0,
	    "through the 3.0 list it says 3.0");
	p11_stop();
	test_not_initialized("after C_Finalize");
}

/* Handles of before do not live on in a second life of the module. */
static void
test_again(void)
{
	CK_SESSION_HANDLE before;
	CK_SESSION_INFO info;

	p11_start();
	before = rw;
	p11_stop();
	p11_start();
	if (before != rw)
		RV(p11->C_GetSessionInfo(before, &info),
		    CKR_SESSION_HANDLE_INVALID, "a session of before is gone");
	p11_stop();
}

static void *
wait_for_event(void *out)
{
	CK_SLOT_ID slot;

	*(CK_RV *)out = p11->C_WaitForSlotEvent(0, &slot, NULL);
	return (NULL);
}

static void
test_slot_event(void)
{
	CK_SLOT_ID slot = 0;
	CK_RV rv = CKR_OK;
	pthread_t thread;

	testenv_config(NULL, NULL, NULL);
	p11_start();
	RV(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT,
	    "no slot event is there");
	RV(p11->C_WaitForSlotEvent(0, &slot, NULL), CKR_FUNCTION_NOT_SUPPORTED,
	    "nor will one be, where no slot is removable");
	p11_stop();
	testenv_config(NULL, "removable = yes", NULL);
	p11_start();
	RV(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT,
	    "no slot event is there");
	RV(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, NULL, NULL),
	    CKR_ARGUMENTS_BAD, "no place for the slot");
	NEED(pthread_create(&thread, NULL, wait_for_event, &rv) == 0,
	    "a thread that waits for an event");
	p11_stop();
	pthread_join(thread, NULL);
	RV(rv, CKR_CRYPTOKI_NOT_INITIALIZED, "C_Finalize ends the waiting");
	testenv_config(NULL, NULL, NULL);
}

static void
test_unserved(void)
{
	CK_BYTE bytes[64] = {0};

	p11_start();
	RV(p11->C_InitToken(0, bytes, 4, bytes), CKR_SESSION_EXISTS,
	    "C_InitToken");
	RV(p11->C_SetPIN(rw, bytes, 4, bytes, 4), CKR_FUNCTION_NOT_SUPPORTED,
	    "C_SetPIN");
	RV(p11->C_GetFunctionStatus(rw), CKR_FUNCTION_NOT_PARALLEL,
	    "C_GetFunctionStatus");
	RV(p11->C_CancelFunction(rw), CKR_FUNCTION_NOT_PARALLEL,
	    "C_CancelFunction");
	p11_stop();
}

int
main(void)
{
	testenv_open();
	NEED(dlopen("libp11-kit.so.0", RTLD_NOW | RTLD_GLOBAL) != NULL,
	    "a host with another C_GetFunctionList");
	p11_load();
	find_symbols();
	test_interface_list();
	test_interfaces();
	test_not_initialized("before C_Initialize");
	test_arguments();
	test_reserved();
	test_callbacks();
	test_info();
	test_again();
	test_slot_event();
	test_unserved();
	testenv_stop();
	return (tap_done());
}

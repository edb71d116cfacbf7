/* The ways in beside an AES key by value: an RSA key by value, a wrapped key
 * passed through, other material for a key, a key of two Regions, the same
 * material again. Each while KMS fails at each step, or the process is killed
 * there: what is left is of use to the next try, which ends with one key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <openssl/pem.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "external-key.h"
#include "child.h"

#define WAIT_SECONDS 120
#define ELSEWHERE "eu-west-1"

/* The steps: one process each, with the label of the key. */

static CK_RV
create(const char *label, unsigned n, bool new_material)
{
	struct key_template k;
	CK_OBJECT_HANDLE h;

	key_template(&k, material(n), label);
	if (new_material)
		template_add(&k, CKA_KEYFERRY_NEW_MATERIAL, &yes, sizeof(yes));
	return (p11->C_CreateObject(rw, k.t, k.count, &h));
}

static CK_RV
step_aes(const char *label)
{
	CK_RV rv = p11_begin();

	if (rv == CKR_OK)
		rv = create(label, 1, false);
	(void)p11->C_Finalize(NULL);
	return (rv);
}

static CK_RV
step_rotate(const char *label)
{
	CK_RV rv = p11_begin();

	if (rv == CKR_OK)
		rv = create(label, 2, true);
	(void)p11->C_Finalize(NULL);
	return (rv);
}

static CK_RV
step_delete(const char *label)
{
	CK_RV rv = p11_begin();

	if (rv == CKR_OK)
		rv = p11->C_DestroyObject(
		    rw, find_label(label, CKO_SECRET_KEY));
	(void)p11->C_Finalize(NULL);
	return (rv);
}

static CK_RV
step_rsa(const char *label)
{
	FILE *f = fopen(testenv_path("rsa.pem"), "r");
	CK_OBJECT_HANDLE h;
	struct external_key o;
	CK_RV rv;

	if (f == NULL)
		return (CKR_GENERAL_ERROR);
	external_key_take(&o, &external_key_rsa_2048,
	    PEM_read_PrivateKey(f, NULL, NULL, NULL), label);
	fclose(f);
	if ((rv = p11_begin()) == CKR_OK)
		rv = p11->C_CreateObject(rw, o.t.t, o.t.count, &h);
	(void)p11->C_Finalize(NULL);
	external_key_free(&o);
	return (rv);
}

/* An import pair of that label, made or found, or that beside the key of the
 * label, and a key wrapped for it. */
static CK_RV
pass(const char *label, unsigned n, CK_BBOOL new_material)
{
	CK_MECHANISM gen = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0},
		     oaep = {CKM_RSA_PKCS_OAEP, NULL, 0};
	CK_ULONG bits = 2048;
	CK_ATTRIBUTE pub[] = {A(CKA_MODULUS_BITS, bits)};
	CK_ATTRIBUTE priv[] = {A(CKA_TOKEN, yes), A(CKA_UNWRAP, yes),
	    {CKA_LABEL, (void *)(size_t)label, strlen(label)}};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_TOKEN, yes),
	    A(CKA_KEYFERRY_NEW_MATERIAL, new_material)};
	CK_BYTE der[1024], blob[512];
	CK_ATTRIBUTE info = A(CKA_PUBLIC_KEY_INFO, der);
	struct pair_handles p;
	CK_OBJECT_HANDLE h;
	CK_RV rv;

	if ((rv = p11->C_GenerateKeyPair(
		 rw, &gen, pub, 1, priv, 3, &p.public, &p.private)) != CKR_OK ||
	    (rv = p11->C_GetAttributeValue(rw, p.public, &info, 1)) != CKR_OK)
		return (rv);
	return (p11->C_UnwrapKey(rw, &oaep, p.private, blob,
	    external_key_wrap("RSAES_OAEP_SHA_256", der, info.ulValueLen,
		material(n), 32, blob),
	    t, ELEMS(t), &h));
}

static CK_RV
step_pass(const char *label)
{
	CK_RV rv = p11_begin();

	if (rv == CKR_OK)
		rv = pass(label, 1, no);
	(void)p11->C_Finalize(NULL);
	return (rv);
}

static CK_RV
step_rotate_by_pair(const char *label)
{
	CK_RV rv = p11_begin();

	if (rv == CKR_OK)
		rv = pass(label, 2, yes);
	(void)p11->C_Finalize(NULL);
	return (rv);
}

/* Whether the key has so many materials, and once it is renewed no pair is left
 * beside it: what was refused as no new material leaves one. */
static CK_RV
check_materials(const char *label, CK_ULONG count)
{
	char pair[64];
	CK_RV rv = p11_begin();

	snprintf(pair, sizeof(pair), "renew:%s", label);
	if (rv == CKR_OK &&
	    (attr_number(find_label(label, CKO_SECRET_KEY),
		 CKA_KEYFERRY_MATERIALS) != count ||
		(count == 1 &&
		    find_label(pair, CKO_PUBLIC_KEY) != CK_INVALID_HANDLE)))
		rv = CKR_OBJECT_HANDLE_INVALID;
	(void)p11->C_Finalize(NULL);
	return (rv);
}

static CK_RV
step_one_material(const char *label)
{
	return (check_materials(label, 1));
}

static CK_RV
step_two_materials(const char *label)
{
	return (check_materials(label, 2));
}

static CK_RV
step_regions(const char *label)
{
	setenv("KEYFERRY_CONFIG", testenv_path("regions.conf"), 1);
	return (step_aes(label));
}

/* Whether the key is of use in the other Region too. */
static CK_RV
step_there(const char *label)
{
	CK_RV rv;

	setenv("KEYFERRY_CONFIG", testenv_path("there.conf"), 1);
	if ((rv = p11_begin()) == CKR_OK &&
	    !attr_is_text(find_label(label, CKO_SECRET_KEY),
		CKA_KEYFERRY_KEY_STATE, "Enabled"))
		rv = CKR_OBJECT_HANDLE_INVALID;
	(void)p11->C_Finalize(NULL);
	return (rv);
}

static CK_RV
step_rotate_regions(const char *label)
{
	setenv("KEYFERRY_CONFIG", testenv_path("regions.conf"), 1);
	return (step_rotate(label));
}

/* Wrapped for each Region, the primary's first. What is new there already is
 * refused, and new in the other all the same. */
static CK_RV
step_rotate_pairs(const char *label)
{
	CK_RV rv;

	setenv("KEYFERRY_CONFIG", testenv_path("regions.conf"), 1);
	rv = step_rotate_by_pair(label);
	if (rv != CKR_OK && rv != CKR_WRAPPED_KEY_INVALID)
		return (rv);
	setenv("KEYFERRY_CONFIG", testenv_path("there.conf"), 1);
	return (step_rotate_by_pair(label));
}

/* Whether the key has two materials in each Region, none of them pending, and
 * the same one is current. */
static CK_RV
step_two_there(const char *label)
{
	static const char *const confs[] = {"regions.conf", "there.conf"};
	char current[2][65] = {"", "."}, states[64];
	CK_OBJECT_HANDLE h;
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < 2 && rv == CKR_OK; i++) {
		setenv("KEYFERRY_CONFIG", testenv_path(confs[i]), 1);
		if ((rv = p11_begin()) != CKR_OK)
			break;
		memset(states, 0, sizeof(states));
		h = find_label(label, CKO_SECRET_KEY);
		(void)attr(h, CKA_KEYFERRY_MATERIAL_STATES, states,
		    sizeof(states) - 1);
		(void)attr(h, CKA_KEYFERRY_KEY_MATERIAL_ID, current[i], 64);
		if (strcmp(states, "NON_CURRENT CURRENT") != 0)
			rv = CKR_OBJECT_HANDLE_INVALID;
		(void)p11->C_Finalize(NULL);
	}
	return (rv == CKR_OK && strcmp(current[0], current[1]) != 0
		    ? CKR_OBJECT_HANDLE_INVALID
		    : rv);
}

/* What is tried, what comes before it, and what must be there at last; what
 * the same answers once it is done. */
static const struct way {
	const char *name, *before, *again, *at_last;
	CK_RV when_done;
} ways[] = {
    {"rsa", NULL, NULL, NULL, CKR_OK},
    {"pass", NULL, NULL, NULL, CKR_OK},
    /* that is no new material */
    {"rotate", "aes", NULL, "two-materials", CKR_ATTRIBUTE_VALUE_INVALID},
    {"regions", NULL, NULL, "there", CKR_OK},
    {"aes", "aes", "delete", NULL,
	CKR_OK}, /* the same material after its deletion */
    /* by the pair beside a key in use */
    {"pass", "aes", NULL, "one-material", CKR_OK},
    {"rotate-by-pair", "aes", NULL, "two-materials", CKR_WRAPPED_KEY_INVALID},
    {"rotate-regions", "regions", NULL, "two-there",
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"rotate-pairs", "regions", NULL, "two-there",
	CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT},
};
enum { VALUE, PASS, ROTATE, REGIONS, AGAIN, RENEW_PAIR, ROTATE_PAIR };
enum { ROTATE_BOTH = ROTATE_PAIR + 1, ROTATE_PAIRS }; /* Regions */

/* What may be left of a way that failed, beside what was there before. */
enum left { NOTHING, WAITING, WHOLE };

#define DOWN CKR_DEVICE_ERROR
#define DENIED CKR_ACTION_PROHIBITED
#define FOREVER "&count=0"
#define REFUSE "error&error=AccessDeniedException" FOREVER
static const struct bad {
	int way;
	const char *operation;
	int skip; /* requests of it that pass */
	const char *fault; /* more of the query */
	CK_RV rv;
	enum left left;
} bads[] = {
    {VALUE, "DescribeKey", 0, "internal" FOREVER, DOWN, NOTHING},
    {VALUE, "CreateKey", 0, REFUSE, DENIED, NOTHING},
    {VALUE, "CreateKey", 0, "cut-after&count=1", CKR_OK, WHOLE},
    {VALUE, "CreateKey", 0, "cut-after" FOREVER, DOWN, NOTHING},
    {VALUE, "CreateAlias", 0, "internal" FOREVER, DOWN, NOTHING},
    {VALUE, "CreateAlias", 0, "cut-after" FOREVER, CKR_OK, WHOLE},
    {VALUE, "GetParametersForImport", 0, "garbage" FOREVER, DOWN, NOTHING},
    {VALUE, "ImportKeyMaterial", 0, REFUSE, DENIED, NOTHING},
    {VALUE, "ImportKeyMaterial", 0,
	"error&error=ExpiredImportTokenException" FOREVER, CKR_FUNCTION_FAILED,
	NOTHING},
    {VALUE, "ImportKeyMaterial", 0,
	"error&error=ExpiredImportTokenException&count=1", CKR_OK, WHOLE},
    {VALUE, "ImportKeyMaterial", 0, "error&error=ExpiredTokenException" FOREVER,
	DOWN, NOTHING},
    {VALUE, "ImportKeyMaterial", 0, "cut-after&count=5", CKR_OK, WHOLE},
    {VALUE, "ImportKeyMaterial", 0, "cut-after" FOREVER, DOWN, WHOLE},
    {VALUE, "DescribeKey", 2, "internal" FOREVER, DOWN, WHOLE},

    {PASS, "CreateKey", 0, "internal" FOREVER, DOWN, NOTHING},
    {PASS, "CreateKey", 0, "cut-reply&count=1", CKR_OK, WHOLE},
    {PASS, "CreateKey", 0, "cut-reply" FOREVER, DOWN, NOTHING},
    {PASS, "CreateAlias", 0, REFUSE, DENIED, NOTHING},
    /* from here on the pair is there: an object that its maker asked for */
    {PASS, "GetParametersForImport", 0, "internal" FOREVER, DOWN, WAITING},
    /* it is C_GetAttributeValue that fails */
    {PASS, "GetParametersForImport", 0, REFUSE, CKR_FUNCTION_FAILED, WAITING},
    {PASS, "ImportKeyMaterial", 0, "internal" FOREVER, DOWN, WAITING},
    {PASS, "ImportKeyMaterial", 0, "cut-before" FOREVER, DOWN, WAITING},
    {PASS, "ImportKeyMaterial", 0, REFUSE, DENIED, WAITING},
    {PASS, "ImportKeyMaterial", 0,
	"error&error=InvalidImportTokenException" FOREVER,
	CKR_WRAPPED_KEY_INVALID, WAITING},
    {PASS, "ImportKeyMaterial", 0, "cut-after&count=5", CKR_OK, WHOLE},
    {PASS, "ImportKeyMaterial", 0, "cut-after" FOREVER, DOWN, WHOLE},

    {ROTATE, "GetParametersForImport", 0, "internal" FOREVER, DOWN, WHOLE},
    {ROTATE, "ImportKeyMaterial", 0, REFUSE, DENIED, WHOLE},
    {ROTATE, "ImportKeyMaterial", 0, "cut-before" FOREVER, DOWN, WHOLE},
    {ROTATE, "ImportKeyMaterial", 0, "cut-after&count=1", CKR_OK, WHOLE},
    {ROTATE, "ImportKeyMaterial", 0,
	"error&error=InvalidCiphertextException&count=1", CKR_OK, WHOLE},
    {ROTATE, "RotateKeyOnDemand", 0, "internal" FOREVER, DOWN, WHOLE},
    {ROTATE, "RotateKeyOnDemand", 0, "cut-after" FOREVER, CKR_OK, WHOLE},
    {ROTATE, "RotateKeyOnDemand", 0, REFUSE, DENIED, WHOLE},

    {REGIONS, "CreateKey", 0, "internal" FOREVER, DOWN, NOTHING},
    {REGIONS, "ImportKeyMaterial", 0, REFUSE, DENIED, NOTHING},
    /* the primary is in use: what failed is the other Region */
    {REGIONS, "ReplicateKey", 0, "internal" FOREVER, DOWN, WHOLE},
    {REGIONS, "ReplicateKey", 0, "cut-after&count=1", CKR_OK, WHOLE},
    {REGIONS, "CreateAlias", 1, "internal" FOREVER, DOWN, WHOLE},
    {REGIONS, "GetParametersForImport", 1, "internal" FOREVER, DOWN, WHOLE},
    {REGIONS, "ImportKeyMaterial", 1, "cut-before" FOREVER, DOWN, WHOLE},
    {REGIONS, "ImportKeyMaterial", 1, "cut-after&count=1", CKR_OK, WHOLE},
    {REGIONS, "ImportKeyMaterial", 1,
	"error&error=InvalidImportTokenException&count=1", CKR_OK, WHOLE},

    {AGAIN, "GetParametersForImport", 0, "internal" FOREVER, DOWN, WAITING},
    {AGAIN, "ImportKeyMaterial", 0, REFUSE, DENIED, WAITING},
    {AGAIN, "ImportKeyMaterial", 0, "cut-before" FOREVER, DOWN, WAITING},
    {AGAIN, "ImportKeyMaterial", 0, "cut-after&count=5", CKR_OK, WHOLE},
    {AGAIN, "ImportKeyMaterial", 0, "cut-after" FOREVER, DOWN, WHOLE},

    {RENEW_PAIR, "GetParametersForImport", 0, "internal" FOREVER, DOWN, WHOLE},
    {RENEW_PAIR, "GetParametersForImport", 0, "cut-after" FOREVER, DOWN, WHOLE},
    {RENEW_PAIR, "ImportKeyMaterial", 0, "cut-before" FOREVER, DOWN, WHOLE},
    {RENEW_PAIR, "ImportKeyMaterial", 0, REFUSE, DENIED, WHOLE},
    {RENEW_PAIR, "ImportKeyMaterial", 0,
	"error&error=InvalidImportTokenException" FOREVER,
	CKR_WRAPPED_KEY_INVALID, WHOLE},
    {RENEW_PAIR, "ImportKeyMaterial", 0, "cut-after&count=5", CKR_OK, WHOLE},
    {RENEW_PAIR, "ImportKeyMaterial", 0, "cut-after" FOREVER, DOWN, WHOLE},

    {ROTATE_PAIR, "GetParametersForImport", 0, "internal" FOREVER, DOWN, WHOLE},
    {ROTATE_PAIR, "ImportKeyMaterial", 0, REFUSE, DENIED, WHOLE},
    {ROTATE_PAIR, "ImportKeyMaterial", 0, "cut-before" FOREVER, DOWN, WHOLE},
    {ROTATE_PAIR, "ImportKeyMaterial", 0, "cut-after&count=1", CKR_OK, WHOLE},
    {ROTATE_PAIR, "RotateKeyOnDemand", 0, "internal" FOREVER, DOWN, WHOLE},
    {ROTATE_PAIR, "RotateKeyOnDemand", 0, REFUSE, DENIED, WHOLE},
    {ROTATE_PAIR, "RotateKeyOnDemand", 0, "cut-after" FOREVER, CKR_OK, WHOLE},

    {ROTATE_BOTH, "ImportKeyMaterial", 1, REFUSE, DENIED, WHOLE},
    {ROTATE_BOTH, "ImportKeyMaterial", 1, "cut-after&count=1", CKR_OK, WHOLE},
    {ROTATE_BOTH, "RotateKeyOnDemand", 0, "cut-after&count=1", CKR_OK, WHOLE},

    {ROTATE_PAIRS, "ImportKeyMaterial", 1, REFUSE, DENIED, WHOLE},
    {ROTATE_PAIRS, "ImportKeyMaterial", 1, "cut-after&count=1", CKR_OK, WHOLE},
    {ROTATE_PAIRS, "RotateKeyOnDemand", 0, REFUSE, DENIED, WHOLE},
    {ROTATE_PAIRS, "RotateKeyOnDemand", 0, "cut-after&count=1", CKR_OK, WHOLE},
};

/* Killed while KMS holds back an operation (hang) or its reply (hang-after). */
static const struct bad kills[] = {
    {VALUE, "CreateKey", 0, "hang-after", 0, 0},
    {VALUE, "CreateAlias", 0, "hang", 0, 0},
    {VALUE, "GetParametersForImport", 0, "hang", 0, 0},
    {VALUE, "ImportKeyMaterial", 0, "hang-after", 0, 0},
    {PASS, "CreateKey", 0, "hang-after", 0, 0},
    {PASS, "GetParametersForImport", 0, "hang-after", 0, 0},
    {PASS, "ImportKeyMaterial", 0, "hang", 0, 0},
    {ROTATE, "ImportKeyMaterial", 0, "hang-after", 0, 0},
    {ROTATE, "RotateKeyOnDemand", 0, "hang", 0, 0},
    {ROTATE, "RotateKeyOnDemand", 0, "hang-after", 0, 0},
    {REGIONS, "ReplicateKey", 0, "hang-after", 0, 0},
    {REGIONS, "ImportKeyMaterial", 1, "hang", 0, 0},
    {AGAIN, "GetParametersForImport", 0, "hang", 0, 0},
    {AGAIN, "ImportKeyMaterial", 0, "hang-after", 0, 0},
    {RENEW_PAIR, "GetParametersForImport", 0, "hang", 0, 0},
    {RENEW_PAIR, "ImportKeyMaterial", 0, "hang", 0, 0},
    {RENEW_PAIR, "ImportKeyMaterial", 0, "hang-after", 0, 0},
    {ROTATE_PAIR, "GetParametersForImport", 0, "hang-after", 0, 0},
    {ROTATE_PAIR, "ImportKeyMaterial", 0, "hang-after", 0, 0},
    {ROTATE_PAIR, "RotateKeyOnDemand", 0, "hang", 0, 0},
    {ROTATE_PAIR, "RotateKeyOnDemand", 0, "hang-after", 0, 0},
    {ROTATE_BOTH, "ImportKeyMaterial", 1, "hang", 0, 0},
    {ROTATE_BOTH, "ImportKeyMaterial", 1, "hang-after", 0, 0},
    {ROTATE_BOTH, "RotateKeyOnDemand", 0, "hang-after", 0, 0},
    {ROTATE_PAIRS, "ImportKeyMaterial", 0, "hang-after", 0, 0},
    {ROTATE_PAIRS, "ImportKeyMaterial", 1, "hang", 0, 0},
    {ROTATE_PAIRS, "ImportKeyMaterial", 1, "hang-after", 0, 0},
    {ROTATE_PAIRS, "RotateKeyOnDemand", 0, "hang-after", 0, 0},
};

static struct account before, after;

static size_t
more(const char *state)
{
	return (account_in(&after, state) - account_in(&before, state));
}

static bool
label_is(const char *label, const char *state)
{
	struct account_key k;
	char alias[64];

	snprintf(alias, sizeof(alias), "alias/%s", label);
	return (account_alias(alias, &k) && strcmp(k.state, state) == 0);
}

/* What the way needs to be there, and the account as it was before that. */
static void
prepare(const struct way *w, const char *label)
{
	account_read(&before);
	if (w->before != NULL)
		RV(child_run(w->before, label), CKR_OK, "%s: a key", label);
	if (w->again != NULL)
		RV(child_run(w->again, label), CKR_OK, "%s: deleted", label);
}

static void
arm(const struct bad *b)
{
	control("POST", "/faults?operation=%s&skip=%d&fault=%s", b->operation,
	    b->skip, b->fault);
}

static void
check_next(
    const struct way *w, const char *label, bool is_done, const char *what)
{
	rv_is(child_run(w->name, label), is_done ? w->when_done : CKR_OK,
	    "as listed", __FILE__, __LINE__, "%s: the next try", what);
	account_read(&after);
	COUNT(more("Enabled"), 1, "%s: one key", what);
	COUNT(more("PendingImport"), 0, "%s: none that waits", what);
	OK(label_is(label, "Enabled"), "%s: the label is its", what);
	if (w->at_last != NULL)
		RV(child_run(w->at_last, label), CKR_OK, "%s: %s", what,
		    w->at_last);
}

static void
check_left(const struct bad *b, const char *label, const char *what)
{
	account_read(&after);
	OK(more("Enabled") == (b->left == WHOLE) &&
		more("PendingImport") == (b->left == WAITING),
	    "%s: what is left: %zu in use, %zu that wait", what,
	    more("Enabled"), more("PendingImport"));
	if (b->left != NOTHING)
		OK(label_is(
		       label, b->left == WHOLE ? "Enabled" : "PendingImport"),
		    "%s: with its label", what);
}

static void
test_bad(size_t i)
{
	const struct bad *b = &bads[i];
	const struct way *w = &ways[b->way];
	char label[32], what[96];

	snprintf(label, sizeof(label), "bad-%zu", i);
	snprintf(what, sizeof(what), "%s: %s %d, %.*s", w->name, b->operation,
	    b->skip, (int)strcspn(b->fault, "&"), b->fault);
	prepare(w, label);
	arm(b);
	rv_is(child_run(w->name, label), b->rv, "as listed", __FILE__, __LINE__,
	    "%s", what);
	control("DELETE", "/faults");
	check_left(b, label, what);
	check_next(w, label, b->rv == CKR_OK, what);
}

static bool
asked_for(const struct bad *b)
{
	const struct timespec pause = {0, 20000000};

	for (int i = 0; i < WAIT_SECONDS * 50; i++) {
		if (calls(b->operation) > (unsigned long)b->skip)
			return (true);
		nanosleep(&pause, NULL);
	}
	return (false);
}

static void
test_kill(size_t i)
{
	const struct bad *b = &kills[i];
	const struct way *w = &ways[b->way];
	char label[32], what[96];
	struct child s;

	snprintf(label, sizeof(label), "killed-%zu", i);
	snprintf(what, sizeof(what), "%s killed: %s %d, %s", w->name,
	    b->operation, b->skip, b->fault);
	prepare(w, label);
	calls_clear();
	arm(b);
	s = child_start(w->name, label);
	OK(asked_for(b), "%s", what);
	child_kill(&s);
	control("DELETE", "/faults");
	check_next(w, label, false, what);
}

/* KMS shows what it did only after a while. */
static void
test_consistency(void)
{
	const struct timespec pause = {1, 0};
	char label[32];

	for (size_t i = 0; i < ELEMS(ways); i++) {
		snprintf(label, sizeof(label), "later-%zu", i);
		prepare(&ways[i], label);
		nanosleep(&pause, NULL);
		control("POST", "/consistency?ms=400");
		RV(child_run(ways[i].name, label), CKR_OK,
		    "%s, by a KMS that is late", ways[i].name);
		control("POST", "/consistency?ms=0");
		nanosleep(&pause, NULL);
		account_read(&after);
		COUNT(more("Enabled"), 1, "%s: one key", ways[i].name);
		COUNT(more("PendingImport"), 0, "%s: none waits", ways[i].name);
	}
}

static void
write_files(void)
{
	EVP_PKEY *pkey = EVP_RSA_gen(2048);
	char text[512];
	FILE *f = fopen(testenv_path("rsa.pem"), "w");

	NEED(pkey != NULL && f != NULL &&
		 PEM_write_PrivateKey(f, pkey, NULL, NULL, 0, NULL, NULL) == 1,
	    "an RSA key in a file");
	fclose(f);
	EVP_PKEY_free(pkey);
	snprintf(text, sizeof(text),
	    "state = %s\n[token test]\nwrapping-bits = 2048\nsettle = 0\n"
	    "replicas = " ELSEWHERE "\n",
	    testenv_path("state"));
	testenv_write("regions.conf", text);
	snprintf(text, sizeof(text),
	    "state = %s\n[token test]\nregion = " ELSEWHERE "\n"
	    "wrapping-bits = 2048\nsettle = 0\nadopt = yes\n",
	    testenv_path("state"));
	testenv_write("there.conf", text);
}

static const struct child_row steps[] = {{"aes", step_aes}, {"rsa", step_rsa},
    {"pass", step_pass}, {"rotate", step_rotate}, {"delete", step_delete},
    {"regions", step_regions}, {"there", step_there},
    {"rotate-by-pair", step_rotate_by_pair},
    {"rotate-regions", step_rotate_regions},
    {"rotate-pairs", step_rotate_pairs}, {"two-there", step_two_there},
    {"one-material", step_one_material}, {"two-materials", step_two_materials}};

int
main(int argc, char **argv)
{
	child_main(argc, argv, steps, ELEMS(steps));
	testenv_start();
	write_files();
	for (size_t i = 0; i < ELEMS(bads); i++)
		test_bad(i);
	for (size_t i = 0; i < ELEMS(kills); i++)
		test_kill(i);
	test_consistency();
	testenv_stop();
	return (tap_done());
}

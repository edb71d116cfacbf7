/* C_GenerateKeyPair on the token while the KMS fails, and kill -9 at each of
 * its steps: one key or none, and never two. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "child.h"

#define WAIT_SECONDS 120

static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};

static CK_RV
generate(const char *label)
{
	CK_MECHANISM m = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE pub[] = {A(CKA_EC_PARAMS, p256)};
	struct key_template priv = {.count = 0};
	CK_OBJECT_HANDLE a, b;

	template_add(&priv, CKA_TOKEN, &yes, sizeof(yes));
	template_add(&priv, CKA_LABEL, label, strlen(label));
	return (p11->C_GenerateKeyPair(
	    rw, &m, pub, ELEMS(pub), priv.t, priv.count, &a, &b));
}

static void
check_account(const char *label, const char *what)
{
	struct account_key a;
	char alias[64];

	snprintf(alias, sizeof(alias), "alias/%s", label);
	OK(account_alias(alias, &a) && strcmp(a.spec, "ECC_NIST_P256") == 0 &&
		strcmp(a.origin, "AWS_KMS") == 0 &&
		strcmp(a.state, "Enabled") == 0,
	    "%s: the label is that key's", what);
}

static struct account before, after;

static size_t
more(const char *state)
{
	return (account_in(&after, state) - account_in(&before, state));
}

/* The KMS fails at each step: the code, and one key or none. */
static const struct fault_row {
	const char *operation, *fault;
	CK_RV rv;
	size_t lost; /* keys that stay, for nothing proves that they are ours */
} fault_rows[] = {
    {"DescribeKey", "internal&count=0", CKR_DEVICE_ERROR, 0},
    {"CreateKey", "internal&count=0", CKR_DEVICE_ERROR, 0},
    {"CreateKey", "throttle&count=2", CKR_OK, 0},
    {"CreateKey", "cut-after&count=1", CKR_OK, 1},
    {"CreateKey", "garbage&count=1", CKR_OK, 1},
    {"CreateKey", "cut-after&count=0", CKR_DEVICE_ERROR, 2},
    {"CreateKey", "garbage&count=0", CKR_DEVICE_ERROR, 2},
    {"CreateKey", "error&error=AccessDeniedException&count=0",
	CKR_ACTION_PROHIBITED, 0},
    {"CreateKey", "error&error=LimitExceededException&count=0",
	CKR_DEVICE_MEMORY, 0},
    {"CreateAlias", "internal&count=0", CKR_DEVICE_ERROR, 0},
    {"CreateAlias", "cut-after&count=0", CKR_OK, 0},
    {"CreateAlias", "error&error=AccessDeniedException&count=0",
	CKR_ACTION_PROHIBITED, 0},
};

static void
test_faults(void)
{
	char label[32], what[80];
	CK_RV rv;

	for (size_t i = 0; i < ELEMS(fault_rows); i++) {
		const struct fault_row *f = &fault_rows[i];

		snprintf(label, sizeof(label), "fault-%zu", i);
		snprintf(what, sizeof(what), "%s, %.*s", f->operation,
		    (int)strcspn(f->fault, "&"), f->fault);
		account_read(&before);
		control("POST", "/faults?operation=%s&fault=%s", f->operation,
		    f->fault);
		rv = generate(label);
		control("DELETE", "/faults");
		rv_is(rv, f->rv, "as listed", __FILE__, __LINE__, "%s", what);
		account_read(&after);
		COUNT(more("Enabled"), (f->rv == CKR_OK) + f->lost,
		    "%s: what is left", what);
		rv = generate(label);
		rv_is(rv,
		    f->rv == CKR_OK ? CKR_ATTRIBUTE_VALUE_INVALID : CKR_OK,
		    "as listed", __FILE__, __LINE__, "%s: the next", what);
		account_read(&after);
		COUNT(more("Enabled"), 1 + f->lost, "%s: one key", what);
		check_account(label, what);
	}
}

static CK_RV
step_generate(const char *label)
{
	CK_RV rv = p11_begin();

	if (rv == CKR_OK)
		rv = generate(label);
	(void)p11->C_Finalize(NULL);
	return (rv);
}

/* Killed while the KMS holds back the operation, or its reply. */
static const struct moment {
	const char *operation, *fault;
	size_t enabled; /* keys that are left */
	size_t lost;
} moments[] = {
    {"CreateKey", "hang", 0, 0},
    {"CreateKey", "hang-after", 1, 1},
    {"CreateAlias", "hang", 1, 0},
    {"CreateAlias", "hang-after", 1, 0},
};

static bool
wait_for(const struct moment *m, const char *label)
{
	const struct timespec t = {.tv_nsec = 20000000};
	struct account_key k;
	char alias[64];
	bool there;

	snprintf(alias, sizeof(alias), "alias/%s", label);
	for (int i = 0; i < WAIT_SECONDS * 50; i++) {
		there = calls(m->operation) > 0;
		if (there && strcmp(m->fault, "hang-after") == 0) {
			account_read(&after);
			there = more("Enabled") == 1 &&
				(strcmp(m->operation, "CreateAlias") != 0 ||
				    account_alias(alias, &k));
		}
		if (there)
			return (true);
		nanosleep(&t, NULL);
	}
	return (false);
}

static void
test_kill(size_t i)
{
	const struct moment *m = &moments[i];
	char label[32], what[64];
	struct child s;

	snprintf(label, sizeof(label), "killed-%zu", i);
	snprintf(what, sizeof(what), "%s, %s", m->operation, m->fault);
	account_read(&before);
	calls_clear();
	control(
	    "POST", "/faults?operation=%s&fault=%s", m->operation, m->fault);
	s = child_start("generate", label);
	OK(wait_for(m, label), "%s: killed there", what);
	child_kill(&s);
	control("DELETE", "/faults");
	account_read(&after);
	COUNT(more("Enabled"), m->enabled, "%s: keys that are left", what);
	RV(child_run("generate", label), CKR_OK, "%s: the next run", what);
	account_read(&after);
	COUNT(more("Enabled"), 1 + m->lost, "%s: one key", what);
	check_account(label, what);
	RV(child_run("generate", label), CKR_ATTRIBUTE_VALUE_INVALID,
	    "%s: and another is refused", what);
}

static const struct child_row steps[] = {{"generate", step_generate}};

int
main(int argc, char **argv)
{
	child_main(argc, argv, steps, ELEMS(steps));
	testenv_start();
	testenv_config(NULL, "timeout = 10\nimport-timeout = 10", NULL);
	p11_start();
	test_faults();
	p11_stop();
	for (size_t i = 0; i < ELEMS(moments); i++)
		test_kill(i);
	testenv_stop();
	return (tap_done());
}

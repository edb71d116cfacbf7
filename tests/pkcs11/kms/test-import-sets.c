/* Import sets that travel: a pair is made on one machine, and its key unwrapped
 * on another, which has a state directory of its own and may do nothing but
 * import. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "account.h"
#include "child.h"
#include "cryptoki/cryptoki.h"
#include "external-key.h"

#define WAIT_TRIES 6000
#define NO_PAIR (CKR_VENDOR_DEFINED | 77) /* the child did not find it */

static CK_MECHANISM oaep = {CKM_RSA_PKCS_OAEP, NULL, 0};
static char key_id[64], arn[256], set_file[128];

static void
copy_file(const char *from, const char *to)
{
	testenv_write(to, testenv_read(from));
	NEED(chmod(testenv_path(to), 0600) == 0, "%s", to);
}

/* The other machine: its name is its configuration, and its sets' directory. */
static void
make_machine(const char *name, const char *more)
{
	char conf[512], file[64];

	snprintf(conf, sizeof(conf),
	    "state = %s/%s-state\nlog = info:%s/%s.log\n[token test]\n"
	    "wrapping-bits = 2048\nsettle = 0\nimport-sets = %s/%s\n%s",
	    testenv_path("."), name, testenv_path("."), name, testenv_path("."),
	    name, more);
	snprintf(file, sizeof(file), "%s.conf", name);
	testenv_write(file, conf);
	(void)mkdir(testenv_path(name), 0700);
}

static CK_ULONG
read_bytes(const char *name, CK_BYTE *out, size_t size)
{
	FILE *f = fopen(testenv_path(name), "rb");
	size_t len = f == NULL ? 0 : fread(out, 1, size, f);

	if (f != NULL)
		(void)fclose(f);
	return (len);
}

/* As a child, "MACHINE LABEL": finds the pair by its label, or any, and unwraps
 * the file "blob" with it. That of a renewal pair is to end in two hours, or,
 * with a third word, is new. */
static CK_RV
unwrap(const char *argument)
{
	static CK_BYTE blob[4096];
	char machine[32], label[32] = "", file[64], new[8] = "";
	CK_ULONG end = (CK_ULONG)time(NULL) + 7200;
	CK_ATTRIBUTE by[] = {
	    A(CKA_CLASS, private_class), A_BYTES(CKA_LABEL, label, 0)};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_TOKEN, yes),
	    A_BYTES(CKA_LABEL, label, 0)};
	CK_ATTRIBUTE renewed[] = {
	    A(CKA_KEYFERRY_VALID_TO, end), A(CKA_KEYFERRY_NEW_MATERIAL, yes)};
	CK_OBJECT_HANDLE pair = CK_INVALID_HANDLE, h;
	CK_ULONG count = 0, len = read_bytes("blob", blob, sizeof(blob));
	CK_RV rv;

	if (sscanf(argument, "%31s %31s %7s", machine, label, new) < 1)
		return (CKR_ARGUMENTS_BAD);
	snprintf(file, sizeof(file), "%s.conf", machine);
	setenv("KEYFERRY_CONFIG", testenv_path(file), 1);
	by[1].ulValueLen = t[3].ulValueLen = strlen(label);
	if (strncmp(label, "renew:", 6) == 0)
		t[3] = renewed[new[0] != '\0'];
	if ((rv = p11_begin()) != CKR_OK ||
	    (rv = p11->C_FindObjectsInit(rw, by, label[0] ? 2 : 1)) != CKR_OK)
		return (rv);
	rv = p11->C_FindObjects(rw, &pair, 1, &count);
	(void)p11->C_FindObjectsFinal(rw);
	if (rv != CKR_OK)
		return (rv);
	if (pair == CK_INVALID_HANDLE)
		return (NO_PAIR);
	return (p11->C_UnwrapKey(
	    rw, &oaep, pair, blob, len, t, label[0] ? 4 : 3, &h));
}

/* As a child, "MACHINE ARN": gives the module the set in the file "given", and
 * unwraps the file "blob" with its pair; and a set of a renewal pair. */
static CK_RV
give(const char *argument)
{
	static CK_BYTE blob[4096], set[32768];
	char machine[32], file[64], name[256];
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, private_class),
	    A(CKA_KEY_TYPE, rsa_type), A(CKA_TOKEN, yes),
	    A_BYTES(CKA_KEYFERRY_IMPORT_SET, set, 0),
	    A_BYTES(CKA_LABEL, "x", 1)};
	CK_ATTRIBUTE key[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_TOKEN, yes),
	    A_BYTES(CKA_LABEL, name, 0)};
	CK_OBJECT_HANDLE pair, h;
	CK_ULONG len = read_bytes("blob", blob, sizeof(blob));
	CK_RV rv;

	t[3].ulValueLen = read_bytes("given", set, sizeof(set));
	if (sscanf(argument, "%31s %255s", machine, name) != 2)
		return (CKR_ARGUMENTS_BAD);
	key[3].ulValueLen = strlen(name);
	snprintf(file, sizeof(file), "%s.conf", machine);
	setenv("KEYFERRY_CONFIG", testenv_path(file), 1);
	if ((rv = p11_begin()) != CKR_OK)
		return (rv);
	if (p11->C_CreateObject(rw, t, 5, &pair) != CKR_TEMPLATE_INCONSISTENT)
		return (CKR_GENERAL_ERROR);
	if ((rv = p11->C_CreateObject(rw, t, 4, &pair)) != CKR_OK)
		return (rv);
	rv = p11->C_UnwrapKey(rw, &oaep, pair, blob, len, key, 4, &h);
	if (rv != CKR_OK)
		return (rv);
	/* the same process is given the set of a renewal pair */
	memcpy(strstr((char *)set, "PendingImport\""), "Enabled\"      ", 14);
	return (p11->C_CreateObject(rw, t, 4, &pair));
}

/* All that the other machine's credentials may not do. */
static void
deny_all_but_import(void)
{
	static const char *const operations[] = {"ListKeys", "ListAliases",
	    "DescribeKey", "GetParametersForImport", "CreateKey", "CreateAlias",
	    "DeleteAlias", "ScheduleKeyDeletion", "ListKeyRotations"};

	for (size_t i = 0; i < ELEMS(operations); i++)
		control("POST",
		    "/faults?operation=%s&fault=error&count=0"
		    "&error=AccessDeniedException",
		    operations[i]);
}

/* On this machine: a pair, and a key that is wrapped for it. The set is in
 * set_file. */
static void
make_set(struct external_key *o, const char *label)
{
	CK_BYTE der[1024], clear[EXTERNAL_KEY_MATERIAL_MAX], blob[4096];
	struct pair_handles p = pair_make(label);
	CK_ULONG n;
	size_t len;
	FILE *f;

	external_key_make(o, &external_key_aes, 0, label);
	n = attr(p.public, CKA_PUBLIC_KEY_INFO, der, sizeof(der));
	NEED(n < sizeof(der), "the wrapping key");
	len = external_key_wrap("RSAES_OAEP_SHA_256", der, n, clear,
	    external_key_material(o, clear), blob);
	NEED((f = fopen(testenv_path("blob"), "wb")) != NULL &&
		 fwrite(blob, 1, len, f) == len && fclose(f) == 0,
	    "the wrapped key");
	n = attr(p.private, CKA_UNIQUE_ID, arn, sizeof(arn) - 1);
	arn[n < sizeof(arn) ? n : 0] = '\0';
	snprintf(key_id, sizeof(key_id), "%s", strrchr(arn, '/') + 1);
	snprintf(set_file, sizeof(set_file), "here/%s.json", key_id);
}

/* Carries it to the other machine. */
static void
carry(const char *machine)
{
	char to[128];

	snprintf(to, sizeof(to), "%s/%s.json", machine, key_id);
	copy_file(set_file, to);
}

static bool
is_enabled(void)
{
	struct account_key a;

	return (account_alias(key_id, &a) && strcmp(a.state, "Enabled") == 0);
}

/* Whether the machine's log has the text; it is emptied then. */
static bool
logged(const char *machine, const char *text)
{
	char file[64];
	bool found = false;

	snprintf(file, sizeof(file), "%s.log", machine);
	found = strstr(testenv_read(file), text) != NULL;
	testenv_write(file, "");
	return (found);
}

static void
test_travels(const char *label, bool denied)
{
	struct external_key o;
	struct stat st;
	char argument[64], gone[128];

	make_set(&o, label);
	OK(stat(testenv_path(set_file), &st) == 0 &&
		(st.st_mode & 0777) == 0600 &&
		strstr(testenv_read(set_file), arn) != NULL,
	    "the set is a file that names the key");
	make_machine("two", "");
	carry("two");
	if (denied)
		deny_all_but_import();
	snprintf(argument, sizeof(argument), "two %s", label);
	RV(child_run("unwrap", argument), CKR_OK,
	    denied ? "another machine, which may only import, unwraps"
		   : "another machine unwraps");
	faults_clear();
	OK(is_enabled(), "the key is in use");
	OK(external_key_is(&o, label), "it is the key");
	snprintf(gone, sizeof(gone), "two/%s.json", key_id);
	OK(access(testenv_path(gone), F_OK) != 0, "the set is used, and gone");
	if (denied)
		deny_all_but_import();
	OK(child_run("unwrap", argument) != CKR_OK, "once");
	faults_clear();
	external_key_free(&o);
}

/* Wraps that material for the renewal pair of the key of that label. */
static void
make_renewal_set(const char *label, const CK_BYTE *clear)
{
	struct pair_handles p = pair_make(label);
	CK_BYTE der[1024], blob[4096];
	CK_ULONG n = attr(p.public, CKA_PUBLIC_KEY_INFO, der, sizeof(der));
	size_t len;
	FILE *f;

	NEED(n < sizeof(der), "the wrapping key");
	len = external_key_wrap("RSAES_OAEP_SHA_256", der, n, clear, 32, blob);
	NEED((f = fopen(testenv_path("blob"), "wb")) != NULL &&
		 fwrite(blob, 1, len, f) == len && fclose(f) == 0,
	    "the wrapped key");
	n = attr(p.public, CKA_KEYFERRY_PAIR_OF, arn, sizeof(arn) - 1);
	arn[n < sizeof(arn) ? n : 0] = '\0';
	snprintf(key_id, sizeof(key_id), "renew-%s", strrchr(arn, '/') + 1);
	snprintf(set_file, sizeof(set_file), "here/%s.json", key_id);
}

/* That of a renewal pair: the other machine renews, and rotates. */
static void
test_renewal_travels(bool denied)
{
	const char *label = denied ? "only-renews" : "renews";
	CK_OBJECT_HANDLE h = 0;
	struct account_key a;
	char argument[64], alias[64], gone[128];

	h = key_make(material(1), label);
	snprintf(alias, sizeof(alias), "alias/%s", label);
	make_machine("nine", denied ? "" : "adopt = yes\n");
	for (unsigned n = 1; n <= 2; n++) {
		make_renewal_set(label, material(n));
		carry("nine");
		snprintf(gone, sizeof(gone), "nine/%s.json", key_id);
		snprintf(argument, sizeof(argument), "nine renew:%s%s", label,
		    n == 1 ? "" : " new");
		if (denied)
			deny_all_but_import();
		RV(child_run("unwrap", argument), CKR_OK, "another machine %s",
		    n == 1 ? "renews" : "rotates");
		OK(access(testenv_path(gone), F_OK) != 0,
		    "the set is used, and gone");
		COUNT(child_run("unwrap", argument), NO_PAIR,
		    "and so is the pair");
		faults_clear();
		OK(account_alias(alias, &a) &&
			strcmp(a.state, "Enabled") == 0 && a.valid_to != 0,
		    "the key is in use, and ends");
	}
	COUNT(
	    attr_number(h, CKA_KEYFERRY_MATERIALS), 2, "it has two materials");
}

/* Without names, by looking through all that there is. */
static void
test_search(void)
{
	struct external_key o;

	make_set(&o, "searched");
	make_machine("three", "");
	carry("three");
	deny_all_but_import();
	RV(child_run("unwrap", "three"), CKR_OK, "a search for any pair");
	faults_clear();
	OK(is_enabled(), "finds it");
	external_key_free(&o);
}

/* Sets that are not used; each is a file of its own. */
static void
test_useless(void)
{
	static const struct {
		const char *what, *log, *from, *to;
	} rows[] = {{"of another Region", "not of this Region",
			"arn:aws:kms:", "arn:aws:kms:eu-"},
	    {"of another key", "that key id", ":key/", ":key/1"},
	    {"with an algorithm that nobody knows", "algorithm is not known",
		"OAEP_SHA_256", "OAEP_SHA_999"},
	    {"without a token", "no import token", "\"ImportToken\"",
		"\"Token\""},
	    {"with a damaged wrapping key", "not an RSA key",
		"\"PublicKey\":\"", "\"PublicKey\":\"AAAA"},
	    {"cut off", "damaged", "\"KeyId\"", "\"KeyId"},
	    {"past its end", "24 hours are over", "\"ParametersValidTo\":1",
		"\"ParametersValidTo\":1,\"Was\":1"}};
	struct external_key o;
	char text[16384], file[128];
	const char *at, *good;

	make_set(&o, "useless");
	make_machine("four", "");
	snprintf(file, sizeof(file), "four/%s.json", key_id);
	deny_all_but_import();
	for (size_t i = 0; i < ELEMS(rows); i++) {
		good = testenv_read(set_file);
		NEED((at = strstr(good, rows[i].from)) != NULL, "%s",
		    rows[i].from);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good,
		    rows[i].to, at + strlen(rows[i].from));
		testenv_write(file, text);
		NEED(chmod(testenv_path(file), 0600) == 0, "mode");
		OK(child_run("unwrap", "four useless") != CKR_OK, "a set %s",
		    rows[i].what);
		OK(logged("four", rows[i].log), "and the log says so: %s",
		    rows[i].log);
	}
	copy_file(set_file, file);
	NEED(chmod(testenv_path(file), 0622) == 0, "mode");
	OK(child_run("unwrap", "four useless") != CKR_OK,
	    "one that others can write");
	OK(logged("four", "can write to it"), "and the log says so");
	faults_clear();
	NEED(chmod(testenv_path(file), 0600) == 0, "mode");
	control("POST", "/clock?forward=90000");
	deny_all_but_import();
	OK(child_run("unwrap", "four useless") != CKR_OK, "a day later");
	faults_clear();
	OK(!is_enabled(), "nothing was imported");
	external_key_free(&o);
}

/* What the console downloads. */
static void
test_download(void)
{
	struct kms k = account_kms();
	struct kms_import_parameters p = KMS_IMPORT_PARAMETERS_INIT;
	struct external_key o;
	CK_BYTE clear[EXTERNAL_KEY_MATERIAL_MAX], blob[4096];
	char file[200], text[400];
	size_t len;
	FILE *f;

	make_set(&o, "downloaded");
	NEED(kms_get_parameters_for_import(
		 &k, key_id, "RSAES_OAEP_SHA_256", "RSA_3072", &p) == ERR_OK,
	    "the console gets a set");
	make_machine("five", "");
	snprintf(file, sizeof(file), "five/%s", key_id);
	NEED(mkdir(testenv_path(file), 0700) == 0, "a directory");
	for (int i = 0; i < 2; i++) {
		struct buf *b = i == 0 ? &p.token : &p.public_key;

		snprintf(file, sizeof(file), "five/%s/%s", key_id,
		    i == 0 ? "ImportToken.bin" : "WrappingPublicKey.bin");
		NEED((f = fopen(testenv_path(file), "wb")) != NULL &&
			 fwrite(b->ptr, 1, b->len, f) == b->len &&
			 fclose(f) == 0,
		    "%s", file);
	}
	snprintf(file, sizeof(file), "five/%s/README.txt", key_id);
	testenv_write(file, "The wrapping algorithm is RSAES_OAEP_SHA_256.\n");
	len = external_key_wrap("RSAES_OAEP_SHA_256", p.public_key.ptr,
	    p.public_key.len, clear, external_key_material(&o, clear), blob);
	NEED((f = fopen(testenv_path("blob"), "wb")) != NULL &&
		 fwrite(blob, 1, len, f) == len && fclose(f) == 0,
	    "the wrapped key");
	deny_all_but_import();
	OK(child_run("unwrap", "five") != CKR_OK, "without the key's ARN");
	OK(logged("five", "KeyArn.txt"), "the log says how to give it");
	snprintf(file, sizeof(file), "five/%s/KeyArn.txt", key_id);
	snprintf(text, sizeof(text), "%s\n", arn);
	testenv_write(file, text);
	RV(child_run("unwrap", "five"), CKR_OK, "with it");
	OK(child_run("unwrap", "five") != CKR_OK, "the set is used");
	OK(logged("five", "used already"), "as the log says");
	faults_clear();
	OK(external_key_is(&o, "downloaded"), "it is the key");
	kms_import_parameters_free(&p);
	external_key_free(&o);
}

/* kill -9, and a KMS that fails, at each step of the unwrap. */
static void
test_faults(void)
{
	static const struct {
		const char *operation, *fault;
		int skip;
		bool imported;
	} rows[] = {{"DescribeKey", "hang", 0, false},
	    {"DescribeKey", "hang", 1, false},
	    {"ImportKeyMaterial", "hang", 0, false},
	    {"ImportKeyMaterial", "hang-after", 0, true}};
	struct timespec pause = {.tv_nsec = 20000000};
	struct external_key o;
	char machine[16], label[32], argument[64], what[64];
	struct child s;
	CK_RV rv;

	for (unsigned i = 0; i < ELEMS(rows); i++) {
		snprintf(machine, sizeof(machine), "kill-%u", i);
		snprintf(label, sizeof(label), "killed-%u", i);
		snprintf(argument, sizeof(argument), "%s %s", machine, label);
		snprintf(what, sizeof(what), "%s %d %s", rows[i].operation,
		    rows[i].skip, rows[i].fault);
		make_set(&o, label);
		make_machine(machine, "");
		carry(machine);
		calls_clear();
		control("POST", "/faults?operation=%s&fault=%s&skip=%d",
		    rows[i].operation, rows[i].fault, rows[i].skip);
		s = child_start("unwrap", argument);
		for (int n = 0;
		     n < WAIT_TRIES &&
		     (calls(rows[i].operation) <= (unsigned long)rows[i].skip ||
			 (rows[i].imported && !is_enabled()));
		     n++)
			nanosleep(&pause, NULL);
		child_kill(&s);
		faults_clear();
		OK(is_enabled() == rows[i].imported, "%s: killed", what);
		rv = child_run("unwrap", argument);
		OK(rv == CKR_OK || (rv == NO_PAIR && rows[i].imported),
		    "%s: the next run: 0x%lx", what, rv);
		OK(is_enabled() && external_key_is(&o, label),
		    "%s: the key is in use", what);
		external_key_free(&o);
	}
}

/* A failing KMS leaves the set good, unless KMS says that it is not. */
static void
test_failures(void)
{
	static const struct {
		const char *fault;
		CK_RV rv;
	} rows[] = {
	    {"error&error=AccessDeniedException&count=0",
		CKR_ACTION_PROHIBITED},
	    {"internal&count=0", CKR_DEVICE_ERROR},
	    {"cut-before&count=0", CKR_DEVICE_ERROR},
	    {"garbage&count=0", CKR_DEVICE_ERROR},
	    {"throttle&count=2", CKR_OK},
	    {"cut-after&count=2", CKR_OK},
	};
	char machine[16], label[32], argument[64];
	struct external_key o;
	CK_RV rv;

	for (unsigned i = 0; i < ELEMS(rows); i++) {
		snprintf(machine, sizeof(machine), "fails-%u", i);
		snprintf(label, sizeof(label), "failed-%u", i);
		snprintf(argument, sizeof(argument), "%s %s", machine, label);
		make_set(&o, label);
		make_machine(machine, "import-timeout = 1\n");
		carry(machine);
		control("POST", "/faults?operation=ImportKeyMaterial&fault=%s",
		    rows[i].fault);
		RV(child_run("unwrap", argument), rows[i].rv, "%s",
		    rows[i].fault);
		faults_clear();
		rv = child_run("unwrap", argument);
		OK(rv == CKR_OK || rv == NO_PAIR, "%s: the next run: 0x%lx",
		    rows[i].fault, rv);
		OK(is_enabled() && external_key_is(&o, label),
		    "%s: the key is in use", rows[i].fault);
		external_key_free(&o);
	}
}

/* As an attribute: from one program to another, without the option. */
static void
test_given(bool denied)
{
	const char *label = denied ? "given-imports-only" : "given";
	static char text[32768], damaged[32768];
	struct external_key o;
	struct pair_handles p;
	char machine[16], conf[400], file[32], argument[300];
	CK_ULONG n, times = 0;
	CK_RV rv;

	make_set(&o, label);
	p = pair_make(label);
	n = attr(p.private, CKA_KEYFERRY_IMPORT_SET, text, sizeof(text) - 1);
	NEED(n < sizeof(text), "the attribute");
	text[n] = '\0';
	OK(attr_is_text(p.public, CKA_KEYFERRY_IMPORT_SET, text) &&
		strcmp(text, testenv_read(set_file)) == 0,
	    "both halves show the set");
	snprintf(machine, sizeof(machine), "gives-%d", denied);
	snprintf(conf, sizeof(conf),
	    "state = %s/%s-state\nlog = info:%s/%s.log\n[token test]\n",
	    testenv_path("."), machine, testenv_path("."), machine);
	snprintf(file, sizeof(file), "%s.conf", machine);
	testenv_write(file, conf);
	snprintf(argument, sizeof(argument), "%s %s", machine, arn);

	snprintf(damaged, sizeof(damaged), "%s", text);
	memcpy(strstr(damaged, "\"ImportToken"), "\"XmportToken", 12);
	testenv_write("given", damaged);
	RV(child_run("give", argument), CKR_ATTRIBUTE_VALUE_INVALID,
	    "a set without its token");
	OK(logged(machine, "it has no import token"), "the log says so");
	snprintf(damaged, sizeof(damaged), "%.*s", (int)n - 9, text);
	testenv_write("given", damaged);
	RV(child_run("give", argument), CKR_ATTRIBUTE_VALUE_INVALID,
	    "one that is cut off");
	testenv_write("given", text);
	if (denied)
		deny_all_but_import();
	do
		rv = child_run("give", argument);
	while (rv == CKR_OK && ++times < 2);
	RV(rv, CKR_OK, "it unwraps, and once more the same key");
	faults_clear();
	OK(is_enabled() && external_key_is(&o, label), "the key is in use");
	external_key_free(&o);
}

int
main(int argc, char **argv)
{
	static const struct child_row children[] = {
	    {"unwrap", unwrap}, {"give", give}};
	char line[200];

	child_main(argc, argv, children, ELEMS(children));
	testenv_start();
	snprintf(line, sizeof(line), "import-sets = %s", testenv_path("here"));
	testenv_config(NULL, line, NULL);
	p11_start();
	test_travels("travels", false);
	test_travels("imports-only", true);
	test_renewal_travels(false);
	test_renewal_travels(true);
	test_search();
	test_given(false);
	test_given(true);
	test_download();
	test_faults();
	test_failures();
	test_useless();
	p11_stop();
	testenv_stop();
	return (tap_done());
}

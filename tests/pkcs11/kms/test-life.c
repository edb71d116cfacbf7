/* The life of imported material: rotation to other material, the Regions that
 * it is brought to, its end and its return. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "account.h"
#include "p11.h"

/* The outcome of a create with that label, and one more attribute. */
#define NEVER "KEY_MATERIAL_DOES_NOT_EXPIRE"

static CK_RV
bring(const void *material, const char *label, CK_ATTRIBUTE_TYPE type,
    const void *value, size_t len, CK_OBJECT_HANDLE *h)
{
	struct key_template k;

	key_template(&k, material, label);
	if (len != 0)
		template_add(&k, type, value, len);
	return (p11->C_CreateObject(rw, k.t, k.count, h));
}

static CK_RV
rotate_to(unsigned n, CK_OBJECT_HANDLE *h)
{
	return (bring(material(n), "rotated", CKA_KEYFERRY_NEW_MATERIAL, &yes,
	    sizeof(yes), h));
}

static void
material_id(CK_OBJECT_HANDLE key, char id[65])
{
	memset(id, 0, 65);
	COUNT(attr(key, CKA_KEYFERRY_KEY_MATERIAL_ID, id, 64), 64,
	    "a key material id");
}

static void
test_rotation(void)
{
	CK_OBJECT_HANDLE h = 0, again = 0;
	char first[65], second[65], third[65];

	RV(rotate_to(1, &h), CKR_OK, "the first material needs no rotation");
	COUNT(calls("RotateKeyOnDemand"), 0, "and asks for none");
	material_id(h, first);
	sealed_make(h);
	RV(bring(material(2), "rotated", 0, NULL, 0, &again),
	    CKR_ATTRIBUTE_VALUE_INVALID, "other material, without a word");
	RV(rotate_to(2, &again), CKR_OK, "other material, as new");
	COUNT(again, h, "it is the same object");
	material_id(h, second);
	OK(strcmp(first, second) != 0, "with other material");
	OK(sealed_opens(h), "what the old encrypted it decrypts");
	RV(rotate_to(2, &again), CKR_ATTRIBUTE_VALUE_INVALID,
	    "the same once more is nothing new");
	material_id(h, third);
	OK(strcmp(second, third) == 0, "it is the same material");

	control("POST", "/faults?operation=RotateKeyOnDemand&fault=error"
			"&error=AccessDeniedException");
	RV(rotate_to(3, &again), CKR_ACTION_PROHIBITED,
	    "imported but not rotated to");
	control("DELETE", "/faults");
	sealed_make(h);
	RV(rotate_to(3, &again), CKR_OK, "the next try finishes it");
	material_id(h, first);
	OK(strcmp(first, third) != 0, "the material is the new one");
	OK(sealed_opens(h), "what was encrypted meanwhile it decrypts");

	control("POST", "/faults?operation=ImportKeyMaterial&fault=cut-after");
	RV(rotate_to(4, &again), CKR_OK, "a reply that was lost");
	material_id(h, second);
	OK(strcmp(first, second) != 0, "it is rotated all the same");
}

/* What the attributes say of the four materials of that key. */
static void
test_materials(void)
{
	CK_OBJECT_HANDLE h = find_label("rotated", CKO_SECRET_KEY);
	CK_ULONG count = 0, missing = 9, ends[8] = {0}, second;
	char ids[8 * 65] = "", states[256] = "", current[65] = "";
	CK_ATTRIBUTE t[] = {A(CKA_KEYFERRY_MATERIALS, count),
	    A(CKA_KEYFERRY_MATERIALS_MISSING, missing),
	    A(CKA_KEYFERRY_MATERIAL_IDS, ids),
	    A(CKA_KEYFERRY_MATERIAL_STATES, states),
	    A(CKA_KEYFERRY_MATERIAL_ENDS, ends)};

	second = (CK_ULONG)time(NULL) + 3600;
	RV(bring(material(4), "rotated", CKA_KEYFERRY_VALID_TO, &second,
	       sizeof(second), &h),
	    CKR_OK, "one of four materials ends");
	material_id(h, current);
	calls_clear();
	RV(p11->C_GetAttributeValue(rw, h, t, ELEMS(t)), CKR_OK,
	    "what is known of its materials");
	COUNT(calls("ListKeyRotations"), 1, "is asked for once");
	COUNT(count, 4, "there are four");
	COUNT(missing, 0, "none is missing");
	COUNT(t[2].ulValueLen, 4 * 64 + 3, "each has an id");
	COUNT(t[4].ulValueLen, 4 * sizeof(CK_ULONG), "and an end");
	OK(strcmp(states, "NON_CURRENT NON_CURRENT NON_CURRENT CURRENT") == 0,
	    "one is current: %s", states);
	OK(strncmp(ids + 3 * 65, current, 64) == 0, "which the key shows");
	OK(ends[0] == 0 && ends[1] == 0 && ends[2] == 0 && ends[3] == second,
	    "each has its own end");

	control("POST", "/clock?forward=3700");
	memset(states, 0, sizeof(states));
	h = find_label("rotated", CKO_PRIVATE_KEY);
	RV(p11->C_GetAttributeValue(rw, h, t, ELEMS(t)), CKR_OK,
	    "after its end the pair tells it");
	COUNT(missing, 1, "one is missing");
	COUNT(ends[3], CK_UNAVAILABLE_INFORMATION, "the one that ended");
	control("POST", "/faults?operation=ListKeyRotations&fault=error"
			"&error=AccessDeniedException");
	COUNT(attr_number(h, CKA_KEYFERRY_MATERIALS), 1,
	    "where it cannot be asked for, DescribeKey tells of one");
	control("DELETE", "/faults");
	RV(bring(material(4), "rotated", CKA_KEYFERRY_EXPIRATION_MODEL, NEVER,
	       sizeof(NEVER) - 1, &h),
	    CKR_OK, "and back");
	h = find_label("rotated", CKO_SECRET_KEY);
	COUNT(attr_number(h, CKA_KEYFERRY_MATERIALS_MISSING), 0,
	    "nothing is missing");
}

/* Two of the materials have ended: the key is back when both are there. */
static void
test_two_missing(void)
{
	CK_ULONG second = (CK_ULONG)time(NULL) + 3700 + 3600;
	CK_OBJECT_HANDLE h = find_label("rotated", CKO_SECRET_KEY);

	sealed_make(h);
	for (unsigned n = 3; n <= 4; n++)
		RV(bring(material(n), "rotated", CKA_KEYFERRY_VALID_TO, &second,
		       sizeof(second), &h),
		    CKR_OK, "a material that ends");
	control("POST", "/clock?forward=3700");
	p11_stop();
	testenv_log("error");
	p11_start();
	RV(bring(material(4), "rotated", CKA_KEYFERRY_EXPIRATION_MODEL, NEVER,
	       sizeof(NEVER) - 1, &h),
	    CKR_FUNCTION_FAILED, "one of two that are missing");
	OK(strstr(testenv_read("log"), "waits for 1 more of its 4") != NULL,
	    "the log counts what is missing");
	COUNT(attr_number(find_label("rotated", CKO_PRIVATE_KEY),
		  CKA_KEYFERRY_MATERIALS_MISSING),
	    1, "one is still missing");
	RV(bring(material(3), "rotated", CKA_KEYFERRY_EXPIRATION_MODEL, NEVER,
	       sizeof(NEVER) - 1, &h),
	    CKR_OK, "with the other it is back");
	OK(sealed_opens(h), "and what it encrypted is good");
	unsetenv("KEYFERRY_LOG");
}

/* Of a pair there is one material, and KMS is not asked. */
static void
test_one_material(void)
{
	struct pair_handles p = pair_generate("one");

	calls_clear();
	COUNT(attr_number(p.private, CKA_KEYFERRY_MATERIALS), 1,
	    "a pair has one material");
	COUNT(attr_number(p.public, CKA_KEYFERRY_MATERIALS_MISSING), 0,
	    "which is there");
	OK(attr_is_text(p.private, CKA_KEYFERRY_MATERIAL_IDS, ""),
	    "without an id");
	COUNT(calls("ListKeyRotations"), 0, "KMS is not asked");
}

static void
test_rotation_refused(void)
{
	CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
	CK_BYTE value[32] = {1};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class), A(CKA_TOKEN, yes),
	    A(CKA_KEY_TYPE, generic), A_BYTES(CKA_VALUE, value, 32),
	    A_BYTES(CKA_LABEL, "hmac", 4), A(CKA_KEYFERRY_NEW_MATERIAL, yes)};
	CK_OBJECT_HANDLE h;

	calls_clear();
	RV(p11->C_CreateObject(rw, t, ELEMS(t), &h), CKR_TEMPLATE_INCONSISTENT,
	    "HMAC keys are not rotated");
	COUNT(calls(NULL), 0, "and KMS is not asked");
}

static void
test_to_the_second(void)
{
	CK_ULONG second = (CK_ULONG)time(NULL) + 3600, got = 0;
	CK_BYTE other[8] = {'2', '0', '9', '0', '0', '1', '0', '1'};
	struct account_key k;
	struct key_template t;
	CK_OBJECT_HANDLE h;

	RV(bring(material(9), "ends", CKA_KEYFERRY_VALID_TO, &second,
	       sizeof(second), &h),
	    CKR_OK, "material that ends to the second");
	COUNT(attr(h, CKA_KEYFERRY_VALID_TO, &got, sizeof(got)), sizeof(got),
	    "the second is read");
	COUNT(got, second, "as it was said");
	OK(account_alias("alias/ends", &k) && k.valid_to == (double)second,
	    "and KMS has it so");
	second += 60;
	RV(bring(material(9), "ends", CKA_KEYFERRY_VALID_TO, &second,
	       sizeof(second), &h),
	    CKR_OK, "a later end, by bringing it again");
	COUNT(attr_number(h, CKA_KEYFERRY_VALID_TO), second, "is the new end");
	RV(bring(material(9), "ends", CKA_KEYFERRY_EXPIRATION_MODEL, NEVER,
	       sizeof(NEVER) - 1, &h),
	    CKR_OK, "or none");
	COUNT(attr(h, CKA_KEYFERRY_VALID_TO, &got, sizeof(got)), 0,
	    "it does not end");
	key_template(&t, material(9), "ends");
	template_add(&t, CKA_KEYFERRY_VALID_TO, &second, sizeof(second));
	template_add(&t, CKA_END_DATE, other, sizeof(other));
	RV(p11->C_CreateObject(rw, t.t, t.count, &h), CKR_TEMPLATE_INCONSISTENT,
	    "two different ends");
	second = 1;
	RV(bring(material(9), "ends", CKA_KEYFERRY_VALID_TO, &second,
	       sizeof(second), &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "an end that is over");
}

/* The handle of the key in the token of another Region, and a session there
 * in rw. */
static CK_OBJECT_HANDLE
go_to(CK_SLOT_ID slot)
{
	p11->C_CloseSession(rw);
	NEED(p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
		 NULL, &rw) == CKR_OK,
	    "a session in another Region");
	return (find_label("everywhere", CKO_SECRET_KEY));
}

static void
test_regions(void)
{
	CK_OBJECT_HANDLE h = 0, again = 0;
	char log[256];

	snprintf(log, sizeof(log), "log = info:%s", testenv_path("log"));
	p11_stop();
	testenv_config(log, "replicas = eu-west-1, ap-south-1",
	    "[token west]\nregion = eu-west-1\nslot = 1\n"
	    "[token south]\nregion = ap-south-1\nslot = 2\n");
	p11_start();
	RV(bring(material(20), "everywhere", 0, NULL, 0, &h), CKR_OK,
	    "a key for three Regions");
	COUNT(calls("ReplicateKey"), 2, "is replicated twice");
	OK(attr_is(h, CKA_KEYFERRY_MULTI_REGION, &yes, 1), "it says so");
	sealed_make(h);
	for (CK_SLOT_ID slot = 1; slot <= 2; slot++) {
		h = go_to(slot);
		OK(h != CK_INVALID_HANDLE, "it is there by its label");
		OK(sealed_opens(h), "and decrypts what the primary encrypted");
	}
	h = go_to(0);
	calls_clear();
	RV(bring(material(20), "everywhere", 0, NULL, 0, &again), CKR_OK,
	    "brought again");
	COUNT(calls("ReplicateKey"), 0, "it is replicated no more");
	COUNT(calls("ImportKeyMaterial"), 3, "but imported everywhere");

	RV(bring(material(21), "everywhere", CKA_KEYFERRY_NEW_MATERIAL, &yes,
	       sizeof(yes), &again),
	    CKR_OK, "rotated in all Regions");
	OK(sealed_opens(h), "the old ciphertext is still good");
	sealed_make(h);
	h = go_to(2);
	OK(sealed_opens(h), "and the new one too, in another Region");
	h = go_to(0);
}

/* One Region fails: that is told, and the next try makes it whole. */
static void
test_region_fails(void)
{
	CK_OBJECT_HANDLE h = 0;

	testenv_write("log", "");
	control("POST", "/faults?operation=ReplicateKey&skip=1&fault=error"
			"&error=AccessDeniedException");
	RV(bring(material(22), "half", 0, NULL, 0, &h), CKR_ACTION_PROHIBITED,
	    "one Region of two");
	control("DELETE", "/faults");
	OK(strstr(testenv_read("log"), "is incomplete in ap-south-1") != NULL,
	    "the log names the Region");
	h = find_label("half", CKO_SECRET_KEY);
	OK(h != CK_INVALID_HANDLE, "the primary is there");
	calls_clear();
	RV(bring(material(22), "half", 0, NULL, 0, &h), CKR_OK, "again");
	COUNT(calls("CreateKey"), 0, "no key is made anew");
	COUNT(calls("ReplicateKey"), 1, "what was missing is there");
}

/* How many materials are imported in the Region of that token's slot; the key
 * waits for them, so it is seen as a pair. */
static size_t
left_in(CK_SLOT_ID slot, const char *label)
{
	CK_OBJECT_HANDLE h;
	CK_ULONG all;

	go_to(slot);
	h = find_label(label, CKO_PRIVATE_KEY);
	all = h == CK_INVALID_HANDLE ? 99
				     : attr_number(h, CKA_KEYFERRY_MATERIALS);
	return (h == CK_INVALID_HANDLE
		    ? 99
		    : all - attr_number(h, CKA_KEYFERRY_MATERIALS_MISSING));
}

/* All of it goes, in every Region; one that fails is told. */
static void
test_destroy(void)
{
	CK_OBJECT_HANDLE h = go_to(0);

	testenv_write("log", "");
	calls_clear();
	control("POST",
	    "/faults?operation=DeleteImportedKeyMaterial&count=0&fault=error"
	    "&error=AccessDeniedException");
	RV(p11->C_DestroyObject(rw, h), CKR_ACTION_PROHIBITED,
	    "material that cannot be deleted");
	control("DELETE", "/faults");
	OK(strstr(testenv_read("log"), "may remain in eu-west-1") != NULL &&
		strstr(testenv_read("log"), "remain in ap-south-1") != NULL &&
		strstr(testenv_read("log"), " [AccessDenied") != NULL,
	    "the log says where it remains, and why");
	OK(sealed_opens(h), "the key is still in use");
	OK(strstr(testenv_read("log"), "was last used in eu-west-1 on 20") !=
		NULL,
	    "and when it was last used in each Region");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "destroyed again");
	for (CK_SLOT_ID slot = 0; slot <= 2; slot++)
		COUNT(left_in(slot, "everywhere"), 0,
		    "neither material is left in Region %lu", slot);
	go_to(0);
	RV(bring(material(20), "everywhere", 0, NULL, 0, &h),
	    CKR_FUNCTION_FAILED, "one of two comes back");
	h = find_label("everywhere", CKO_PRIVATE_KEY);
	OK(attr_is(h, CKA_DESTROYABLE, &yes, 1), "it can be destroyed");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "and goes once more");
	h = find_label("everywhere", CKO_PRIVATE_KEY);
	OK(attr_is(h, CKA_DESTROYABLE, &no, 1), "but no more");
	COUNT(left_in(0, "everywhere"), 0, "nothing is left");
	go_to(0);
	h = find_label("half", CKO_SECRET_KEY);
	control("POST", "/faults?operation=ListKeyRotations&count=0&fault=error"
			"&error=AccessDeniedException");
	testenv_write("log", "");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "without a list");
	control("DELETE", "/faults");
	OK(testenv_logged("other materials may remain") &&
		strstr(testenv_read("log"), "importing the same") == NULL,
	    "the log says that more may remain, and not that all is deleted");
}

/* The end of the primary's material leaves that of the replicas. */
static void
test_destroy_rest(void)
{
	CK_BYTE value[32] = {7};
	CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class), A(CKA_TOKEN, yes),
	    A(CKA_KEY_TYPE, generic), A_BYTES(CKA_VALUE, value, 32),
	    A_BYTES(CKA_LABEL, "mac", 3)};
	CK_OBJECT_HANDLE h = go_to(0);
	struct kms kms = account_kms();
	struct account_key k;

	RV(p11->C_CreateObject(rw, t, ELEMS(t), &h), CKR_OK,
	    "an HMAC key for three Regions");
	NEED(account_alias("alias/mac", &k), "which KMS knows");
	NEED(kms_delete_imported_key_material(&kms, k.id) == ERR_OK,
	    "whose primary loses its material");
	p11_stop();
	p11_start();
	h = find_label("mac", CKO_PRIVATE_KEY);
	OK(attr_is(h, CKA_DESTROYABLE, &yes, 1),
	    "without material it can be destroyed, for the replicas have it");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "it is");
	for (CK_SLOT_ID slot = 1; slot <= 2; slot++) {
		go_to(slot);
		OK(find_label("mac", CKO_SECRET_KEY) == CK_INVALID_HANDLE,
		    "in Region %lu it has no material", slot);
	}
	go_to(0);
	h = find_label("mac", CKO_PRIVATE_KEY);
	OK(attr_is(h, CKA_DESTROYABLE, &no, 1), "it cannot be destroyed now");
	RV(p11->C_DestroyObject(rw, h), CKR_ACTION_PROHIBITED,
	    "nothing is left to destroy again");
}

/* How many secret keys wait for their deletion in the Region of that slot. */
static CK_ULONG
waiting_in(CK_SLOT_ID slot, const char *state)
{
	struct key_template t = {.count = 0};
	CK_OBJECT_HANDLE h[8];

	go_to(slot);
	template_add(&t, CKA_CLASS, &secret_class, sizeof(secret_class));
	template_add(&t, CKA_KEYFERRY_KEY_STATE, state, strlen(state));
	return (find(rw, t.t, t.count, h, 8));
}

static void
configure_deletion(const char *replicas)
{
	char log[256], token[256];

	snprintf(log, sizeof(log), "log = info:%s", testenv_path("log"));
	snprintf(token, sizeof(token),
	    "destroy = schedule-deletion\ndeletion-days = 7\nreplicas = %s\n",
	    replicas);
	p11_stop();
	testenv_config(log, token,
	    "[token west]\nregion = eu-west-1\nslot = 1\n"
	    "[token south]\nregion = ap-south-1\nslot = 2\n");
	p11_start();
}

/* Files of the key: its end as the replica's own token gave it, and a pair
 * beside the key. */
static void
leave_files(const char *label)
{
	CK_MECHANISM m = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_ULONG bits = 2048, end = (CK_ULONG)time(NULL) + 86400;
	CK_ATTRIBUTE public[] = {A(CKA_TOKEN, yes), A(CKA_MODULUS_BITS, bits)};
	CK_ATTRIBUTE private[] = {A(CKA_TOKEN, yes), A(CKA_UNWRAP, yes),
	    A_BYTES(CKA_LABEL, (void *)(uintptr_t)label, strlen(label))};
	struct pair_handles p;
	CK_OBJECT_HANDLE h;

	go_to(1);
	RV(bring(material(30), label, CKA_KEYFERRY_VALID_TO, &end, sizeof(end),
	       &h),
	    CKR_OK, "an end for the replica alone");
	go_to(0);
	RV(p11->C_GenerateKeyPair(rw, &m, public, ELEMS(public), private,
	       ELEMS(private), &p.public, &p.private),
	    CKR_OK, "a pair beside the key");
}

/* destroy = schedule-deletion: the replicas first, and all of them. */
static void
test_schedule_deletion(void)
{
	CK_OBJECT_HANDLE h = 0, again = 0;
	struct account_key k;

	configure_deletion("eu-west-1, ap-south-1");
	RV(bring(material(30), "goes", 0, NULL, 0, &h), CKR_OK,
	    "a key for three Regions");
	NEED(account_alias("alias/goes", &k), "which KMS knows");
	sealed_make(h);
	leave_files("goes");
	COUNT(testenv_state_files(k.id), 6,
	    "made in each Region, two ends, a pair");
	testenv_write("log", "");
	control("POST", "/faults?operation=ScheduleKeyDeletion&skip=1"
			"&fault=error&error=AccessDeniedException");
	RV(p11->C_DestroyObject(rw, h), CKR_ACTION_PROHIBITED,
	    "a replica that cannot be scheduled");
	control("DELETE", "/faults");
	OK(strstr(testenv_read("log"), "remains in ap-south-1") != NULL &&
		strstr(testenv_read("log"), "remains in eu-west-1") == NULL,
	    "the log says which remains");
	OK(find_label("goes", CKO_SECRET_KEY) == h && sealed_opens(h),
	    "the primary has its name, and is in use");
	COUNT(waiting_in(1, "PendingDeletion"), 1, "one replica waits");
	COUNT(waiting_in(2, "PendingDeletion"), 0, "the other does not");
	go_to(0);
	RV(p11->C_DestroyObject(rw, find_label("goes", CKO_SECRET_KEY)), CKR_OK,
	    "destroyed again");
	COUNT(waiting_in(1, "PendingDeletion"), 1, "all wait: in one Region");
	COUNT(waiting_in(2, "PendingDeletion"), 1, "the other");
	COUNT(waiting_in(0, "PendingReplicaDeletion"), 1, "and its own");
	COUNT(testenv_state_files(k.id), 0, "no file of it is left");
	OK(strstr(testenv_read("log"), "was last used in us-east-1 on 20") !=
		    NULL &&
		strstr(testenv_read("log"), "was not used in ap-south-1") !=
		    NULL,
	    "the log says when each was last used");
	go_to(0);
	RV(bring(material(31), "goes", 0, NULL, 0, &again), CKR_OK,
	    "its name serves another key in all Regions");
	control("POST", "/clock?forward=604900");
	COUNT(waiting_in(1, "PendingDeletion"), 0, "the replicas go");
	COUNT(waiting_in(0, "PendingDeletion"), 1, "the primary waits");
	control("POST", "/clock?forward=604900");
	COUNT(waiting_in(0, "PendingDeletion"), 0, "and goes");
	go_to(0);

	configure_deletion("eu-west-1");
	testenv_write("log", "");
	RV(p11->C_DestroyObject(rw, find_label("goes", CKO_SECRET_KEY)), CKR_OK,
	    "a key with a replica that is not named");
	OK(strstr(testenv_read("log"), "in ap-south-1, a Region that") != NULL,
	    "the log names it");
	COUNT(waiting_in(2, "PendingDeletion"), 0, "it is as it was");
	go_to(0);
}

/* An import has import-timeout, and tries on: GetParametersForImport takes
 * longer than other calls may, and its answer is lost more often than one
 * request is tried. */
static void
test_slow_import(void)
{
	CK_OBJECT_HANDLE h = 0;

	p11_stop();
	testenv_config(NULL, "timeout = 1\nimport-timeout = 60", NULL);
	p11_start();
	calls_clear();
	control("POST", "/faults?operation=GetParametersForImport&fault=delay"
			"&ms=1500");
	control("POST", "/faults?operation=GetParametersForImport&skip=1"
			"&fault=cut-before&count=7");
	control("POST", "/faults?operation=GetParametersForImport&skip=8"
			"&fault=delay&ms=1500");
	RV(bring(material(40), "slow", 0, NULL, 0, &h), CKR_OK, "a key");
	RV(bring(material(40), "slow", 0, NULL, 0, &h), CKR_OK,
	    "and again, on a bad link");
	COUNT(calls("GetParametersForImport"), 9, "in so many tries");
	control("DELETE", "/faults");
}

int
main(void)
{
	testenv_start();
	p11_start();
	test_to_the_second();
	test_rotation();
	test_materials();
	test_two_missing();
	test_one_material();
	test_rotation_refused();
	test_regions();
	test_region_fails();
	test_destroy();
	test_destroy_rest();
	test_schedule_deletion();
	test_slow_import();
	p11_stop();
	testenv_stop();
	return (tap_done());
}

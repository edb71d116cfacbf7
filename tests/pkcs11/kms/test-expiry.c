/* The end of imported material, as KMS's clock reaches it: the key becomes an
 * import pair, and the same material brings it back by each way, by id and by
 * label, with what it encrypted. Other material is refused, and the log says
 * what to do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "external-key.h"

#define HOUR 3600

static CK_BYTE id[] = {0xe1};
static long ahead; /* KMS's clock of ours, in seconds */

static CK_ULONG
in_an_hour(void)
{
	return ((CK_ULONG)(time(NULL) + ahead + HOUR));
}

static void
pass_time(long seconds)
{
	control("POST", "/clock?forward=%ld", seconds);
	ahead += seconds;
}

/* By id, by label or by both; an end, or 0. */
static CK_RV
bring(unsigned n, bool by_id, const char *label, CK_ULONG end,
    CK_OBJECT_HANDLE *h)
{
	struct key_template k;

	key_template(&k, material(n), label);
	if (by_id)
		template_add(&k, CKA_ID, id, sizeof(id));
	if (end != 0)
		template_add(&k, CKA_KEYFERRY_VALID_TO, &end, sizeof(end));
	return (p11->C_CreateObject(rw, k.t, k.count, h));
}

static CK_RV
bring_without_end(unsigned n, const char *label, CK_OBJECT_HANDLE *h)
{
	static const char never[] = "KEY_MATERIAL_DOES_NOT_EXPIRE";
	struct key_template k;

	key_template(&k, material(n), label);
	template_add(
	    &k, CKA_KEYFERRY_EXPIRATION_MODEL, never, sizeof(never) - 1);
	return (p11->C_CreateObject(rw, k.t, k.count, h));
}

/* The hour is over: what a program meets. */
static void
end_it(CK_OBJECT_HANDLE key)
{
	pass_time(HOUR + 10);
	testenv_write("log", "");
	RV(sealed_decrypt(key), CKR_KEY_FUNCTION_NOT_PERMITTED,
	    "use after the end, before anybody looked");
	OK(testenv_logged(": the material of key ") &&
		testenv_logged(" expired on 20"),
	    "the log says when it expired");
	COUNT(find_label("ends", CKO_SECRET_KEY), CK_INVALID_HANDLE,
	    "the key is not there");
	OK(find_label("ends", CKO_PUBLIC_KEY) != CK_INVALID_HANDLE &&
		find_label("ends", CKO_PRIVATE_KEY) != CK_INVALID_HANDLE,
	    "an import pair is");
}

static CK_RV
pass_through(unsigned n, CK_OBJECT_HANDLE *h)
{
	CK_MECHANISM oaep = {CKM_RSA_PKCS_OAEP, NULL, 0};
	CK_ULONG end = in_an_hour();
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_TOKEN, yes),
	    A(CKA_KEYFERRY_VALID_TO, end)};
	CK_BYTE der[1024], blob[512];
	CK_ULONG len = attr(find_label("ends", CKO_PUBLIC_KEY),
	    CKA_PUBLIC_KEY_INFO, der, sizeof(der));

	NEED(len <= sizeof(der), "the pair's public half");
	return (p11->C_UnwrapKey(rw, &oaep, find_label("ends", CKO_PRIVATE_KEY),
	    blob,
	    external_key_wrap(
		"RSAES_OAEP_SHA_256", der, len, material(n), 32, blob),
	    t, ELEMS(t), h));
}

static void
test_other_material(void)
{
	CK_OBJECT_HANDLE h;

	testenv_write("log", "");
	RV(bring(2, false, "ends", in_an_hour(), &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "other material by value, by label");
	OK(testenv_logged("C_CreateObject: CKR_ATTRIBUTE_VALUE_INVALID") &&
		testenv_logged("IncorrectKeyMaterialException") &&
		testenv_logged(" expired on 20"),
	    "the log says that it is other material");
	RV(bring(2, true, NULL, in_an_hour(), &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "by id");
	testenv_write("log", "");
	RV(pass_through(2, &h), CKR_WRAPPED_KEY_INVALID, "wrapped");
	OK(testenv_logged("C_UnwrapKey: CKR_WRAPPED_KEY_INVALID") &&
		testenv_logged("IncorrectKeyMaterialException") &&
		testenv_logged(" expired on 20"),
	    "the log says so, too");
}

static void
test_aes(void)
{
	CK_OBJECT_HANDLE h = 0;
	struct account_key a;
	double end;

	RV(bring(1, true, "ends", in_an_hour(), &h), CKR_OK,
	    "a key for an hour");
	sealed_make(h);
	end_it(h);
	test_other_material();
	RV(bring(1, false, "ends", in_an_hour(), &h), CKR_OK,
	    "back by its label");
	OK(sealed_opens(h), "what it encrypted is good");
	end_it(h);
	RV(bring(1, true, NULL, in_an_hour(), &h), CKR_OK, "back by its id");
	OK(sealed_opens(h) && attr_is_text(h, CKA_LABEL, "ends"),
	    "with its label and what it encrypted");
	end_it(h);
	RV(pass_through(1, &h), CKR_OK, "back, wrapped outside");
	OK(sealed_opens(h) && attr_is(h, CKA_ID, id, sizeof(id)),
	    "with its id and what it encrypted");
	NEED(account_alias("alias/ends", &a), "its end in KMS");
	end = a.valid_to;
	RV(bring(1, false, "ends", 0, &h), CKR_OK, "again without an end");
	OK(account_alias("alias/ends", &a) && a.valid_to == end,
	    "it keeps the one that it has");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "its material is deleted");
	RV(bring(1, false, "ends", 0, &h), CKR_OK, "and imported again");
	OK(account_alias("alias/ends", &a) && a.valid_to == end,
	    "with the end that it had");
	pass_time(HOUR + 10);
	testenv_write("log", "");
	RV(bring(1, false, "ends", 0, &h), CKR_TEMPLATE_INCOMPLETE,
	    "an end that is over cannot be kept");
	OK(testenv_logged("CKA_END_DATE") && testenv_logged("valid-days"),
	    "the log says what to do");
	testenv_write("log", "");
	RV(bring_without_end(1, "ends", &h), CKR_OK, "none, if that is said");
	OK(account_alias("alias/ends", &a) && a.valid_to == 0,
	    "KMS says the same");
	OK(testenv_logged("now does not expire; before, it expired on "),
	    "and the log says what has changed");
	OK(sealed_opens(h), "what it encrypted is good");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "its material is deleted");
	RV(bring(1, false, "ends", 0, &h), CKR_OK, "and imported again");
	OK(account_alias("alias/ends", &a) && a.valid_to == 0 &&
		sealed_opens(h),
	    "as it was, without an end");
}

static void
test_rsa(void)
{
	CK_MECHANISM m = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_BYTE sig[512], text[] = "text";
	CK_ULONG n = sizeof(sig), end = in_an_hour();
	CK_OBJECT_HANDLE h = 0;
	struct external_key o;

	external_key_make(&o, &external_key_rsa_2048, 0, "rsa");
	template_add(&o.t, CKA_KEYFERRY_VALID_TO, &end, sizeof(end));
	RV(p11->C_CreateObject(rw, o.t.t, o.t.count, &h), CKR_OK,
	    "an RSA key for an hour");
	pass_time(HOUR + 10);
	RV(p11->C_SignInit(rw, &m, h), CKR_OK, "C_SignInit asks nobody");
	RV(p11->C_Sign(rw, text, 4, sig, &n), CKR_KEY_FUNCTION_NOT_PERMITTED,
	    "C_Sign is told");
	OK(find_label("rsa", CKO_PRIVATE_KEY) != CK_INVALID_HANDLE &&
		attr_is(
		    find_label("rsa", CKO_PRIVATE_KEY), CKA_UNWRAP, &yes, 1) &&
		attr_is(find_label("rsa", CKO_PRIVATE_KEY), CKA_SIGN, &no, 1),
	    "it is an import pair");
	o.t.count--;
	RV(p11->C_CreateObject(rw, o.t.t, o.t.count, &h),
	    CKR_TEMPLATE_INCOMPLETE, "its end is over");
	end = in_an_hour();
	o.t.count++;
	RV(p11->C_CreateObject(rw, o.t.t, o.t.count, &h), CKR_OK,
	    "back, with another end");
	OK(external_key_is(&o, "rsa"), "it signs as before");
	o.t.count--;
	RV(p11->C_CreateObject(rw, o.t.t, o.t.count, &h), CKR_OK,
	    "and again without one");
	COUNT(attr_number(h, CKA_KEYFERRY_VALID_TO), end, "which it keeps");
	external_key_free(&o);
}

/* What the configuration says of new material, and of ends that are over; and
 * the log of ends that come near. */
static void
test_configured(void)
{
	CK_OBJECT_HANDLE h = 0;
	struct account_key a;
	CK_BYTE out[512];
	CK_ULONG n;
	double now;

	p11_stop();
	testenv_config(NULL, "valid-days = 20", NULL);
	p11_start();
	now = (double)(time(NULL) + ahead);
	h = key_make(material(5), "configured");
	OK(account_alias("alias/configured", &a) &&
		a.valid_to > now + 20 * 86400 - 60 &&
		a.valid_to < now + 20 * 86400 + 60,
	    "a new key takes valid-days");
	testenv_write("log", "");
	for (int i = 0; i < 3; i++) {
		n = sizeof(out);
		NEED(encrypt(h, &kms_mechanism, "hello", 5, out, &n) == CKR_OK,
		    "the key is used");
	}
	OK(testenv_logged("import it again with a later end"),
	    "the log says that it ends");
	COUNT(testenv_lines(testenv_read("log")), 1, "once a day");
	pass_time(5 * 86400);
	(void)key_make(material(5), "configured");
	OK(account_alias("alias/configured", &a) &&
		a.valid_to < now + 20 * 86400 + 60,
	    "material that is there keeps its end");
	pass_time(16 * 86400);
	(void)key_make(material(5), "configured");
	OK(account_alias("alias/configured", &a) &&
		a.valid_to > now + 40 * 86400,
	    "where it is over, valid-days from now");
}

/* A process that goes on with its handles for weeks. */
static void
test_warned(void)
{
	CK_OBJECT_HANDLE h = 0;
	CK_BYTE out[512];
	CK_ULONG n;

	p11_stop();
	testenv_config(NULL, "valid-days = 60", NULL);
	p11_start();
	h = key_make(material(6), "warned");
	pass_time(40 * 86400);
	testenv_write("log", "");
	for (int i = 0; i < 2; i++) {
		n = sizeof(out);
		NEED(encrypt(h, &kms_mechanism, "hello", 5, out, &n) == CKR_OK,
		    "the key is used");
	}
	OK(testenv_logged("import it again with a later end"),
	    "what KMS answers has its time");
}

int
main(void)
{
	testenv_start();
	testenv_log("info");
	p11_start();
	test_aes();
	test_rsa();
	test_configured();
	test_warned();
	p11_stop();
	testenv_stop();
	return (tap_done());
}

/* Certificates beside keys: out of files, into files, of a session. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"

static EVP_PKEY *ca_key;
static X509 *ca, *leaf; /* leaf: of the KMS key "web" */
static CK_OBJECT_CLASS cert_class = CKO_CERTIFICATE;
static CK_CERTIFICATE_TYPE x509_type = CKC_X_509;

struct der {
	unsigned char *ptr;
	CK_ULONG len;
};

static struct der
encoded(X509 *x)
{
	struct der d = {.ptr = NULL};

	d.len = (CK_ULONG)i2d_X509(x, &d.ptr);
	return (d);
}

static X509 *
cert_new(EVP_PKEY *of, const char *name, long serial, X509 *issuer)
{
	X509 *x = X509_new();
	X509_NAME *subject = X509_get_subject_name(x);
	X509_EXTENSION *e;

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
	    (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(
	    x, issuer == NULL ? subject : X509_get_subject_name(issuer));
	ASN1_TIME_set_string(X509_getm_notBefore(x), "20250203040506Z");
	ASN1_TIME_set_string(X509_getm_notAfter(x), "20560708091011Z");
	X509_set_pubkey(x, of);
	if (issuer == NULL) {
		e = X509V3_EXT_conf_nid(
		    NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");
		X509_add_ext(x, e, -1);
		X509_EXTENSION_free(e);
	}
	NEED(X509_sign(x, ca_key, EVP_sha256()) > 0, "certificate %s", name);
	return (x);
}

static EVP_PKEY *
public_key(const char *id)
{
	struct kms k = account_kms();
	struct buf info = BUF_INIT(8192);
	const unsigned char *der;
	EVP_PKEY *p;

	NEED(kms_get_public_key(&k, id, &info) == ERR_OK, "GetPublicKey");
	der = info.ptr;
	p = d2i_PUBKEY(NULL, &der, (long)info.len);
	buf_free(&info);
	return (p);
}

/* Writes them as PEM below "certs"; text before each may be NULL. */
static void
pem_write(const char *name, const char *text, X509 *a, X509 *b)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "certs/%s", name);
	if ((f = fopen(testenv_path(path), "w")) == NULL)
		tap_bail();
	if (text != NULL)
		fputs(text, f);
	PEM_write_X509(f, a);
	if (b != NULL)
		PEM_write_X509(f, b);
	fclose(f);
}

static void
der_write(const char *name, struct der d, CK_ULONG len)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "certs/%s", name);
	if ((f = fopen(testenv_path(path), "w")) == NULL ||
	    fwrite(d.ptr, 1, len, f) != len || fclose(f) != 0)
		tap_bail();
}

static void
file_remove(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "certs/%s", name);
	(void)unlink(testenv_path(path));
}

static CK_OBJECT_HANDLE
find_by(CK_ATTRIBUTE_TYPE type, const void *value, CK_ULONG len)
{
	CK_ATTRIBUTE t[2] = {A(CKA_CLASS, cert_class)};
	CK_OBJECT_HANDLE h[2] = {CK_INVALID_HANDLE};

	memcpy(&t[1], &(struct {
		CK_ATTRIBUTE_TYPE a;
		const void *b;
		CK_ULONG c;
	}){type, value, len},
	    sizeof(t[1]));
	return (find(rw, t, 2, h, 2) == 1 ? h[0] : CK_INVALID_HANDLE);
}

static CK_OBJECT_HANDLE
find_cert(X509 *x)
{
	struct der d = encoded(x);
	CK_OBJECT_HANDLE h = find_by(CKA_VALUE, d.ptr, d.len);

	OPENSSL_free(d.ptr);
	return (h);
}

static CK_ULONG
count_certs(void)
{
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, cert_class)};
	CK_OBJECT_HANDLE h[16];

	return (find(rw, t, 1, h, 16));
}

static void
test_from_files(void)
{
	struct der d = encoded(leaf);
	CK_OBJECT_HANDLE h, key;
	unsigned char hash[20], *der = NULL;
	CK_ATTRIBUTE t[3];
	CK_BYTE id[64];
	CK_ULONG n;
	int len;

	COUNT(count_certs(), 0, "no file, no certificate");
	pem_write("chain.pem", "a comment\n", leaf, ca);
	der_write("leaf.der", d, d.len);
	calls_clear();
	COUNT(count_certs(), 2, "the same certificate is one object");
	h = find_by(CKA_VALUE, d.ptr, d.len);
	OK(h != CK_INVALID_HANDLE, "found by CKA_VALUE");
	len = i2d_X509_NAME(X509_get_subject_name(leaf), &der);
	OK(find_by(CKA_SUBJECT, der, (CK_ULONG)len) == h, "by CKA_SUBJECT");
	OPENSSL_free(der);
	der = NULL;
	len = i2d_X509_NAME(X509_get_issuer_name(leaf), &der);
	t[0] = (CK_ATTRIBUTE)A_BYTES(CKA_ISSUER, der, (CK_ULONG)len);
	t[1] = (CK_ATTRIBUTE)A_BYTES(CKA_SERIAL_NUMBER, "\x02\x01\x07", 3);
	t[2] = (CK_ATTRIBUTE)A(CKA_CLASS, cert_class);
	COUNT(find(rw, t, 2, &key, 1), 1, "by issuer and serial number");
	OK(key == h, "that one");
	COUNT(find(rw, t, 3, &key, 1), 1, "and by class");
	OPENSSL_free(der);
	COUNT(calls(NULL), 0, "none of that asks KMS");

	key = find_label("web", CKO_PRIVATE_KEY);
	n = attr(key, CKA_ID, id, sizeof(id));
	calls_clear();
	OK(find_by(CKA_ID, id, n) == h, "found by the id of its key");
	COUNT(calls("ListKeys"), 0, "which needs no listing");
	COUNT(calls("GetPublicKey"), 1, "but that one public key");
	OK(find_by(CKA_LABEL, "web", 3) == h, "and by its label");
	OK(attr_is(h, CKA_ID, id, n), "CKA_ID is the key's");
	OK(attr_is_text(h, CKA_LABEL, "web"), "CKA_LABEL is the key's");
	COUNT(calls("ListKeys"), 0, "still no listing");

	SHA1(d.ptr, d.len, hash);
	OK(attr_is(h, CKA_CHECK_VALUE, hash, 3), "CKA_CHECK_VALUE");
	OK(attr_is(h, CKA_START_DATE, "20250203", 8), "CKA_START_DATE");
	OK(attr_is(h, CKA_END_DATE, "20560708", 8), "CKA_END_DATE");
	OK(attr_is(h, CKA_TOKEN, &yes, 1) && attr_is(h, CKA_PRIVATE, &no, 1) &&
		attr_is(h, CKA_TRUSTED, &no, 1) &&
		attr_is(h, CKA_MODIFIABLE, &no, 1) &&
		attr_is(h, CKA_DESTROYABLE, &no, 1),
	    "of the token, public, not trusted, not to be changed");
	COUNT(attr_number(h, CKA_CERTIFICATE_TYPE), CKC_X_509, "X.509");
	COUNT(attr_number(h, CKA_CERTIFICATE_CATEGORY), 0, "no authority");
	COUNT(attr(h, CKA_UNIQUE_ID, id, sizeof(id)), 64, "CKA_UNIQUE_ID");
	n = attr(h, CKA_PUBLIC_KEY_INFO, NULL, 0);
	OK(n > 80 && n < 100, "CKA_PUBLIC_KEY_INFO");
	OPENSSL_free(d.ptr);
}

static void
test_chain(void)
{
	CK_OBJECT_HANDLE h = find_cert(ca);
	unsigned char hash[20], *bits;
	X509_PUBKEY *key = X509_get_X509_PUBKEY(ca);
	const unsigned char *at;
	int len;

	calls_clear();
	X509_PUBKEY_get0_param(NULL, &at, &len, NULL, key);
	bits = OPENSSL_memdup(at, (size_t)len);
	SHA1(bits, (size_t)len, hash);
	OPENSSL_free(bits);
	OK(attr_is(h, CKA_ID, hash, 20), "a chain certificate has an id too");
	OK(attr_is_text(h, CKA_LABEL, "Test CA"), "and its subject's name");
	COUNT(attr_number(h, CKA_CERTIFICATE_CATEGORY), 2, "an authority");
	COUNT(calls("GetPublicKey"), 1, "the other key was looked at, once");
	calls_clear();
	OK(find_by(CKA_ID, hash, 20) == h, "found by that id");
	COUNT(calls("ListKeys") + calls("GetPublicKey"), 0,
	    "which lists nothing anew");
}

static void
test_changes(void)
{
	CK_OBJECT_HANDLE before = find_cert(leaf), h;
	struct der d = encoded(ca);

	pem_write(
	    "named.pem", "CKA_LABEL: my \\5cCA\\20\nCKA_ID: 0aFF\n", ca, NULL);
	file_remove("chain.pem");
	h = find_cert(ca);
	OK(attr_is_text(h, CKA_LABEL, "my \\CA "), "a label from the file");
	OK(attr_is(h, CKA_ID, "\x0a\xff", 2), "an id from the file");
	OK(find_cert(leaf) == before, "the other keeps its handle");
	file_remove("leaf.der");
	OK(find_cert(leaf) == CK_INVALID_HANDLE, "a file that goes");
	COUNT(attr(before, CKA_VALUE, NULL, 0), CK_UNAVAILABLE_INFORMATION,
	    "takes its object with it");

	pem_write("named.pem", NULL, leaf, ca);
	der_write("cut.der", d, d.len - 5);
	testenv_write("certs/junk.crt", "no certificate\n");
	testenv_write("certs/key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n"
				       "-----END PRIVATE KEY-----\n");
	testenv_write("certs/bad.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n"
				       "-----END CERTIFICATE-----\n");
	testenv_write("certs/open.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n");
	testenv_write("certs/empty", "");
	NEED(mkfifo(testenv_path("certs/pipe"), 0600) == 0 &&
		 mkdir(testenv_path("certs/folder"), 0700) == 0 &&
		 symlink("nowhere", testenv_path("certs/link")) == 0,
	    "what is no file");
	COUNT(count_certs(), 2, "what is no certificate is left out");
	OK(strstr(testenv_read("log"), "certs/cut.der") != NULL &&
		strstr(testenv_read("log"), "certs/junk.crt") != NULL &&
		strstr(testenv_read("log"), "certs/bad.pem") != NULL &&
		strstr(testenv_read("log"), "certs/open.pem") != NULL &&
		strstr(testenv_read("log"), "certs/pipe") != NULL &&
		strstr(testenv_read("log"), "certs/link") != NULL,
	    "and the log says so");
	OK(strstr(testenv_read("log"), "certs/key.pem") == NULL,
	    "but for a file of something else");
	OPENSSL_free(d.ptr);
	NEED(system("rm -rf \"$HOME\"/certs/*") == 0, "the folder is empty");
}

/* The standard's three, and what the test adds. */
static CK_RV
create(CK_SESSION_HANDLE s, X509 *x, const CK_ATTRIBUTE *more, CK_ULONG count,
    CK_OBJECT_HANDLE *h)
{
	struct der d = encoded(x);
	unsigned char *subject = NULL;
	int len = i2d_X509_NAME(X509_get_subject_name(x), &subject);
	struct key_template k = {.count = 0};
	CK_RV rv;

	template_add(&k, CKA_CLASS, &cert_class, sizeof(cert_class));
	template_add(&k, CKA_CERTIFICATE_TYPE, &x509_type, sizeof(x509_type));
	template_add(&k, CKA_SUBJECT, subject, (size_t)len);
	template_add(&k, CKA_VALUE, d.ptr, d.len);
	for (CK_ULONG i = 0; i < count; i++)
		template_add(
		    &k, more[i].type, more[i].pValue, more[i].ulValueLen);
	rv = p11->C_CreateObject(s, k.t, k.count, h);
	OPENSSL_free(d.ptr);
	OPENSSL_free(subject);
	return (rv);
}

/* PKCS#11 3.2, section 4.6.3: what may be set later, and what a file does not
 * hold. */
static void
test_standard_attributes(void)
{
	CK_ULONG authority = 2;
	CK_ATTRIBUTE issuer = A_BYTES(CKA_ISSUER, "0\0", 2),
		     serial = A_BYTES(CKA_SERIAL_NUMBER, "\2\1\7", 3),
		     date = A_BYTES(CKA_END_DATE, "20960101", 8);
	CK_ATTRIBUTE more[] = {A(CKA_TOKEN, yes),
	    A_BYTES(CKA_URL, "https://example.com", 19),
	    A(CKA_CERTIFICATE_CATEGORY, authority)};
	CK_OBJECT_HANDLE h = 0;

	RV(create(rw, leaf, NULL, 0, &h), CKR_OK, "one of the session");
	RV(p11->C_SetAttributeValue(rw, h, &issuer, 1), CKR_OK, "its issuer");
	RV(p11->C_SetAttributeValue(rw, h, &serial, 1), CKR_OK, "its number");
	OK(attr_is(h, CKA_SERIAL_NUMBER, "\2\1\7", 3), "is what was said");
	RV(p11->C_SetAttributeValue(rw, h, &date, 1), CKR_ATTRIBUTE_READ_ONLY,
	    "its end is not set");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "away with it");
	RV(create(rw, leaf, more, ELEMS(more), &h), CKR_OK,
	    "one of the token, with what the program alone knows");
	RV(p11->C_SetAttributeValue(rw, h, &issuer, 1), CKR_ATTRIBUTE_READ_ONLY,
	    "its issuer is what its file says");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "away with it");
}

static void
test_create(void)
{
	CK_SESSION_HANDLE ro = p11_session(0);
	CK_ATTRIBUTE more[] = {A(CKA_TOKEN, yes),
	    A_BYTES(CKA_LABEL, " a\nlabel \xc3\xa9", 11),
	    A_BYTES(CKA_ID, "\x01\x02", 2)};
	CK_ATTRIBUTE label = A_BYTES(CKA_LABEL, "new", 3);
	CK_ATTRIBUTE date = A_BYTES(CKA_START_DATE, "20200101", 8);
	CK_OBJECT_HANDLE h = 0, again = 0;

	RV(create(ro, leaf, more, 3, &h), CKR_SESSION_READ_ONLY,
	    "a file in a read-only session");
	RV(create(rw, leaf, more, 3, &h), CKR_OK, "a certificate of the token");
	OK(find_cert(leaf) == h, "is found");
	RV(create(rw, leaf, more, 3, &again), CKR_OK, "the same once more");
	OK(h == again, "is the one that is there");
	COUNT(count_certs(), 1, "and no other");
	OK(attr_is(h, CKA_LABEL, " a\nlabel \xc3\xa9", 11), "its label");
	OK(attr_is(h, CKA_ID, "\x01\x02", 2), "its id");
	OK(attr_is(h, CKA_MODIFIABLE, &yes, 1) &&
		attr_is(h, CKA_DESTROYABLE, &yes, 1),
	    "it can be changed");
	p11_stop();
	p11_start();
	h = find_cert(leaf);
	OK(attr_is(h, CKA_LABEL, " a\nlabel \xc3\xa9", 11) &&
		attr_is(h, CKA_ID, "\x01\x02", 2),
	    "label and id outlive the process");
	ro = p11_session(0);
	RV(p11->C_SetAttributeValue(ro, h, &label, 1), CKR_SESSION_READ_ONLY,
	    "another label in a read-only session");
	RV(p11->C_DestroyObject(ro, h), CKR_SESSION_READ_ONLY,
	    "C_DestroyObject there");
	RV(p11->C_SetAttributeValue(rw, h, &date, 1), CKR_ATTRIBUTE_READ_ONLY,
	    "another date");
	RV(p11->C_SetAttributeValue(rw, h, &label, 1), CKR_OK, "another label");
	OK(find_cert(leaf) == h && attr_is_text(h, CKA_LABEL, "new") &&
		attr_is(h, CKA_ID, "\x01\x02", 2),
	    "is there, beside the id");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "C_DestroyObject");
	COUNT(count_certs(), 0, "no certificate is left");
	NEED(
	    system("test -z \"$(ls -A \"$HOME\"/certs)\"") == 0, "and no file");
	pem_write("hand.pem", NULL, leaf, NULL);
	h = find_cert(leaf);
	RV(p11->C_SetAttributeValue(rw, h, &label, 1), CKR_ACTION_PROHIBITED,
	    "a label in somebody's file");
	RV(p11->C_DestroyObject(rw, h), CKR_ACTION_PROHIBITED,
	    "C_DestroyObject of somebody's file");
	RV(p11->C_CloseSession(ro), CKR_OK, "C_CloseSession");
}

static void
test_refused(void)
{
	CK_CERTIFICATE_TYPE wtls = CKC_WTLS;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, cert_class),
	    A(CKA_CERTIFICATE_TYPE, x509_type), A_BYTES(CKA_SUBJECT, "0\0", 2),
	    A_BYTES(CKA_VALUE, "junk", 4), A(CKA_TOKEN, yes)};
	CK_ATTRIBUTE with[] = {A(CKA_TOKEN, yes), A(CKA_PRIVATE, yes)};
	CK_OBJECT_HANDLE h = 0;

	for (CK_ULONG n = 1; n < 4; n++)
		RV(p11->C_CreateObject(rw, t, n, &h), CKR_TEMPLATE_INCOMPLETE,
		    "with %lu attributes", n);
	RV(p11->C_CreateObject(rw, t, 5, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "no certificate into a file");
	t[1].pValue = &wtls;
	RV(p11->C_CreateObject(rw, t, 4, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "another type");
	RV(create(rw, leaf, with, 2, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "a private one into a file");
	with[1] = (CK_ATTRIBUTE)A(CKA_TRUSTED, yes);
	RV(create(rw, leaf, with, 2, &h), CKR_ATTRIBUTE_READ_ONLY,
	    "CKA_TRUSTED");
	with[1] = (CK_ATTRIBUTE)A_BYTES(CKA_SERIAL_NUMBER, "\x02\x01\x08", 3);
	RV(create(rw, leaf, with, 2, &h), CKR_TEMPLATE_INCONSISTENT,
	    "another serial number");
	with[1] = (CK_ATTRIBUTE)A_BYTES(CKA_SERIAL_NUMBER, "\x08", 1);
	RV(create(rw, leaf, with, 2, &h), CKR_TEMPLATE_INCONSISTENT,
	    "another serial number without tag and length");
	with[1] = (CK_ATTRIBUTE)A_BYTES(CKA_MODULUS, "x", 1);
	RV(create(rw, leaf, with, 2, &h), CKR_TEMPLATE_INCONSISTENT,
	    "what no certificate has");
}

/* What Java and libp11 give. */
static void
test_other_forms(void)
{
	static CK_MECHANISM_TYPE sha256 = CKM_SHA256;
	static struct {
		char *bytes;
		CK_ULONG len;
	} serials[] = {{"\x02\x02\x00\xff", 4}, {"\x00\xff", 2}, {"\xff", 1},
	    {"\x00\x00\xff", 3}};
	X509 *x = cert_new(ca_key, "other forms", 255, ca);
	CK_OBJECT_HANDLE h;

	for (size_t i = 0; i < sizeof(serials) / sizeof(serials[0]); i++) {
		CK_ATTRIBUTE more[] = {A(CKA_TOKEN, yes),
		    A_BYTES(
			CKA_SERIAL_NUMBER, serials[i].bytes, serials[i].len),
		    A(CKA_NAME_HASH_ALGORITHM, sha256)};

		RV(create(rw, x, more, 3, &h), CKR_OK, "serial number %zu", i);
		OK(attr_is(h, CKA_SERIAL_NUMBER, "\x02\x02\x00\xff", 4),
		    "it is shown in DER");
		OK(find_by(CKA_SERIAL_NUMBER, serials[i].bytes,
		       serials[i].len) == h,
		    "and found as it was given");
		COUNT(attr_number(h, CKA_NAME_HASH_ALGORITHM), CKM_SHA_1,
		    "the hashes are as ever");
		RV(p11->C_DestroyObject(rw, h), CKR_OK, "C_DestroyObject");
	}
	OK(find_by(CKA_SERIAL_NUMBER, "", 0) == CK_INVALID_HANDLE,
	    "no serial number finds none");
	X509_free(x);
}

static void
test_copy(void)
{
	CK_ATTRIBUTE more[] = {A(CKA_TOKEN, no), A_BYTES(CKA_LABEL, "here", 4)};
	CK_ATTRIBUTE token[] = {A(CKA_TOKEN, yes), A_BYTES(CKA_ID, "\x09", 1)};
	CK_OBJECT_HANDLE h = 0, copy = 0;

	RV(create(rw, leaf, more, 2, &h), CKR_OK, "a session certificate");
	RV(p11->C_CopyObject(rw, h, token, 2, &copy), CKR_OK,
	    "is copied onto the token");
	OK(attr_is(copy, CKA_TOKEN, &yes, 1) &&
		attr_is_text(copy, CKA_LABEL, "here") &&
		attr_is(copy, CKA_ID, "\x09", 1),
	    "with its names");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "the first goes");
	OK(find_cert(leaf) == copy, "the copy stays");
	RV(p11->C_DestroyObject(rw, copy), CKR_OK, "C_DestroyObject");
}

static void
test_session(void)
{
	CK_SESSION_HANDLE s = p11_session(0);
	CK_ATTRIBUTE more[] = {A(CKA_TOKEN, no), A_BYTES(CKA_LABEL, "here", 4)};
	CK_OBJECT_HANDLE h = 0;

	RV(create(s, ca, more, 2, &h), CKR_OK, "a session certificate");
	OK(find_cert(ca) == h && attr_is_text(h, CKA_LABEL, "here"),
	    "is found");
	OK(attr_is(h, CKA_TOKEN, &no, 1), "is none of the token");
	COUNT(attr(h, CKA_ID, NULL, 0), 0, "has the id that it was given");
	OK(attr_is(h, CKA_SERIAL_NUMBER, "\x02\x01\x01", 3),
	    "tells its serial number");
	RV(p11->C_CloseSession(s), CKR_OK, "its session ends");
	OK(find_cert(ca) == CK_INVALID_HANDLE, "and takes it with it");
}

static void
test_no_place(void)
{
	CK_ATTRIBUTE more[] = {A(CKA_TOKEN, yes)};
	CK_OBJECT_HANDLE h = 0;

	p11_stop();
	testenv_config("log = log", NULL, NULL);
	p11_start();
	COUNT(count_certs(), 0, "without the option no file is read");
	RV(create(rw, leaf, more, 1, &h), CKR_TOKEN_WRITE_PROTECTED,
	    "and none is written");
	p11_stop();
	testenv_config(NULL, "certificates = /nowhere/at/all", NULL);
	p11_start();
	COUNT(count_certs(), 0, "a folder that is not there");
	RV(create(rw, leaf, more, 1, &h), CKR_FUNCTION_FAILED,
	    "cannot be written");
}

/* What stands in a folder that others can write to may be theirs. */
static void
test_open_folder(void)
{
	char config[512], log[512];
	CK_ATTRIBUTE more[] = {A(CKA_TOKEN, yes)};
	CK_OBJECT_HANDLE h = 0;

	snprintf(log, sizeof(log), "log = info:%s", testenv_path("open.log"));
	snprintf(
	    config, sizeof(config), "certificates = %s", testenv_path("certs"));
	NEED(chmod(testenv_path("certs"), 0777) == 0, "others can write there");
	p11_stop();
	testenv_config(log, config, NULL);
	p11_start();
	COUNT(count_certs(), 0, "no certificate of it is shown");
	OK(strstr(testenv_read("open.log"), "certificates: ") != NULL &&
		strstr(testenv_read("open.log"), "users other than") != NULL,
	    "the log says why");
	RV(create(rw, leaf, more, 1, &h), CKR_FUNCTION_FAILED,
	    "and none is written there");
	NEED(chmod(testenv_path("certs"), 0755) == 0, "they cannot any more");
	p11_stop();
	p11_start();
	OK(count_certs() > 0, "all are there again");
}

/* Keys that may not be looked at, or not at all now, take no certificate with
 * them. */
static void
test_trouble(void)
{
	CK_OBJECT_HANDLE h;

	p11_stop();
	p11_start();
	control("POST", "/denials?operation=GetPublicKey");
	h = find_cert(leaf);
	OK(attr_is_text(h, CKA_LABEL, "leaf"), "a key that KMS denies");
	control("DELETE", "/denials");
	p11_stop();
	p11_start();
	testenv_kms_stop();
	h = find_cert(leaf);
	OK(h != CK_INVALID_HANDLE, "found while KMS is away");
	OK(attr_is_text(h, CKA_LABEL, "leaf"), "with a name of its own");
	OK(find_by(CKA_LABEL, "leaf", 4) == h, "and by that name");
	testenv_kms_start();
}

int
main(void)
{
	char config[512], log[512];
	const char *web;
	EVP_PKEY *key;

	testenv_start();
	snprintf(
	    config, sizeof(config), "certificates = %s", testenv_path("certs"));
	snprintf(log, sizeof(log), "log = info:%s", testenv_path("log"));
	testenv_config(log, config, NULL);
	NEED(mkdir(testenv_path("certs"), 0700) == 0, "a folder");
	web = account_make("ECC_NIST_P256", "SIGN_VERIFY", "alias/web");
	key = public_key(web);
	(void)account_make("ECC_NIST_P384", "SIGN_VERIFY", "alias/other");
	ca_key = EVP_EC_gen("P-256");
	ca = cert_new(ca_key, "Test CA", 1, NULL);
	leaf = cert_new(key, "leaf", 7, ca);
	p11_start();
	test_from_files();
	test_chain();
	test_changes();
	test_standard_attributes();
	test_create();
	test_refused();
	test_other_forms();
	test_copy();
	test_session();
	test_trouble();
	test_open_folder();
	test_no_place();
	p11_stop();
	X509_free(ca);
	X509_free(leaf);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(key);
	testenv_stop();
	return (tap_done());
}

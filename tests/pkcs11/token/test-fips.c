/* fips = yes: what OpenSSL's FIPS provider refuses is refused with the code that
 * says so. Where there is no FIPS provider, one stands in for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cryptoki/cryptoki.h"
#include "ffc-key.h"
#include "p11.h"

static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7},
	       ed25519[] = {6, 3, 0x2b, 0x65, 0x70};

static void
configure(bool fips)
{
	const char *builddir = getenv("builddir");
	char *built = realpath(builddir != NULL ? builddir : ".", NULL);
	char text[8192];

	snprintf(text, sizeof(text),
	    "[fips_sect]\nmodule = %s/.libs/fips-stand-in.so\nactivate = 1\n",
	    built != NULL ? built : "");
	free(built);
	testenv_write("fips.cnf", text);
	snprintf(text, sizeof(text), "fips = yes\nfips-config = %s",
	    testenv_path("fips.cnf"));
	testenv_config(fips ? text : NULL, NULL, NULL);
}

static CK_RV
generate(CK_MECHANISM_TYPE type, CK_ATTRIBUTE public, CK_OBJECT_HANDLE *private)
{
	CK_MECHANISM m = {type, NULL, 0};
	CK_ATTRIBUTE pub[] = {public, A(CKA_VERIFY, yes)};
	CK_ATTRIBUTE priv[] = {A(CKA_SIGN, yes)};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	return (p11->C_GenerateKeyPair(rw, &m, pub, 2, priv, 1, &h, private));
}

static void
test_refused(void)
{
	CK_ULONG small = 1024, large = 2048;
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, public_class),
	    {CKA_KEY_TYPE, NULL, sizeof(CK_KEY_TYPE)},
	    A_BYTES(CKA_EC_PARAMS, ed25519, sizeof(ed25519)),
	    A_BYTES(CKA_EC_POINT, material(1), 32), A(CKA_VERIFY, yes)};
	CK_KEY_TYPE edwards = CKK_EC_EDWARDS;

	RV(generate(CKM_RSA_PKCS_KEY_PAIR_GEN,
	       (CK_ATTRIBUTE)A(CKA_MODULUS_BITS, small), &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "an RSA key of 1024 bits");
	RV(generate(CKM_RSA_PKCS_KEY_PAIR_GEN,
	       (CK_ATTRIBUTE)A(CKA_MODULUS_BITS, large), &h),
	    CKR_OK, "and one of 2048");
	RV(generate(CKM_EC_KEY_PAIR_GEN,
	       (CK_ATTRIBUTE)A_BYTES(CKA_EC_PARAMS, p256, sizeof(p256)), &h),
	    CKR_OK, "a key on P-256");
	RV(generate(CKM_EC_EDWARDS_KEY_PAIR_GEN,
	       (CK_ATTRIBUTE)A_BYTES(CKA_EC_PARAMS, ed25519, sizeof(ed25519)),
	       &h),
	    CKR_CURVE_NOT_SUPPORTED, "one on a curve that it does not have");
	t[1].pValue = &edwards;
	RV(p11->C_CreateObject(rw, t, ELEMS(t), &h), CKR_CURVE_NOT_SUPPORTED,
	    "nor is one created");
}

/* Of what is not there for session keys nothing is claimed. */
static void
test_not_listed(void)
{
	static const CK_MECHANISM_TYPE none[] = {CKM_DSA_KEY_PAIR_GEN, CKM_DSA,
	    CKM_DSA_SHA256, CKM_DH_PKCS_KEY_PAIR_GEN, CKM_DH_PKCS_DERIVE,
	    CKM_DSA_PARAMETER_GEN, CKM_DH_PKCS_PARAMETER_GEN};
	CK_MECHANISM dh = {CKM_DH_PKCS_DERIVE, NULL, 0};
	CK_MECHANISM_TYPE list[300];
	CK_MECHANISM_INFO info;
	CK_ULONG n = ELEMS(list);
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	struct pair_handles p;
	struct ffc_key k;

	NEED(p11->C_GetMechanismList(0, list, &n) == CKR_OK, "the list");
	for (size_t i = 0; i < ELEMS(none); i++) {
		CK_ULONG at = 0;

		while (at < n && list[at] != none[i])
			at++;
		OK(at == n, "it has no 0x%lx", none[i]);
		RV(p11->C_GetMechanismInfo(0, none[i], &info),
		    CKR_MECHANISM_INVALID, "nor is it known");
	}
	ffc_key_2048(&k);
	RV(ffc_key_generate(&k, CKM_DSA_KEY_PAIR_GEN, NULL, &p),
	    CKR_MECHANISM_INVALID, "DSA is not generated");
	RV(ffc_key_create(&k, CKO_PUBLIC_KEY, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "nor by value");
	k.type = CKK_DH;
	RV(ffc_key_generate(&k, CKM_DH_PKCS_KEY_PAIR_GEN, NULL, &p),
	    CKR_MECHANISM_INVALID, "nor are keys that agree");
	RV(p11->C_DeriveKey(rw, &dh, h, NULL, 0, &h), CKR_MECHANISM_INVALID,
	    "which derive");
}

/* A process that has used the module without it cannot go over to it. */
static int
without_and_with(void)
{
	configure(false);
	if (p11->C_Initialize(NULL) != CKR_OK ||
	    p11->C_Finalize(NULL) != CKR_OK)
		return (1);
	configure(true);
	return (p11->C_Initialize(NULL) == CKR_GENERAL_ERROR ? 0 : 2);
}

static void
test_too_late(void)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == 0)
		_exit(without_and_with());
	NEED(pid != -1 && waitpid(pid, &status, 0) == pid, "a child");
	OK(status == 0, "without, and then with: refused (%d)", status);
}

int
main(void)
{
	testenv_start();
	p11_load();
	test_too_late();
	configure(true);
	p11_start();
	test_refused();
	test_not_listed();
	p11_stop();
	configure(false);
	p11_start();
	test_refused();
	p11_stop();
	testenv_stop();
	return (tap_done());
}

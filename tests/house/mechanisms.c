/* Prints the table of mechanisms as rows for docs/mechanisms.md, with numbers
 * in the place of names: mechanisms.sh knows those from the header. */
#include <stdio.h>
#include "cryptoki/keyferry.h"
#include "keydata/hash.h"
#include "mech/families.h"

static const char *
key_name(CK_KEY_TYPE type)
{
	static const struct {
		CK_KEY_TYPE type;
		const char *name;
	} names[] = {{CKK_AES, "AES"}, {CKK_RSA, "RSA"}, {CKK_EC, "EC"},
	    {CKK_EC_EDWARDS, "Edwards"}, {CKK_EC_MONTGOMERY, "Montgomery"},
	    {CKK_GENERIC_SECRET, "generic secret"}, {CKK_HKDF, "HKDF"},
	    {CKK_DSA, "DSA"}, {CKK_DH, "DH"}, {CKK_AES_XTS, "AES-XTS"},
	    {CKK_CHACHA20, "ChaCha20"}, {CKK_POLY1305, "Poly1305"},
	    {CKK_ML_DSA, "ML-DSA"}, {CKK_ML_KEM, "ML-KEM"},
	    {CK_UNAVAILABLE_INFORMATION, "none"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].type == type)
			return (names[i].name);
	return (digest_of_hmac_key(type) != NULL ? "HMAC of that hash" : "?");
}

static void
print_functions(CK_FLAGS flags)
{
	static const struct {
		CK_FLAGS flag;
		const char *name;
	} names[] = {{CKF_ENCRYPT, "encrypt"}, {CKF_DECRYPT, "decrypt"},
	    {CKF_SIGN, "sign"}, {CKF_VERIFY, "verify"},
	    {CKF_SIGN_RECOVER, "sign-recover"},
	    {CKF_VERIFY_RECOVER, "verify-recover"}, {CKF_DIGEST, "digest"},
	    {CKF_GENERATE, "generate"},
	    {CKF_GENERATE_KEY_PAIR, "generate pair"}, {CKF_WRAP, "wrap"},
	    {CKF_UNWRAP, "unwrap"}, {CKF_DERIVE, "derive"},
	    {CKF_ENCAPSULATE, "encapsulate"}, {CKF_DECAPSULATE, "decapsulate"},
	    {CKF_MESSAGE_ENCRYPT | CKF_MESSAGE_SIGN | CKF_MESSAGE_VERIFY,
		"messages"}};
	const char *between = "";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((flags & names[i].flag) == 0)
			continue;
		printf("%s%s", between, names[i].name);
		between = ", ";
	}
}

static const char *
note(const struct mech *m)
{
	if (m->visibility == VISIBLE_KMS_BY_OPTION)
		return ("with keys in KMS only by aes-cbc-pad = yes");
	if (m->visibility == VISIBLE_BY_OPTION)
		return ("listed only by digests = yes");
	return ("");
}

/* Whether it works on data in this process, with what is not in KMS. */
static bool
is_local(const struct mech *m)
{
	static const struct object public = {.class = CKO_PUBLIC_KEY};

	return (mech_family(NULL, m, &public) != NULL);
}

int
main(void)
{
	for (size_t i = 0; i < mech_count; i++) {
		const struct mech *m = &mechs[i];

		if (m->type == CKM_KEYFERRY_KMS)
			printf("| CKM_KEYFERRY_KMS | ");
		else
			printf("| 0x%lx | ", m->type);
		print_functions(mech_flags(m));
		printf(" | %s | ", m->family == FAMILY_DERIVE_PUBLIC
				       ? "any private key"
				       : key_name(m->key_type));
		if (m->max != 0 && m->min == m->max)
			printf("%lu", m->min);
		else if (m->max != 0)
			printf("%lu to %lu", m->min, m->max);
		printf(" | %s | %s | %s |\n",
		    m->kms_algorithm != NULL ? "yes" : "",
		    is_local(m) ? "yes" : "", note(m));
	}
	return (0);
}

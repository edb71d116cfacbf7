/* Profile objects: what the token says that it is good for. */
#include <stdio.h>
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "p11.h"

static CK_OBJECT_CLASS profile_class = CKO_PROFILE;

int
main(void)
{
	CK_ULONG baseline = CKP_BASELINE_PROVIDER, other = 0x77;
	CK_ULONG id = CKP_BASELINE_PROVIDER;
	CK_ATTRIBUTE with_id[] = {
	    A(CKA_CLASS, profile_class), A(CKA_PROFILE_ID, id)};
	CK_ATTRIBUTE by_class[] = {A(CKA_CLASS, profile_class)};
	CK_ATTRIBUTE by_id[] = {A(CKA_PROFILE_ID, baseline)};
	CK_ATTRIBUTE by_other[] = {
	    A(CKA_CLASS, profile_class), A(CKA_PROFILE_ID, other)};
	CK_ATTRIBUTE make[] = {
	    A(CKA_CLASS, profile_class), A(CKA_PROFILE_ID, baseline)};
	CK_ATTRIBUTE label[] = {A_BYTES(CKA_LABEL, "x", 1)};
	CK_OBJECT_HANDLE h[5], made = 0;
	CK_BYTE bytes[64];
	static const char refused[] = "C_CreateObject: CKR_ATTRIBUTE_READ_ONLY";
	char text[1024];
	CK_ULONG len;

	/* no KMS is there to be asked */
	testenv_open();
	p11_start();
	COUNT(find(rw, by_class, 1, h, 5), 4, "four profiles");
	for (CK_ULONG i = 0; i < 3; i++) {
		COUNT(find(rw, with_id, 2, h, 5), 1, "profile %lu", id);
		COUNT(attr_number(h[0], CKA_PROFILE_ID), id++, "its id");
	}
	COUNT(find(rw, with_id, 2, h, 5), 0, "none of certificates");
	id = CKP_HKDF_TLS_TOKEN;
	COUNT(find(rw, with_id, 2, h, 5), 1, "that of HKDF for TLS");
	COUNT(find(rw, by_id, 1, h, 5), 1, "the baseline provider's");
	COUNT(attr_number(h[0], CKA_CLASS), CKO_PROFILE, "its class");
	OK(attr_is(h[0], CKA_TOKEN, &yes, 1) &&
		attr_is(h[0], CKA_PRIVATE, &no, 1) &&
		attr_is(h[0], CKA_MODIFIABLE, &no, 1),
	    "of the token, public, not to be changed");
	COUNT(attr(h[0], CKA_ID, bytes, sizeof(bytes)),
	    CK_UNAVAILABLE_INFORMATION, "it has no CKA_ID");
	COUNT(find(rw, by_id, 1, h, 5), 1, "found by its id");
	COUNT(find(rw, by_other, 2, h, 5), 0, "no other is there");
	OK(attr_is_text(h[0], CKA_KEYFERRY_DESTROY, "delete-material"),
	    "what C_DestroyObject does");
	COUNT(attr_number(h[0], CKA_KEYFERRY_DELETION_DAYS), 30,
	    "the days before a deletion");
	OK(attr_is_text(h[0], CKA_KEYFERRY_REGION, "us-east-1"),
	    "the token's Region");
	COUNT(attr_number(h[0], CKA_KEYFERRY_RENEWAL_DAYS), 0,
	    "the days of a renewal");
	COUNT(attr(h[0], CKA_KEYFERRY_LAST_ERROR, text, sizeof(text)), 0,
	    "no call failed yet");
	RV(p11->C_SetAttributeValue(rw, h[0], label, 1), CKR_ACTION_PROHIBITED,
	    "C_SetAttributeValue");
	RV(p11->C_DestroyObject(rw, h[0]), CKR_ACTION_PROHIBITED,
	    "C_DestroyObject");
	RV(p11->C_CreateObject(rw, make, 2, &made), CKR_ATTRIBUTE_READ_ONLY,
	    "C_CreateObject");
	len = attr(h[0], CKA_KEYFERRY_LAST_ERROR, text, sizeof(text) - 1);
	text[len < sizeof(text) ? len : 0] = '\0';
	OK(strncmp(text, refused, strlen(refused)) == 0,
	    "the last error is that of C_CreateObject: %s", text);
	p11_stop();
	snprintf(text, sizeof(text), "certificates = %s\n",
	    testenv_path("certificates"));
	testenv_config(NULL, text, NULL);
	p11_start();
	id = CKP_PUBLIC_CERTIFICATES_TOKEN;
	COUNT(find(rw, with_id, 2, h, 5), 1, "a token of certificates");
	p11_stop();
	strcat(text, "login = required\n");
	testenv_config(NULL, text, NULL);
	p11_start();
	COUNT(find(rw, with_id, 2, h, 5), 0, "which a login does not hide");
	p11_stop();
	testenv_stop();
	return (tap_done());
}

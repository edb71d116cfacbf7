#ifndef KEYFERRY_H
#define KEYFERRY_H
/*
 * What this module adds to PKCS#11, for programs that want it. Numbers lie in
 * the vendor's space and never change. Include a PKCS#11 header first.
 */
#define CK_KEYFERRY (CKA_VENDOR_DEFINED | 0x4b460000UL)

/* clang-format off */
/* Attributes of keys in KMS. Text is UTF-8 without a NUL. All are read-only,
 * but that VALID_TO may be in a template that brings in a key, MULTI_REGION
 * and TAGS in one that makes one, and that KEY_STATE can be set: "Enabled" and
 * "Disabled", which also cancel a deletion. A search that names KEY_STATE finds
 * keys that others leave out, and with an empty value keys in any state. */
#define CKA_KEYFERRY_KEY_STATE		(CK_KEYFERRY | 1)	/* text: KeyState */
#define CKA_KEYFERRY_ORIGIN		(CK_KEYFERRY | 2)	/* text: Origin */
#define CKA_KEYFERRY_EXPIRATION_MODEL	(CK_KEYFERRY | 3)	/* text: ExpirationModel, or empty; in a template that brings in a key, KEY_MATERIAL_DOES_NOT_EXPIRE takes the end away */
#define CKA_KEYFERRY_VALID_TO		(CK_KEYFERRY | 4)	/* CK_ULONG: seconds since 1970; empty: does not expire */
#define CKA_KEYFERRY_KEY_MATERIAL_ID	(CK_KEYFERRY | 5)	/* text: hex, or empty */
#define CKA_KEYFERRY_MULTI_REGION	(CK_KEYFERRY | 6)	/* CK_BBOOL; in a template that makes a key, instead of the option multi-region */
#define CKA_KEYFERRY_DESCRIPTION	(CK_KEYFERRY | 7)	/* text */
#define CKA_KEYFERRY_KEY_SPEC		(CK_KEYFERRY | 41)	/* text: KeySpec */
#define CKA_KEYFERRY_KEY_USAGE		(CK_KEYFERRY | 42)	/* text: KeyUsage */
#define CKA_KEYFERRY_REGIONS		(CK_KEYFERRY | 43)	/* text: the Regions that have the key, the primary's first, a blank between two; of a multi-Region key, reading it asks KMS (DescribeKey) */
#define CKA_KEYFERRY_TAGS		(CK_KEYFERRY | 51)	/* text: KEY=VALUE, a comma between two; in a template that makes a key, beside the option tags; reading it asks KMS (ListResourceTags) */
#define CKA_KEYFERRY_LAST_USE_DATE	(CK_KEYFERRY | 44)	/* CK_ULONG: seconds since 1970; empty: KMS knows of no use; reading it asks KMS (GetKeyLastUsage) */
#define CKA_KEYFERRY_LAST_USE_OPERATION	(CK_KEYFERRY | 45)	/* text: what for, such as Decrypt; empty: KMS knows of no use; asks KMS, too */
#define CKA_KEYFERRY_DELETION_DATE	(CK_KEYFERRY | 30)	/* CK_ULONG: seconds since 1970; empty: it is not to be deleted */
/*
 * The materials of a key. A symmetric key has one for each rotation, with an
 * end of its own, and perhaps one that waits for its rotation; other keys have
 * one. IDS, STATES and ENDS are lists in the same order. Reading them asks KMS
 * (ListKeyRotations), once a call of C_GetAttributeValue.
 */
#define CKA_KEYFERRY_MATERIALS		(CK_KEYFERRY | 13)	/* CK_ULONG: how many there are */
#define CKA_KEYFERRY_MATERIALS_MISSING	(CK_KEYFERRY | 14)	/* CK_ULONG: how many must be imported again before the key can be used */
#define CKA_KEYFERRY_MATERIAL_IDS	(CK_KEYFERRY | 15)	/* text: KeyMaterialIds, a blank between two; empty: KMS gives none */
#define CKA_KEYFERRY_MATERIAL_STATES	(CK_KEYFERRY | 16)	/* text: KeyMaterialStates, a blank between two */
#define CKA_KEYFERRY_MATERIAL_ENDS	(CK_KEYFERRY | 17)	/* CK_ULONGs: seconds since 1970; 0: does not expire; CK_UNAVAILABLE_INFORMATION: is missing */
#define CKA_KEYFERRY_PAIR_OF		(CK_KEYFERRY | 18)	/* text: of an import pair, the ARN of the key that it is for; else empty */
/* Of an import pair's public half, read-only. Compare it with that of the key
 * that the HSM wraps with: SHA-256 of the SubjectPublicKeyInfo in DER. */
#define CKA_KEYFERRY_WRAPPING_KEY_FINGERPRINT (CK_KEYFERRY | 12) /* text: 64 hex digits */
/*
 * Of an import pair: its wrapping key and import token, to be carried to the
 * HSM and to where the key is unwrapped, as the JSON object that keyferry.conf(5)
 * describes at import-sets. Reading it asks KMS where no set is kept
 * (GetParametersForImport). C_CreateObject with CKA_CLASS CKO_PRIVATE_KEY,
 * CKA_KEY_TYPE CKK_RSA, CKA_TOKEN true and this attribute takes a set in: its
 * object is the private half of the pair, for C_UnwrapKey.
 */
#define CKA_KEYFERRY_IMPORT_SET		(CK_KEYFERRY | 48)	/* text: JSON */
/*
 * Of the token's profile object (CKO_PROFILE), which is there without KMS: the
 * last failure of a call in this session, in the words of the log, which are the
 * function, its result, what KMS said and what to do; empty: none failed yet.
 */
#define CKA_KEYFERRY_LAST_ERROR		(CK_KEYFERRY | 40)	/* text */
/* Of the same object: what C_DestroyObject does, and in how many days KMS
 * deletes a key, as the options destroy and deletion-days say. */
#define CKA_KEYFERRY_DESTROY		(CK_KEYFERRY | 46)	/* text: delete-material or schedule-deletion */
#define CKA_KEYFERRY_DELETION_DAYS	(CK_KEYFERRY | 47)	/* CK_ULONG */
/* Of the same object: the Region of the token. */
#define CKA_KEYFERRY_REGION		(CK_KEYFERRY | 49)	/* text */
#define CKA_KEYFERRY_RENEWAL_DAYS	(CK_KEYFERRY | 50)	/* CK_ULONG: as the option renewal-days says */
/* Of the same object: what the last search for keys did not find, for KMS does
 * not let it be seen, or answered what cannot be read: key ids, or what the
 * option keys names; "alias/" and an asterisk: all names, for ListAliases is
 * denied. Empty: it saw all keys. */
#define CKA_KEYFERRY_LEFT_OUT		(CK_KEYFERRY | 52)	/* text: a blank between two */
/* In templates that bring in a key; not of an object. */
#define CKA_KEYFERRY_NEW_MATERIAL	(CK_KEYFERRY | 8)	/* CK_BBOOL: other material than the key has; rotates to it */
/*
 * Data keys: session keys that KMS makes (GenerateDataKey) and that no one
 * opens again but with the KMS key that wrapped them. WRAPPING_KEY, in a
 * template of C_GenerateKey with CKA_TOKEN false, asks for one; CIPHERTEXT of
 * what comes of it is what to keep. C_UnwrapKey with CKM_KEYFERRY_KMS, that
 * KMS key and the same context brings the key back.
 */
#define CKA_KEYFERRY_WRAPPING_KEY	(CK_KEYFERRY | 9)	/* text: CKA_UNIQUE_ID of a symmetric KMS key */
#define CKA_KEYFERRY_CONTEXT		(CK_KEYFERRY | 10)	/* as the parameter of CKM_KEYFERRY_KMS; may be left out */
#define CKA_KEYFERRY_CIPHERTEXT		(CK_KEYFERRY | 11)	/* bytes, read-only; empty: no data key */
/* clang-format on */

/*
 * KMS's own encryption, with the symmetric key of C_EncryptInit. The result is
 * KMS's CiphertextBlob, which `aws kms decrypt` reads. The parameter is the
 * encryption context: name NUL value NUL name NUL value NUL ..., or NULL.
 * Data: 1 to 4096 bytes.
 */
#define CKM_KEYFERRY_KMS (CKM_VENDOR_DEFINED | 0x4b460001UL)
#endif

#include <stdlib.h>
#include <string.h>
#include "algorithm.h"
#include "pair-page.h"
#include "text.h"

static void
print_row(FILE *f, const char *name, struct view value)
{
	fprintf(f, "  %-14s", name);
	text_print(f, value);
	putc('\n', f);
}

static void
print_time(FILE *f, const char *name, double t)
{
	char when[TEXT_TIME_SIZE];

	text_time((time_t)t, when);
	print_row(f, name, view_str(when));
}

static void
print_set(FILE *f, const struct set_entry *e)
{
	const struct import_set *s = &e->set;

	fputs("Import set of a key in AWS KMS\n\n", f);
	print_row(f, "key", view_str(s->arn));
	print_row(f, "Region", view_str(e->region));
	print_row(f, "KeySpec", view_str(s->spec));
	print_row(f, "algorithm", view_str(s->algorithm));
	print_row(f, "hash",
	    view_str(strstr(s->algorithm, "SHA_256") != NULL
			 ? "SHA-256, in OAEP and in MGF1; no label"
			 : "SHA-1, in OAEP and in MGF1; no label"));
	print_time(f, "made", s->valid_to - IMPORT_SET_HOURS_24);
	print_time(f, "good until", s->valid_to);
	print_row(f, "fingerprint", view_str(e->fingerprint));
	fputs(
	    "\n"
	    "wrapping-key.der and wrapping-key.pem are the public key to wrap "
	    "with, once in\n"
	    "DER and once in PEM. import-token.bin goes with it to KMS; "
	    "import-set.json has\n"
	    "all of it. None of this is secret. Whoever changes it on its way "
	    "would learn the\n"
	    "key: so the fingerprint comes another way.\n"
	    "\n"
	    "1. Compare the fingerprint (SHA-256 of wrapping-key.der) with the "
	    "one that is read\n"
	    "   out to you. Stop if it is another.\n"
	    "\n"
	    "    sha256sum wrapping-key.der\n"
	    "\n"
	    "2. Wrap the key by the algorithm above, into wrapped-key.bin, by "
	    "one of the ways\n"
	    "   below.\n"
	    "3. Bring wrapped-key.bin back, beside import-set.json, before the "
	    "set ends. Whoever\n"
	    "   imports it runs `keyferry unwrap` with this directory.\n",
	    f);
}

#define PKEYUTL                                                               \
	"    openssl pkeyutl -encrypt -pubin -inkey wrapping-key.pem \\\n"    \
	"        -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:%s \\\n" \
	"        -pkeyopt rsa_mgf1_md:%s -in %s -out %s\n"

/* A key that is a file already. */
static void
print_openssl(FILE *f, const struct algorithm *a, const char *hash)
{
	fputs("\nOpenSSL, for a key that is a file (an AES or HMAC key as its "
	      "bytes, a private key as\n"
	      "PKCS#8 in DER)\n\n",
	    f);
	if (!a->with_aes) {
		fprintf(f, PKEYUTL, hash, hash, "key.bin", WRAPPED_FILE);
		return;
	}
	fputs("    openssl rand -out aes.bin 32\n", f);
	fprintf(f, PKEYUTL, hash, hash, "aes.bin", "front.bin");
	fputs("    openssl enc -id-aes256-wrap-pad -iv A65959A6 \\\n"
	      "        -K \"$(od -An -tx1 -v aes.bin | tr -d ' \\n')\" \\\n"
	      "        -in key.bin -out back.bin\n"
	      "    cat front.bin back.bin >" WRAPPED_FILE "\n"
	      "    rm aes.bin\n",
	    f);
}

static void
print_keyferry(FILE *f, const struct set_entry *e)
{
	fprintf(f,
	    "\nkeyferry wrap, of a file, or in SoftHSM or another HSM with a "
	    "PKCS#11 module; where\n"
	    "the HSM has no CKM_RSA_AES_KEY_WRAP it takes the two steps of "
	    "which that consists\n\n"
	    "    keyferry wrap --key key.bin --wrapping-key wrapping-key.der "
	    "\\\n"
	    "        --algorithm %s --expect \"$fingerprint\" \\\n"
	    "        --out " WRAPPED_FILE "\n"
	    "    keyferry wrap --from 'pkcs11:token=source;object=payroll' \\\n"
	    "        --wrapping-key wrapping-key.der \\\n"
	    "        --algorithm %s --expect \"$fingerprint\" \\\n"
	    "        --out " WRAPPED_FILE "\n",
	    e->set.algorithm, e->set.algorithm);
}

/* SoftHSM refuses pkcs11-tool's parameters of OAEP (docs/import.md). */
static void
print_pkcs11_tool(FILE *f, const struct algorithm *a)
{
	bool sha1 = a->hash == CKM_SHA_1;

	if (a->with_aes)
		return;
	fprintf(f,
	    "\npkcs11-tool with --wrap (OpenSC 0.23 and later; SoftHSM refuses "
	    "its parameters)\n\n"
	    "    pkcs11-tool --module HSM --login --write-object "
	    "wrapping-key.der \\\n"
	    "        --type pubkey --usage-wrap --id 7701 --label "
	    "kms-wrapping-key\n"
	    "    pkcs11-tool --module HSM --login --wrap --id 7701 \\\n"
	    "        --mechanism RSA-PKCS-OAEP --hash-algorithm %s --mgf "
	    "MGF1-%s \\\n"
	    "        --application-id 0a01 --output-file " WRAPPED_FILE "\n",
	    sha1 ? "SHA-1" : "SHA256", sha1 ? "SHA1" : "SHA256");
}

static void
print_others(FILE *f, const struct algorithm *a, const char *hash)
{
	fprintf(f,
	    "\nAWS CloudHSM, CloudHSM CLI of Client SDK 5, as a crypto user "
	    "who "
	    "owns the key, which\n"
	    "has extractable=true (AWS CloudHSM User Guide; not tried)\n\n"
	    "    key import pem --path wrapping-key.pem --label "
	    "kms-wrapping-key \\\n"
	    "        --key-type-class rsa-public --attributes wrap=true\n"
	    "    key wrap %s --payload-filter attr.label=payroll \\\n"
	    "        --wrapping-filter attr.label=kms-wrapping-key \\\n"
	    "        --hash-function %s --mgf mgf1-%s \\\n"
	    "        --path " WRAPPED_FILE "\n",
	    a->with_aes ? "rsa-aes" : "rsa-oaep", hash, hash);
	fputs("\nOthers, by what their makers say; not tried\n\n"
	      "    Thales Luna: AES-256 by RSAES_OAEP with SHA-1 or SHA-256; "
	      "the key must be\n"
	      "        exportable (its integration guide for AWS KMS)\n"
	      "    Entrust nShield: CKM_AES_KEY_WRAP_PAD and _KWP (its PKCS#11 "
	      "reference), which\n"
	      "        keyferry wrap --from uses for RSA_AES_KEY_WRAP\n"
	      "    YubiHSM 2, firmware 2.4: yubihsm-shell --action "
	      "put-public-wrapkey takes\n"
	      "        wrapping-key.pem, --action get-rsa-wrapped-key wraps by "
	      "RSA_AES_KEY_WRAP;\n"
	      "        the key needs the capability exportable-under-wrap\n",
	    f);
}

bool
pair_page_write(FILE *f, const struct set_entry *e)
{
	const struct algorithm *a = algorithm_find(e->set.algorithm);
	const char *hash;

	print_set(f, e);
	if (a != NULL) {
		hash = a->hash == CKM_SHA_1 ? "sha1" : "sha256";
		print_openssl(f, a, hash);
		print_keyferry(f, e);
		print_pkcs11_tool(f, a);
		print_others(f, a, hash);
	}
	return (ferror(f) == 0);
}

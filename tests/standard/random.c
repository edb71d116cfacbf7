#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "p11.h"
#include "random.h"

static uint64_t state;

void
random_begin(unsigned long first)
{
	state = first * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

/* xorshift64 */
unsigned long
any(unsigned long n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return ((unsigned long)(state >> 11) % n);
}

void
random_fault(void)
{
	static const char *const operations[] = {"Sign", "Verify", "Encrypt",
	    "Decrypt", "GenerateMac", "VerifyMac", "DeriveSharedSecret",
	    "GetPublicKey", "DescribeKey", "ListAliases", "ListKeys",
	    "CreateKey", "CreateAlias", "GetParametersForImport",
	    "ImportKeyMaterial", "ScheduleKeyDeletion", "UpdateAlias",
	    "DeleteAlias", "DeleteImportedKeyMaterial"};
	static const char *const states[] = {"Disabled", "PendingDeletion",
	    "PendingImport", "Unavailable", "Creating", "Updating",
	    "PendingReplicaDeletion"};
	static const struct {
		int status;
		const char *type;
	} errors[] = {{400, "AccessDeniedException"},
	    {400, "ThrottlingException"}, {400, "DisabledException"},
	    {400, "KMSInvalidStateException"}, {400, "NotFoundException"},
	    {500, "KeyUnavailableException"}, {500, "KMSInternalException"},
	    {503, "ServiceUnavailableException"},
	    {400, "InvalidKeyUsageException"}, {400, "LimitExceededException"},
	    {400, "AlreadyExistsException"}, {400, "IncorrectKeyException"},
	    {400, "InvalidCiphertextException"}, {400, "ValidationException"},
	    {400, "KMSInvalidSignatureException"},
	    {400, "KMSInvalidMacException"}, {400, "ExpiredTokenException"},
	    {400, "UnsupportedOperationException"},
	    {400, "IncorrectKeyMaterialException"},
	    {400, "InvalidImportTokenException"},
	    {400, "ExpiredImportTokenException"}, {200, NULL}, {403, NULL},
	    {400, "AnExceptionOfTomorrow"}};
	size_t e = any(ELEMS(errors));
	char body[128] = "nothing that KMS says";

	faults_clear();
	if (any(5) == 0) {
		snprintf(body, sizeof(body),
		    "{\"KeyMetadata\":{\"KeyState\":\"%s\"}}", ONE_OF(states));
		edit_replies("DescribeKey", NULL, body);
	} else if (any(4) != 0) {
		if (errors[e].type != NULL)
			snprintf(body, sizeof(body), "{\"__type\":\"%s\"}",
			    errors[e].type);
		replace_replies(ONE_OF(operations), errors[e].status, body);
	}
	if (getenv("VERBOSE") != NULL)
		printf("# KMS: %s\n", body);
}

/* Whatever a file of the state directory holds, in front of a KMS that has one
 * key without material. The first byte chooses what the program does. */
#include "fuzz-module.h"
#include "fuzz-scenario.h"

#define KEY "11111111-2222-4333-8444-555555555555"
#define ARN "arn:aws:kms:us-east-1:111122223333:key/" KEY
#define METADATA                                                 \
	"{\"KeyMetadata\":{\"KeyId\":\"" KEY "\",\"Arn\":\"" ARN \
	"\",\"KeySpec\":\"SYMMETRIC_DEFAULT\",\"KeyUsage\":"     \
	"\"ENCRYPT_DECRYPT\",\"KeyState\":\"PendingImport\","    \
	"\"Origin\":\"EXTERNAL\",\"KeyManager\":\"CUSTOMER\","   \
	"\"EncryptionAlgorithms\":[\"SYMMETRIC_DEFAULT\"]}}\n"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return (0);
	fuzz_replies(VIEW_STR(
	    "ListKeys {\"Keys\":[{\"KeyId\":\"" KEY "\",\"KeyArn\":\"" ARN
	    "\"}],\"Truncated\":false}\n"
	    "ListAliases {\"Aliases\":[{\"AliasName\":\"alias/payroll\","
	    "\"TargetKeyId\":\"" KEY "\"}],\"Truncated\":false}\n"
	    "DescribeKey " METADATA "CreateKey " METADATA "CreateAlias \n"
	    "GetParametersForImport !DENIED\n"));
	fuzz_state(VIEW(data + 1, len - 1));
	fuzz_scenario(fuzz_open(), data[0]);
	fuzz_close();
	return (0);
}

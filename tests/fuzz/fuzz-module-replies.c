/* Whatever a KMS answers while a program works with the module. The first byte
 * chooses what the program does; see fuzz-module.h for the replies. */
#include "fuzz-module.h"
#include "fuzz-scenario.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return (0);
	fuzz_replies(VIEW(data + 1, len - 1));
	fuzz_scenario(fuzz_open(), data[0]);
	fuzz_close();
	return (0);
}

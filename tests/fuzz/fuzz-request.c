/* What comes to the local KMS before anything is known of its sender: JSON, to
 * be decoded for one operation after the other. */
#include <stddef.h>
#include <stdint.h>
#include "call.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct input in[IN_COUNT];
	struct failure f = {0};
	const struct operation *op;
	const struct doc *root;

	for (size_t i = 0; (op = operation_at(i)) != NULL; i++) {
		struct mem mem = MEM_INIT(4 * 1024 * 1024);

		root = doc_parse(VIEW(data, len), &mem);
		if (root != NULL && root->kind == DOC_OBJECT)
			(void)input_read(
			    root, op->required, op->optional, in, &mem, &f);
		mem_free(&mem);
	}
	return (0);
}

#include "operation.h"

void
op_end(struct op *op)
{
	object_put(&op->object);
	buf_free(&op->data);
	buf_free(&op->result);
	buf_free(&op->signature);
	buf_free(&op->context);
	EVP_MD_CTX_free(op->md);
	EVP_CIPHER_CTX_free(op->cipher);
	EVP_MAC_CTX_free(op->mac);
	EVP_PKEY_free(op->pkey);
	*op = (struct op){.state = OP_INACTIVE};
}

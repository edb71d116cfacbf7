#ifndef DER_WRITE_H
#define DER_WRITE_H
#include "cryptoki/der.h"

/* Writes DER (X.690). Sizes are known before: memory is taken once, and what is
 * appended cannot fail; if it does all the same, the first failure is kept. */
struct der_writer {
	struct buf *out;
	enum err err;
};
void der_put(struct der_writer *, struct view);
/* The length of a whole element whose content has n bytes. */
size_t der_element_len(size_t n);
void der_put_head(struct der_writer *, uint8_t tag, size_t n);
/* The length of an INTEGER's content, and the whole of it. */
size_t der_number_len(struct view);
void der_put_number(struct der_writer *, struct view);
#endif

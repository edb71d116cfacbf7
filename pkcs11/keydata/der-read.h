#ifndef DER_READ_H
#define DER_READ_H
#include "buf.h"

/* Reads DER (X.690) strictly: a length and a number are in their shortest form,
 * and nothing is longer than 64 kB. What is read stays where it is. Each
 * function moves *in behind what it took; false: it is something else, and *in
 * is as before. */

/* The content of the next element. */
bool der_take(struct view *in, uint8_t tag, struct view *content);
/* An INTEGER that is not negative, without leading zeros. */
bool der_take_number(struct view *in, struct view *number);
/* Just these bytes. */
bool der_take_bytes(struct view *in, struct view what);
#endif

#ifndef EC_PUBLIC_H
#define EC_PUBLIC_H
#include "buf.h"
#include "crypto.h"

/*
 * Appends the public point (04 X Y) that belongs to a scalar on a curve, which
 * CKA_EC_PARAMS names. OpenSSL's own ways leave copies of the scalar in memory;
 * this one does not. ERR_UNSUPPORTED: no curve of that name. ERR_DATA: the
 * scalar is 0, or not below the curve's order.
 */
enum err ec_public_point(const struct crypto *, struct view params,
    struct view scalar, struct buf *out);
#endif

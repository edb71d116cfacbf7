#ifndef CERTIFICATE_NAMES_H
#define CERTIFICATE_NAMES_H
#include "object.h"

/* CKA_LABEL and CKA_ID of a certificate of the token whose file gives none:
 * those of the private key in KMS that the certificate belongs to, else its
 * common name and the hash of its public key. */
CK_RV certificate_read_label(
    struct call *, const struct object *, struct buf *);
CK_RV certificate_read_id(struct call *, const struct object *, struct buf *);
#endif

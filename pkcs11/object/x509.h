#ifndef X509_H
#define X509_H
#include "token/call.h"

/* What a certificate says of itself, as attributes. */

/* Sets the attributes that are missing from what CKA_VALUE says. ERR_DATA: it
 * is no certificate. */
enum err x509_set_attrs(struct call *, struct attrset *);
/* The SHA-1 of the bits of its public key (RFC 5280, section 4.2.1.2). */
CK_RV x509_key_hash(struct call *, const struct attrset *, struct buf *out);
/* The first common name of its subject, in UTF-8; nothing when it has none. */
CK_RV x509_common_name(struct call *, const struct attrset *, struct buf *out);
/* Whether both are the same CKA_SERIAL_NUMBER. The standard has it in DER; Java
 * gives and searches the number alone, without tag and length. */
bool x509_is_same_serial(struct view, struct view);
#endif

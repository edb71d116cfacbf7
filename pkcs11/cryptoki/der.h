#ifndef DER_H
#define DER_H
#include "buf.h"

/* The DER (X.690) of private keys: tags and identifiers. */
#define DER_INTEGER 0x02
#define DER_BITS 0x03
#define DER_OCTETS 0x04
#define DER_OID 0x06
#define DER_PRINTABLE 0x13 /* PrintableString */
#define DER_SEQUENCE 0x30
#define DER_CONTEXT_0 0xa0
#define DER_CONTEXT_0_PRIMITIVE 0x80
#define DER_CONTEXT_1 0xa1

#define DER_NULL VIEW_STR("\x05\x00")
/* rsaEncryption (RFC 8017), id-ecPublicKey (RFC 5480) */
#define DER_RSA VIEW_STR("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")
#define DER_EC VIEW_STR("\x06\x07\x2a\x86\x48\xce\x3d\x02\x01")
/* How the OIDs of NIST's algorithms begin, 2.16.840.1.101.3.4, with 9 bytes;
 * two more follow. */
#define DER_NIST VIEW_STR("\x06\x09\x60\x86\x48\x01\x65\x03\x04")
#endif

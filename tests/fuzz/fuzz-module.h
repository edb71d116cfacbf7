#ifndef FUZZ_MODULE_H
#define FUZZ_MODULE_H
#include "buf.h"
#include "cryptoki/cryptoki.h"

/*
 * The module within the process, in front of a KMS that says what an input
 * says. Nothing goes to the network, and time passes only when someone waits
 * for it.
 */

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/*
 * What the KMS answers: lines "OPERATION REPLY", or "OPERATION !ERROR" with the
 * name of an enum err. The n-th request of an operation gets its n-th line, later ones the last; one
 * without a line gets NOT_FOUND.
 */
void fuzz_replies(struct view lines);
/* What a file of the state directory holds, whichever is asked for; ptr NULL:
 * there is none. */
void fuzz_state(struct view);

/* A folder that is empty, for certificates. */
const char *fuzz_certificates(void);
/* A folder that is empty, for sets of import parameters; called before
 * everything else, the first time. */
const char *fuzz_import_sets(void);
/* C_Initialize() and a session that may write. */
CK_SESSION_HANDLE fuzz_open(void);
/* C_Finalize(); the state directory is empty again. */
void fuzz_close(void);

/* Finds objects of a class (CK_UNAVAILABLE_INFORMATION: of any). Returns how
 * many, at most most. */
CK_ULONG fuzz_find(
    CK_SESSION_HANDLE, CK_OBJECT_CLASS, CK_OBJECT_HANDLE *, CK_ULONG most);
/* Reads every attribute that there is. */
void fuzz_read_all(CK_SESSION_HANDLE, CK_OBJECT_HANDLE);
/* A session key AES-256 that does everything. */
CK_OBJECT_HANDLE fuzz_aes_key(CK_SESSION_HANDLE);
#endif

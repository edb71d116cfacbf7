#ifndef FUZZ_SCENARIO_H
#define FUZZ_SCENARIO_H
#include "cryptoki/cryptoki.h"

/* What a program does with the keys that the KMS says there are. */
void fuzz_scenario(CK_SESSION_HANDLE, unsigned which);
#endif

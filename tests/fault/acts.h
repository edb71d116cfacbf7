#ifndef ACTS_H
#define ACTS_H
#include "p11.h"

/*
 * What a program does with the module, a row an act: each C_ function that
 * works is in one of them. An act can be done again and again: it takes away
 * what it made.
 */
struct act {
	const char *name;
	bool kms; /* it asks the KMS */
	CK_RV (*run)(void);
	bool cold; /* it is done in a process that has done nothing yet, too */
};
extern const struct act acts[];
extern const size_t act_count;
/* That of DSA and Diffie-Hellman: acts-ffc.c. */
CK_RV act_ffc(void);

/* What is made once for all of them, without the module. */
void acts_begin(void);
/* The keys that the acts work with, in a session that is open in rw. */
CK_RV acts_prepare(void);
/* Called by an act when what is under test is done and the tidying begins. */
extern void (*act_is_done)(void);
#endif

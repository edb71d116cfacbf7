#ifndef STANDARD_RANDOM_H
#define STANDARD_RANDOM_H

/* Numbers that follow from the first one, and faults of KMS among them. */
void random_begin(unsigned long first);
/* The next below n. */
unsigned long any(unsigned long n);
#define ONE_OF(rows) ((rows)[any(ELEMS(rows))])
/* Lets KMS fail, or its keys be in another state, or neither. */
void random_fault(void);
#endif

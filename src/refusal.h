#ifndef REFUSAL_H
#define REFUSAL_H
#include "buf.h"
#include "fault.h"

/*
 * The error that a reply with another status than 200 tells, by f->status and
 * the body, which need not be JSON. Fills the fault's exception and message.
 */
enum err refusal_read(struct view body, struct fault *f);
#endif

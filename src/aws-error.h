#ifndef AWS_ERROR_H
#define AWS_ERROR_H
#include "buf.h"
#include "error-info.h"

/*
 * The error that a reply with another status than 200 tells, by f->status, the
 * header x-amzn-errortype (may be "") and the body, which need not be JSON.
 * Fills in the exception and message.
 */
enum err aws_error_read(
    const char *header, struct view body, struct error_info *f);
#endif

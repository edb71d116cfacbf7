#ifndef COPY_TEXT_H
#define COPY_TEXT_H

/*
 * As strdup(), from the malloc() whose free() we call. A program may have an
 * allocator of its own and have loaded us with RTLD_DEEPBIND: what a function
 * of libc hands out is the program's then, and our free() would end the
 * process. So no function of libc may allocate for us (build-aux/check-style).
 */
char *copy_text(const char *);
#endif

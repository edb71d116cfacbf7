#ifndef DOCTOR_H
#define DOCTOR_H

/* keyferry doctor: what the module finds here, and what is wrong with it. */
extern const char doctor_usage[];
int doctor_run(int argc, char **argv);
#endif

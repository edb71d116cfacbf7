#ifndef LOCALKMS_CONTROL_ADDRESS_H
#define LOCALKMS_CONTROL_ADDRESS_H
#include "control/controls.h"

/* Answers a request to the control address: reads and sets the controls. */
void control_address_answer(
    struct controls *, const struct web_request *, struct web_reply *);
#endif

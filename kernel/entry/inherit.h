#ifndef ADYTON_KERNEL_ENTRY_INHERIT_H
#define ADYTON_KERNEL_ENTRY_INHERIT_H

#include "abi/hostcall.h"
#include "kernel/kernel.h"

/* Fill the table of descriptors with what the host inherited. */
int inherit_descriptors(const struct host_start *start) must_check;

#endif

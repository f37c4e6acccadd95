/* The system's headers that every script here needs, in the order that cmocka wants. */
#ifndef ADYTON_TESTS_UNIT_KERNEL_IO_LIBC_H
#define ADYTON_TESTS_UNIT_KERNEL_IO_LIBC_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those */
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tests/unit/kernel_io/world.h"
#endif

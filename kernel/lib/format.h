/* format() of kernel/kernel.h with a list of arguments. */
#ifndef ADYTON_KERNEL_LIB_FORMAT_H
#define ADYTON_KERNEL_LIB_FORMAT_H

#include <stdarg.h>
#include "abi/types.h"

size_t format_args(char *to, size_t size, const char *how, va_list args);

#endif

/* Error numbers of Linux that code without a libc returns, negated. The values are the ABI's. */
#ifndef ADYTON_BASE_ERRNO_H
#define ADYTON_BASE_ERRNO_H

#ifndef EINVAL
#define E2BIG 7
#define ENOMEM 12
#define EINVAL 22
#define ERANGE 34
#endif

#endif

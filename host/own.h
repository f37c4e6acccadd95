/* The host calls that are not plain system calls, one function a row. */
#ifndef ADYTON_HOST_OWN_H
#define ADYTON_HOST_OWN_H

#include "host/host.h"

#define OWN_SYS(name)
#define OWN_SYSB(name)
#define OWN_OWN(name) long own_##name(struct host_thread *t, const uint64_t *slots);
#define OWN_OWNB(name) long own_##name(struct host_thread *t, const uint64_t *slots);
#define OWN_OWNI(name) long own_##name(struct host_thread *t, const uint64_t *slots);
#define R(name, service, result, kinds) OWN_##service(name)
#include "hostcall_rows.h"
#undef R

#endif

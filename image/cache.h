/* The cache of quick images: bounded, and shared by any number of runs at once. */
#ifndef ADYTON_IMAGE_CACHE_H
#define ADYTON_IMAGE_CACHE_H

#include "abi/types.h"

#define CACHE_PREFIX "quick-"
#define CACHE_SUFFIX ".adyton"
/* Kernels that are in use at once: several builds, each with secret and with ordinary memory. */
#define CACHE_KEPT 16

/* Open an image of the cache, and note that it is in use still. Its descriptor, or -1 and errno. */
must_check int cache_open(const char *path);
/*
 * Keep the images that were used last. A run that finds its image gone makes it again, and one that has it open keeps
 * it, so nobody is asked first.
 */
void cache_trim(const char *folder);

#endif

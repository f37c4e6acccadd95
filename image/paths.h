/* Where the parts of an installation and the user's own files are. */
#ifndef ADYTON_IMAGE_PATHS_H
#define ADYTON_IMAGE_PATHS_H

#include "abi/types.h"
#include "image/fail.h"

#define PATHS_MAX 4096

/*
 * Look for FOLDER/NAME (a build tree) and ../lib/adyton/NAME or (../libexec/adyton: an installation) beside the
 * executable.
 */
must_check bool paths_beside(char out[PATHS_MAX], const char *folder, const char *name);
/* The kernel: $ADYTON_KERNEL, else beside the executable. */
must_check int paths_kernel(char out[PATHS_MAX], struct fail *f);
/* $XDG_CACHE_HOME/adyton (~/.cache/adyton) or $XDG_DATA_HOME/adyton (~/.local/share/adyton), made when missing. */
must_check int paths_cache(char out[PATHS_MAX], struct fail *f);
must_check int paths_data(char out[PATHS_MAX], struct fail *f);
/*
 * What belongs to the (software) platform: its secret, its quoting enclave, its certificates. $ADYTON_PLATFORM, else
 * /var/lib/adyton/platform if that is this user's and $XDG_DATA_HOME does not choose, else `platform` in the folder of
 * paths_data. It may not exist yet; the folder that it is in does.
 */
must_check int paths_platform(char out[PATHS_MAX], struct fail *f);
must_check int paths_config(char out[PATHS_MAX], struct fail *f);

#endif

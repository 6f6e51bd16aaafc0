// Shared by the C files of this target.

#ifndef CPLATFORM_INTERNAL_H
#define CPLATFORM_INTERNAL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define _DARWIN_C_SOURCE 1

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "CPlatform.h"

#define MLP_PATH_CAPACITY 4096

static inline int mlp_copy_path(char *out, const uint8_t *path, size_t length) {
    if (length == 0) return -ENOENT;
    if (length >= MLP_PATH_CAPACITY) return -ENAMETOOLONG;
    if (memchr(path, 0, length)) return -EINVAL;
    memcpy(out, path, length);
    out[length] = 0;
    return 0;
}

// Declares `name` as the C string of a path argument, or returns the error.
#define MLP_PATH(name, path, length)                                \
    char name[MLP_PATH_CAPACITY];                                   \
    do {                                                            \
        int mlp_path_error = mlp_copy_path(name, path, length);     \
        if (mlp_path_error) return mlp_path_error;                  \
    } while (0)

// Runs a call that gives -1 until it is not interrupted.
#define MLP_RETRY(result, call) \
    do { (result) = (call); } while ((result) == -1 && errno == EINTR)

void mlp_fill_status(const struct stat *from, mlp_status *out);

#endif

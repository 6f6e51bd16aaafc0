// The functions of the plug-in for Parquet and Arrow files, as a table filled at run time: the library
// brings 80 MB of others, and only commands that read such files open it.
#ifndef MLSTORE_CARROW_H
#define MLSTORE_CARROW_H

#include "mlstore_arrow.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#else
#include <unistd.h>
#endif

#define MLSTORE_ARROW_FUNCTIONS(X) \
    X(abi) X(version) X(open) X(rows) X(groups) X(group) X(scan) X(close)

typedef struct mlstore_arrow {
#define MLSTORE_ARROW_FIELD(name) __typeof__(&mlstore_arrow_##name) name;
    MLSTORE_ARROW_FUNCTIONS(MLSTORE_ARROW_FIELD)
#undef MLSTORE_ARROW_FIELD
} mlstore_arrow;

#ifdef __APPLE__
#define MLSTORE_ARROW_FILE "/libmlstore-arrow.dylib"
#else
#define MLSTORE_ARROW_FILE "/libmlstore-arrow.so"
#endif

/// What `mlstore_arrow_path` found.
enum mlstore_arrow_place {
    MLSTORE_ARROW_UNKNOWN,
    /// Where the library should be.
    MLSTORE_ARROW_FOUND,
    /// MLSTORE_ARROW names a folder, in which it is not.
    MLSTORE_ARROW_NOT_IN_FOLDER,
};

/// Writes where the library is: what MLSTORE_ARROW says, which may be its folder, or the place beside the
/// program where 'install.sh' puts it.
static inline enum mlstore_arrow_place mlstore_arrow_path(char *out, size_t bytes) {
    const char *chosen = getenv("MLSTORE_ARROW");
    if (chosen && *chosen) {
        if (strlen(chosen) + strlen(MLSTORE_ARROW_FILE) >= bytes) return MLSTORE_ARROW_UNKNOWN;
        strcpy(out, chosen);
        struct stat found;
        if (stat(out, &found) != 0 || !S_ISDIR(found.st_mode)) return MLSTORE_ARROW_FOUND;
        strcat(out, MLSTORE_ARROW_FILE);
        return stat(out, &found) == 0 ? MLSTORE_ARROW_FOUND : MLSTORE_ARROW_NOT_IN_FOLDER;
    }
    const char *place = "/../lib/mlstore/arrow" MLSTORE_ARROW_FILE;
#ifdef __APPLE__
    char name[PATH_MAX];
    uint32_t size = sizeof name;
    if (_NSGetExecutablePath(name, &size) != 0) return MLSTORE_ARROW_UNKNOWN;
    char program[PATH_MAX];
    if (!realpath(name, program)) return MLSTORE_ARROW_UNKNOWN;
#else
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0) return MLSTORE_ARROW_UNKNOWN;
    program[length] = 0;
#endif
    char *slash = strrchr(program, '/');
    if (!slash) return MLSTORE_ARROW_UNKNOWN;
    *slash = 0;
    if (strlen(program) + strlen(place) >= bytes) return MLSTORE_ARROW_UNKNOWN;
    strcpy(out, program);
    strcat(out, place);
    return MLSTORE_ARROW_FOUND;
}

/// Opens the library, which then stays open; 0 where that fails: then `dlerror` says why, or, where it
/// returns NULL, the library lacks a function.
static inline int mlstore_arrow_load(const char *path, mlstore_arrow *table) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) return 0;
#define MLSTORE_ARROW_LOAD(name) \
    *(void **)&table->name = dlsym(library, "mlstore_arrow_" #name); \
    if (!table->name) return 0;
    MLSTORE_ARROW_FUNCTIONS(MLSTORE_ARROW_LOAD)
#undef MLSTORE_ARROW_LOAD
    return 1;
}

/// What the last opening said, until the next.
static inline const char *mlstore_arrow_load_error(void) {
    const char *text = dlerror();
    return text ? text : "it lacks a function";
}

#endif

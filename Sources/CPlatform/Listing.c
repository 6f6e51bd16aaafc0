#include "Internal.h"

#include <dirent.h>
#include <stdlib.h>

static int grow(void **memory, size_t *capacity, size_t needed, size_t unit) {
    if (needed <= *capacity) return 0;
    size_t larger = *capacity ? *capacity * 2 : 64;
    while (larger < needed) larger *= 2;
    void *moved = realloc(*memory, larger * unit);
    if (!moved) return -ENOMEM;
    *memory = moved;
    *capacity = larger;
    return 0;
}

static uint8_t kind_of(const struct dirent *entry) {
    switch (entry->d_type) {
    case DT_REG: return MLP_FILE;
    case DT_DIR: return MLP_DIRECTORY;
    case DT_LNK: return MLP_SYMLINK;
    case DT_UNKNOWN: return MLP_UNKNOWN;
    default: return MLP_OTHER;
    }
}

// Adds one entry; 1 when it vanished between being listed and being looked at.
static int add_entry(mlp_listing *out, int directory, const struct dirent *entry, int with_status) {
    size_t length = strlen(entry->d_name);
    mlp_entry added = {.name_offset = out->names_length, .name_length = length};
    if (with_status) {
        struct stat status;
        int result;
        MLP_RETRY(result, fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW));
        if (result != 0) return errno == ENOENT ? 1 : -errno;
        mlp_fill_status(&status, &added.status);
    } else {
        added.status.kind = kind_of(entry);
    }
    int error = grow((void **)&out->entries, &out->capacity, out->count + 1, sizeof(mlp_entry));
    if (!error)
        error = grow((void **)&out->names, &out->names_capacity, out->names_length + length, 1);
    if (error) return error;
    memcpy(out->names + out->names_length, entry->d_name, length);
    out->names_length += length;
    out->entries[out->count++] = added;
    return 0;
}

static int list_stream(DIR *stream, int with_status, mlp_listing *out) {
    int directory = dirfd(stream);
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (!entry) return -errno;
        const char *name = entry->d_name;
        if (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0))) continue;
        int result = add_entry(out, directory, entry, with_status);
        if (result < 0) return result;
    }
}

int mlp_list(const uint8_t *path, size_t length, int with_status, mlp_listing *out) {
    memset(out, 0, sizeof *out);
    MLP_PATH(name, path, length);
    int fd;
    MLP_RETRY(fd, open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd < 0) return -errno;
    DIR *stream = fdopendir(fd);
    if (!stream) {
        int error = errno;
        close(fd);
        return -error;
    }
    int result = list_stream(stream, with_status, out);
    closedir(stream);
    if (result != 0) mlp_listing_free(out);
    return result;
}

void mlp_listing_free(mlp_listing *listing) {
    free(listing->entries);
    free(listing->names);
    memset(listing, 0, sizeof *listing);
}

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

static int is_dots(const char *name) {
    return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));
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
        if (is_dots(entry->d_name)) continue;
        int result = add_entry(out, directory, entry, with_status);
        if (result < 0) return result;
    }
}

static int open_stream(const uint8_t *path, size_t length, DIR **out) {
    int fd = mlp_open_directory(path, length);
    if (fd < 0) return fd;
    *out = fdopendir(fd);
    if (*out) return 0;
    int error = errno;
    close(fd);
    return -error;
}

int mlp_list(const uint8_t *path, size_t length, int with_status, mlp_listing *out) {
    memset(out, 0, sizeof *out);
    DIR *stream;
    int result = open_stream(path, length, &stream);
    if (result != 0) return result;
    result = list_stream(stream, with_status, out);
    closedir(stream);
    if (result != 0) mlp_listing_free(out);
    return result;
}

static int add_name(mlp_names *out, const struct dirent *entry) {
    size_t length = strlen(entry->d_name);
    size_t end = out->length + length + 2;
    int error = grow((void **)&out->bytes, &out->capacity, end, 1);
    if (error) return error;
    out->bytes[out->length] = kind_of(entry);
    memcpy(out->bytes + out->length + 1, entry->d_name, length + 1);
    out->length = end;
    out->count++;
    return 0;
}

int mlp_list_names(const uint8_t *path, size_t length, mlp_names *out) {
    memset(out, 0, sizeof *out);
    DIR *stream;
    int result = open_stream(path, length, &stream);
    if (result != 0) return result;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (!entry) result = -errno;
        if (!entry || result != 0) break;
        if (!is_dots(entry->d_name)) result = add_name(out, entry);
    }
    closedir(stream);
    if (result != 0) mlp_names_free(out);
    return result;
}

void mlp_names_free(mlp_names *names) {
    free(names->bytes);
    memset(names, 0, sizeof *names);
}

int mlp_open_directory(const uint8_t *path, size_t length) {
    MLP_PATH(name, path, length);
    int fd;
    MLP_RETRY(fd, open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return fd < 0 ? -errno : fd;
}

int mlp_status_at(int directory, const uint8_t *name, mlp_status *out) {
    struct stat status;
    int result;
    MLP_RETRY(result, fstatat(directory, (const char *)name, &status, AT_SYMLINK_NOFOLLOW));
    if (result != 0) return errno == ENOENT ? 1 : -errno;
    mlp_fill_status(&status, out);
    return 0;
}

void mlp_listing_free(mlp_listing *listing) {
    free(listing->entries);
    free(listing->names);
    memset(listing, 0, sizeof *listing);
}

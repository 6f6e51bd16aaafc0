#include "Internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/statvfs.h>

#ifdef __linux__
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#endif

int mlp_error_class(int error) {
    switch (error) {
    case ENOENT: case ENOTDIR: return MLP_E_NOT_FOUND;
    case EEXIST: case ENOTEMPTY: return MLP_E_EXISTS;
    case EACCES: case EPERM: return MLP_E_PERMISSION;
    case ENOSPC: case EDQUOT: return MLP_E_NO_SPACE;
    case EROFS: return MLP_E_READ_ONLY;
    case ELOOP: case ENXIO: case ENODEV: case EISDIR: return MLP_E_UNSUPPORTED;
    case EINTR: return MLP_E_INTERRUPTED;
    case EINVAL: case ENAMETOOLONG: case EILSEQ: return MLP_E_BAD_NAME;
    default: return MLP_E_OTHER;
    }
}

void mlp_error_text(int error, char *buffer, size_t capacity) {
    if (capacity == 0) return;
    buffer[0] = 0;
#ifdef __linux__
    const char *text = strerror_r(error, buffer, capacity);  // the GNU kind
    if (text != buffer) snprintf(buffer, capacity, "%s", text);
#else
    strerror_r(error, buffer, capacity);
#endif
}

int mlp_is_zeros(const void *bytes, size_t count) {
    const char *first = bytes;
    // Equal to itself one byte on, and the first is zero: then all are.
    return count == 0 || (*first == 0 && memcmp(first, first + 1, count - 1) == 0);
}

int mlp_bad_descriptor(void) { return EBADF; }
int mlp_is_directory_error(void) { return EISDIR; }

void mlp_fill_status(const struct stat *from, mlp_status *out) {
    out->size = from->st_size;
#ifdef __APPLE__
    struct timespec modified = from->st_mtimespec, changed = from->st_ctimespec;
#else
    struct timespec modified = from->st_mtim, changed = from->st_ctim;
#endif
    // Multiplied unsigned: a file system may hand out any number, and none may overflow.
    out->modified = (int64_t)((uint64_t)modified.tv_sec * 1000000000u + (uint64_t)modified.tv_nsec);
    out->changed = (int64_t)((uint64_t)changed.tv_sec * 1000000000u + (uint64_t)changed.tv_nsec);
    out->inode = from->st_ino;
    out->device = (uint64_t)from->st_dev;
    out->permissions = from->st_mode & 07777;
    out->links = from->st_nlink > UINT32_MAX ? UINT32_MAX : (uint32_t)from->st_nlink;
    switch (from->st_mode & S_IFMT) {
    case S_IFREG: out->kind = MLP_FILE; break;
    case S_IFDIR: out->kind = MLP_DIRECTORY; break;
    case S_IFLNK: out->kind = MLP_SYMLINK; break;
    default: out->kind = MLP_OTHER; break;
    }
}

int mlp_open(const uint8_t *path, size_t length, int mode, uint32_t permissions) {
    MLP_PATH(name, path, length);
    // Non-blocking, so that a named pipe is refused below instead of waited for.
    int flags = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    switch (mode) {
    case MLP_READ: flags |= O_RDONLY; break;
    case MLP_CREATE_NEW: flags |= O_RDWR | O_CREAT | O_EXCL; break;
    case MLP_READ_WRITE: flags |= O_RDWR; break;
    default: flags |= O_RDWR | O_CREAT; break;
    }
    int fd;
    MLP_RETRY(fd, open(name, flags, (mode_t)permissions));
    if (fd < 0) return -errno;
    if (mode == MLP_CREATE_NEW) return fd;
    struct stat status;
    if (fstat(fd, &status) != 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    if (!S_ISREG(status.st_mode)) {
        close(fd);
        return S_ISDIR(status.st_mode) ? -EISDIR : -ENXIO;
    }
    return fd;
}

int mlp_close(int fd) {
    // Never retried: on Linux the descriptor is gone even when close is interrupted.
    if (close(fd) != 0 && errno != EINTR) return -errno;
    return 0;
}

int64_t mlp_read(int fd, void *buffer, size_t count, int64_t offset) {
    size_t done = 0;
    while (done < count) {
        size_t step = count - done > (1u << 30) ? (1u << 30) : count - done;
        ssize_t got = pread(fd, (char *)buffer + done, step, offset + (int64_t)done);
        if (got < 0) {
            if (errno == EINTR) continue;
            return -errno;
        }
        if (got == 0) break;
        done += (size_t)got;
    }
    return (int64_t)done;
}

int mlp_write(int fd, const void *buffer, size_t count, int64_t offset) {
    size_t done = 0;
    while (done < count) {
        size_t step = count - done > (1u << 30) ? (1u << 30) : count - done;
        ssize_t put = pwrite(fd, (const char *)buffer + done, step, offset + (int64_t)done);
        if (put < 0) {
            if (errno == EINTR) continue;
            return -errno;
        }
        if (put == 0) return -EIO;
        done += (size_t)put;
    }
    return 0;
}

int mlp_sync(int fd) {
    int result;
#ifdef __APPLE__
    // fsync there does not reach the medium; some file systems know no F_FULLFSYNC.
    MLP_RETRY(result, fcntl(fd, F_FULLFSYNC));
    if (result != 0) MLP_RETRY(result, fsync(fd));
#else
    MLP_RETRY(result, fdatasync(fd));
#endif
    return result == 0 ? 0 : -errno;
}

void mlp_start_writing(int fd) {
#ifdef __linux__
    // What fails is reported by the sync that comes later.
    (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
#else
    (void)fd;
#endif
}

int mlp_truncate(int fd, int64_t size) {
    int result;
    MLP_RETRY(result, ftruncate(fd, size));
    return result == 0 ? 0 : -errno;
}

int mlp_clone_range(int from, int64_t offset, int64_t length, int to, int64_t to_offset) {
#ifdef __linux__
    struct file_clone_range range = {
        .src_fd = from, .src_offset = (uint64_t)offset, .src_length = (uint64_t)length,
        .dest_offset = (uint64_t)to_offset};
    // A length of 0 would mean everything up to the end.
    if (length <= 0) return 0;
    int result;
    MLP_RETRY(result, ioctl(to, FICLONERANGE, &range));
    if (result == 0) return 1;
    switch (errno) {
    // Whoever is told "cannot" writes the bytes, which tells of a broken disk by itself.
    case ENOSPC: case EDQUOT: return -errno;
    default: return 0;
    }
#else
    (void)from, (void)offset, (void)length, (void)to, (void)to_offset;
    return 0;
#endif
}

int64_t mlp_clone_unit(int fd) {
    struct statvfs status;
    int result;
    MLP_RETRY(result, fstatvfs(fd, &status));
    if (result != 0) return -errno;
    return (int64_t)(status.f_frsize ? status.f_frsize : status.f_bsize);
}

int mlp_status_of_descriptor(int fd, mlp_status *out) {
    struct stat status;
    if (fstat(fd, &status) != 0) return -errno;
    mlp_fill_status(&status, out);
    return 0;
}

int mlp_map(int fd, size_t size, void **out) {
    void *address = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (address == MAP_FAILED) return -errno;
    *out = address;
    return 0;
}

int mlp_unmap(void *address, size_t size) { return munmap(address, size) == 0 ? 0 : -errno; }

int mlp_status_of_path(const uint8_t *path, size_t length, int follow, mlp_status *out) {
    MLP_PATH(name, path, length);
    struct stat status;
    int result;
    MLP_RETRY(result, follow ? stat(name, &status) : lstat(name, &status));
    if (result != 0) return -errno;
    mlp_fill_status(&status, out);
    return 0;
}

int mlp_make_directory(const uint8_t *path, size_t length) {
    MLP_PATH(name, path, length);
    return mkdir(name, 0777) == 0 ? 0 : -errno;
}

int mlp_remove_file(const uint8_t *path, size_t length) {
    MLP_PATH(name, path, length);
    return unlink(name) == 0 ? 0 : -errno;
}

int mlp_remove_directory(const uint8_t *path, size_t length) {
    MLP_PATH(name, path, length);
    return rmdir(name) == 0 ? 0 : -errno;
}

static int rename_exclusive(const char *from, const char *to) {
#ifdef __linux__
    if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 1u /* RENAME_NOREPLACE */) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -errno;
#elif defined(__APPLE__)
    if (renamex_np(from, to, RENAME_EXCL) == 0) return 0;
    if (errno != EINVAL && errno != ENOTSUP) return -errno;
#endif
    // A file system without it: a hard link fails when the name is taken.
    if (link(from, to) != 0) return -errno;
    return unlink(from) == 0 ? 0 : -errno;
}

int mlp_rename(const uint8_t *from, size_t from_length, const uint8_t *to, size_t to_length,
               int exclusive) {
    MLP_PATH(old_name, from, from_length);
    MLP_PATH(new_name, to, to_length);
    if (exclusive) return rename_exclusive(old_name, new_name);
    return rename(old_name, new_name) == 0 ? 0 : -errno;
}

int mlp_make_symlink(const uint8_t *path, size_t length, const uint8_t *target,
                     size_t target_length) {
    MLP_PATH(name, path, length);
    MLP_PATH(text, target, target_length);
    return symlink(text, name) == 0 ? 0 : -errno;
}

int mlp_make_hard_link(const uint8_t *path, size_t length, const uint8_t *file,
                       size_t file_length) {
    MLP_PATH(name, path, length);
    MLP_PATH(existing, file, file_length);
    return link(existing, name) == 0 ? 0 : -errno;
}

int64_t mlp_read_symlink(const uint8_t *path, size_t length, uint8_t *buffer, size_t capacity) {
    MLP_PATH(name, path, length);
    ssize_t count = readlink(name, (char *)buffer, capacity);
    return count < 0 ? -errno : (int64_t)count;
}

int mlp_set_permissions(const uint8_t *path, size_t length, uint32_t permissions) {
    MLP_PATH(name, path, length);
    return chmod(name, (mode_t)permissions) == 0 ? 0 : -errno;
}

int mlp_sync_directory(const uint8_t *path, size_t length) {
    MLP_PATH(name, path, length);
    int fd, result;
    MLP_RETRY(fd, open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd < 0) return -errno;
    MLP_RETRY(result, fsync(fd));
    int error = result == 0 ? 0 : errno;
    close(fd);
    // File systems that cannot sync a directory say so in this way; they order it themselves.
    return error == EINVAL || error == ENOTSUP ? 0 : -error;
}

int64_t mlp_space_left(const uint8_t *path, size_t length) {
    MLP_PATH(name, path, length);
    struct statvfs status;
    int result;
    MLP_RETRY(result, statvfs(name, &status));
    if (result != 0) return -errno;
    unsigned __int128 bytes = (unsigned __int128)status.f_bavail * status.f_frsize;
    return bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes;
}

int64_t mlp_real_path(const uint8_t *path, size_t length, uint8_t *buffer, size_t capacity) {
    MLP_PATH(name, path, length);
    char *resolved = realpath(name, NULL);
    if (!resolved) return -errno;
    size_t count = strlen(resolved);
    if (count <= capacity) memcpy(buffer, resolved, count);
    free(resolved);
    return count <= capacity ? (int64_t)count : -ENAMETOOLONG;
}

int mlp_would_block(int error) { return error == EWOULDBLOCK || error == EAGAIN; }

// One attempt: -ESTALE when the file that was locked is no longer the one of that name.
static int lock_once(const char *name, int operation, int wait) {
    int fd, result;
    MLP_RETRY(fd, open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666));
    // A store that may only be read can still be locked by its readers.
    if (fd < 0 && (errno == EROFS || errno == EACCES) && !(operation & LOCK_EX))
        MLP_RETRY(fd, open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (fd < 0) return -errno;
    do {
        result = flock(fd, operation | (wait ? 0 : LOCK_NB));
    } while (result == -1 && errno == EINTR && !mlp_received_signal());
    int error = result == 0 ? 0 : errno;
    struct stat locked, named;
    if (!error && fstat(fd, &locked) != 0) error = errno;
    if (!error && (stat(name, &named) != 0 || named.st_ino != locked.st_ino ||
                   named.st_dev != locked.st_dev))
        error = ESTALE;
    if (!error) return fd;
    close(fd);
    return -error;
}

int mlp_lock(const uint8_t *path, size_t length, int exclusive, int wait) {
    MLP_PATH(name, path, length);
    int operation = exclusive ? LOCK_EX : LOCK_SH;
    for (;;) {
        int result = lock_once(name, operation, wait);
        if (result != -ESTALE) return result;
    }
}

int mlp_unlock(int fd) {
    // Said aloud: a child between fork and exec still shares the lock, and would keep it.
    flock(fd, LOCK_UN);
    return mlp_close(fd);
}

// The system calls of Platform, in one shape for Linux and macOS.
//
// Why C: variadic calls (open, fcntl), structures that differ between systems (stat), macros and
// signal handlers do not come through Swift's importer. Every function retries EINTR, every
// descriptor is close-on-exec, and every failure is returned as -errno, so that no Swift code
// reads errno. Paths are bytes with a length; a NUL inside is refused with EINVAL.

#ifndef CPLATFORM_H
#define CPLATFORM_H

#include <stddef.h>
#include <stdint.h>

enum { MLP_FILE = 0, MLP_DIRECTORY = 1, MLP_SYMLINK = 2, MLP_OTHER = 3, MLP_UNKNOWN = 4 };
enum { MLP_READ = 0, MLP_CREATE_NEW = 1, MLP_READ_WRITE = 2, MLP_CREATE_OR_OPEN = 3 };

typedef struct {
    int64_t size;
    int64_t modified;  // nanoseconds since the epoch
    int64_t changed;   // nanoseconds since the epoch
    uint64_t inode;
    uint64_t device;
    uint32_t permissions;
    uint32_t links;
    uint8_t kind;
} mlp_status;

/// Whether all of the bytes are zeros.
int mlp_is_zeros(const void *bytes, size_t count);

// What an errno value is, in the few classes that callers tell apart.
enum {
    MLP_E_OTHER, MLP_E_NOT_FOUND, MLP_E_EXISTS, MLP_E_PERMISSION, MLP_E_NO_SPACE,
    MLP_E_READ_ONLY, MLP_E_UNSUPPORTED, MLP_E_INTERRUPTED, MLP_E_BAD_NAME
};
int mlp_error_class(int error);
void mlp_error_text(int error, char *buffer, size_t capacity);
int mlp_bad_descriptor(void);
int mlp_is_directory_error(void);

// Files. mlp_open returns a descriptor of a regular file; other kinds give -EISDIR or -ENXIO.
int mlp_open(const uint8_t *path, size_t length, int mode, uint32_t permissions);
int mlp_close(int fd);
int64_t mlp_read(int fd, void *buffer, size_t count, int64_t offset);  // short only at the end
int mlp_write(int fd, const void *buffer, size_t count, int64_t offset);
int mlp_sync(int fd);
void mlp_start_writing(int fd);  // to the medium, without waiting for it
int mlp_truncate(int fd, int64_t size);
// Lets `to` share bytes of `from`: 1 done, 0 the file system cannot or will not.
int mlp_clone_range(int from, int64_t offset, int64_t length, int to, int64_t to_offset);
int64_t mlp_clone_unit(int fd);  // what ranges of it are multiples of
int mlp_status_of_descriptor(int fd, mlp_status *out);
int mlp_map(int fd, size_t size, void **out);
int mlp_unmap(void *address, size_t size);

// Names.
int mlp_status_of_path(const uint8_t *path, size_t length, int follow, mlp_status *out);
int mlp_make_directory(const uint8_t *path, size_t length);
int mlp_remove_file(const uint8_t *path, size_t length);
int mlp_remove_directory(const uint8_t *path, size_t length);
int mlp_rename(const uint8_t *from, size_t from_length, const uint8_t *to, size_t to_length,
               int exclusive);
int mlp_make_symlink(const uint8_t *path, size_t length, const uint8_t *target,
                     size_t target_length);
int mlp_make_hard_link(const uint8_t *path, size_t length, const uint8_t *file,
                       size_t file_length);
int64_t mlp_read_symlink(const uint8_t *path, size_t length, uint8_t *buffer, size_t capacity);
int mlp_set_permissions(const uint8_t *path, size_t length, uint32_t permissions);
int mlp_sync_directory(const uint8_t *path, size_t length);
int64_t mlp_space_left(const uint8_t *path, size_t length);
int64_t mlp_real_path(const uint8_t *path, size_t length, uint8_t *buffer, size_t capacity);

// A whole directory at once: names in one arena, statuses beside them when asked for.
typedef struct {
    size_t name_offset;
    size_t name_length;
    mlp_status status;  // only `kind` when statuses were not asked for
} mlp_entry;
typedef struct {
    mlp_entry *entries;
    size_t count;
    size_t capacity;
    uint8_t *names;
    size_t names_length;
    size_t names_capacity;
} mlp_listing;
int mlp_list(const uint8_t *path, size_t length, int with_status, mlp_listing *out);
void mlp_listing_free(mlp_listing *listing);

// Only the names: a byte for the kind, the name and a zero for each, one behind the other.
typedef struct {
    uint8_t *bytes;
    size_t length;
    size_t capacity;
    size_t count;
} mlp_names;
int mlp_list_names(const uint8_t *path, size_t length, mlp_names *out);
void mlp_names_free(mlp_names *names);

// A directory to look at names in, closed by mlp_close, and the status of one that ends with a
// zero (links not followed): 1 when there is none.
int mlp_open_directory(const uint8_t *path, size_t length);
int mlp_status_at(int directory, const uint8_t *name, mlp_status *out);

// Locks: on the open file, so they exclude within a process too and vanish with it.
// Returns a descriptor, or -EWOULDBLOCK (see mlp_would_block) when held by another and !wait.
int mlp_lock(const uint8_t *path, size_t length, int exclusive, int wait);
// Gives the lock back and closes its descriptor.
int mlp_unlock(int fd);
int mlp_would_block(int error);

// A thread that goes on beside the caller and is never waited for: 0, or -errno.
int mlp_start_thread(void (*body)(void *), void *context);

// Threads: runs `body` on `count` threads, the caller's among them, and waits for all. Fewer run
// when the system refuses to make more.
void mlp_run_threads(int count, void (*body)(void *), void *context);
int mlp_processor_count(void);

// A lock with a condition that threads wait for.
typedef struct mlp_monitor mlp_monitor;
mlp_monitor *mlp_monitor_make(void);  // NULL when there is no memory
void mlp_monitor_free(mlp_monitor *monitor);
void mlp_monitor_lock(mlp_monitor *monitor);
void mlp_monitor_unlock(mlp_monitor *monitor);
void mlp_monitor_wait(mlp_monitor *monitor, int milliseconds);  // held before and after
void mlp_monitor_wake(mlp_monitor *monitor);                    // all that wait

// Processes.
typedef struct {
    int exited;   // 1: `code` is an exit status; 0: `code` is a signal
    int code;
} mlp_exit;
typedef struct {
    int input;    // its standard input, or -1 for nothing to read
    int output;
    int error;
    int kept;       // open in it as well, or -1
    int group;      // the one that it joins, 0 for one of its own, -1 for ours: there it may ask
                    // at the terminal
} mlp_child;
int mlp_spawn(char *const *arguments, char *const *environment, const uint8_t *directory,
              size_t directory_length, const mlp_child *child, int *pid);
int mlp_wait(int pid, int block, mlp_exit *out);  // 1 ended, 0 still running
int mlp_replace_process(const uint8_t *path, size_t length, char *const *arguments);
int mlp_kill_group(int group, int signal);
int mlp_kill(int pid, int signal);
int mlp_pipe(int *read_end, int *write_end);           // what is read does not block
int mlp_pipe_to_child(int *read_end, int *write_end);  // what is written does not block
int mlp_open_for_output(const uint8_t *path, size_t length);
int mlp_wait_readable(int first, int second, int milliseconds);  // bit 0, bit 1
int mlp_wait_writable(int fd, int milliseconds);  // 1 when it is, or when it is broken
int64_t mlp_read_some(int fd, void *buffer, size_t count);
int64_t mlp_write_some(int fd, const void *buffer, size_t count);
int mlp_write_all(int fd, const void *buffer, size_t count);
int mlp_broken_pipe(int error);

// Signals: the first SIGINT, SIGTERM or SIGHUP sets the flag and goes on to the groups of
// children; the second kills them and ends the process.
void mlp_watch_signals(void);
void mlp_ignore_broken_pipes(void);  // EPIPE of write instead of the end of this process
int mlp_received_signal(void);
void mlp_clear_signal(void);
int mlp_register_group(int group);  // a slot, or -1 when all are taken
void mlp_unregister_group(int slot);

// A library by its file's name, opened for good; NULL when it cannot be.
void *mlp_open_library(const char *name);

// Facts.
int64_t mlp_wall_clock_milliseconds(void);
uint64_t mlp_monotonic_nanoseconds(void);
_Noreturn void mlp_end_process(int status);  // what stdio holds is written first
void mlp_flush_output(void);
void mlp_pause(int milliseconds);  // a signal ends it early
int mlp_random(void *buffer, size_t count);
int64_t mlp_peak_memory(void);
int64_t mlp_peak_memory_of_children(void);
int mlp_is_terminal(int fd);
// The magic number of the file system that the path is on; on macOS 0 for a local one, 1 for others.
int64_t mlp_file_system_type(const uint8_t *path, size_t length);
int mlp_terminal_columns(int fd);
int64_t mlp_current_directory(uint8_t *buffer, size_t capacity);
int64_t mlp_home_directory(uint8_t *buffer, size_t capacity);
int64_t mlp_executable_path(uint8_t *buffer, size_t capacity);
const char *mlp_variable(const char *name);
char *const *mlp_all_variables(void);
int mlp_system_name(char *system, char *release, char *machine, size_t capacity);
int mlp_user_id(void);

#endif

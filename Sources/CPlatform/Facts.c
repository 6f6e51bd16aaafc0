#include "Internal.h"

#include <dlfcn.h>

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>

#ifdef __APPLE__
#include <mach-o/dyld.h>
#include <sys/mount.h>
#include <sys/random.h>
#else
#include <sys/vfs.h>
#endif

extern char **environ;

static int64_t copy_text(const char *text, uint8_t *buffer, size_t capacity) {
    size_t count = strlen(text);
    if (count > capacity) return -ENAMETOOLONG;
    memcpy(buffer, text, count);
    return (int64_t)count;
}

int64_t mlp_wall_clock_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void mlp_pause(int milliseconds) {
    struct timespec time = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000};
    nanosleep(&time, NULL);
}

void mlp_flush_output(void) { fflush(NULL); }

void mlp_end_process(int status) { exit(status); }

uint64_t mlp_monotonic_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int mlp_random(void *buffer, size_t count) {
    size_t done = 0;
    while (done < count) {
        size_t step = count - done > 256 ? 256 : count - done;
        if (getentropy((char *)buffer + done, step) != 0) return -errno;
        done += step;
    }
    return 0;
}

static int64_t peak_memory_of(int whose) {
    struct rusage usage;
    if (getrusage(whose, &usage) != 0) return 0;
#ifdef __APPLE__
    return usage.ru_maxrss;
#else
    return (int64_t)usage.ru_maxrss * 1024;
#endif
}

int64_t mlp_peak_memory(void) { return peak_memory_of(RUSAGE_SELF); }
int64_t mlp_peak_memory_of_children(void) { return peak_memory_of(RUSAGE_CHILDREN); }

int64_t mlp_file_system_type(const uint8_t *path, size_t length) {
    MLP_PATH(name, path, length);
    struct statfs facts;
    int result;
    MLP_RETRY(result, statfs(name, &facts));
    if (result < 0) return -errno;
#ifdef __APPLE__
    return (facts.f_flags & MNT_LOCAL) ? 0 : 1;
#else
    return (int64_t)(uint32_t)facts.f_type;
#endif
}

int mlp_is_terminal(int fd) { return isatty(fd); }

int mlp_terminal_columns(int fd) {
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_col;
}

int64_t mlp_current_directory(uint8_t *buffer, size_t capacity) {
    char name[MLP_PATH_CAPACITY];
    if (!getcwd(name, sizeof name)) return -errno;
    return copy_text(name, buffer, capacity);
}

int64_t mlp_home_directory(uint8_t *buffer, size_t capacity) {
    const char *home = getenv("HOME");
    if (home && home[0]) return copy_text(home, buffer, capacity);
    struct passwd entry, *found = NULL;
    char memory[4096];
    if (getpwuid_r(getuid(), &entry, memory, sizeof memory, &found) != 0 || !found) return -ENOENT;
    return copy_text(found->pw_dir, buffer, capacity);
}

int64_t mlp_executable_path(uint8_t *buffer, size_t capacity) {
#ifdef __APPLE__
    char name[MLP_PATH_CAPACITY];
    uint32_t size = sizeof name;
    if (_NSGetExecutablePath(name, &size) != 0) return -ENAMETOOLONG;
    return copy_text(name, buffer, capacity);
#else
    ssize_t count = readlink("/proc/self/exe", (char *)buffer, capacity);
    return count < 0 ? -errno : (int64_t)count;
#endif
}

const char *mlp_variable(const char *name) { return getenv(name); }
char *const *mlp_all_variables(void) { return environ; }

int mlp_system_name(char *system, char *release, char *machine, size_t capacity) {
    struct utsname names;
    if (uname(&names) != 0) return -errno;
    snprintf(system, capacity, "%s", names.sysname);
    snprintf(release, capacity, "%s", names.release);
    snprintf(machine, capacity, "%s", names.machine);
    return 0;
}

int mlp_user_id(void) { return (int)getuid(); }

void *mlp_open_library(const char *name) { return dlopen(name, RTLD_NOW | RTLD_LOCAL); }

#include "Internal.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#ifdef __linux__
#include <sched.h>
#endif

// MARK: - Threads

typedef struct {
    void (*body)(void *);
    void *context;
} thread_start;

static void *run_thread(void *argument) {
    thread_start *start = argument;
    start->body(start->context);
    return NULL;
}

void mlp_run_threads(int count, void (*body)(void *), void *context) {
    enum { MOST = 256 };
    pthread_t threads[MOST];
    int started = 0;
    thread_start start = {body, context};
    // Signals stay with the threads that were there before.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 8u << 20);
    while (started < count - 1 && started < MOST &&
           pthread_create(&threads[started], &attributes, run_thread, &start) == 0)
        started++;
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    body(context);
    for (int index = 0; index < started; index++) pthread_join(threads[index], NULL);
}

int mlp_processor_count(void) {
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 && count < 65536 ? (int)count : 1;
}

struct mlp_monitor {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
};

mlp_monitor *mlp_monitor_make(void) {
    mlp_monitor *monitor = malloc(sizeof *monitor);
    if (!monitor) return NULL;
    pthread_mutex_init(&monitor->mutex, NULL);
    pthread_cond_init(&monitor->changed, NULL);
    return monitor;
}

void mlp_monitor_free(mlp_monitor *monitor) {
    pthread_cond_destroy(&monitor->changed);
    pthread_mutex_destroy(&monitor->mutex);
    free(monitor);
}

void mlp_monitor_lock(mlp_monitor *monitor) { pthread_mutex_lock(&monitor->mutex); }
void mlp_monitor_unlock(mlp_monitor *monitor) { pthread_mutex_unlock(&monitor->mutex); }
void mlp_monitor_wake(mlp_monitor *monitor) { pthread_cond_broadcast(&monitor->changed); }

void mlp_monitor_wait(mlp_monitor *monitor, int milliseconds) {
    // By the wall clock: if that jumps, one wait is longer or shorter, and a change ends it anyway.
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(&monitor->changed, &monitor->mutex, &until);
}

// MARK: - Signals

enum { GROUPS = 256 };
static _Atomic int received;
static _Atomic int groups[GROUPS];

static void forward(int signal_number) {
    for (int slot = 0; slot < GROUPS; slot++) {
        int group = atomic_load(&groups[slot]);
        if (group > 0) kill(-group, signal_number);
    }
}

static void on_signal(int signal_number) {
    int saved = errno;
    if (atomic_exchange(&received, signal_number) != 0) {
        forward(SIGKILL);
        _exit(128 + signal_number);
    }
    forward(signal_number);
    errno = saved;
}

void mlp_watch_signals(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    int watched[] = {SIGINT, SIGTERM, SIGHUP};
    for (int index = 0; index < 3; index++) {
        struct sigaction before;
        // What was ignored from the start (nohup, a background job) stays ignored.
        if (sigaction(watched[index], NULL, &before) == 0 && before.sa_handler == SIG_IGN) continue;
        sigaction(watched[index], &action, NULL);
    }
    mlp_ignore_broken_pipes();
}

void mlp_ignore_broken_pipes(void) { signal(SIGPIPE, SIG_IGN); }

int mlp_received_signal(void) { return atomic_load(&received); }
void mlp_clear_signal(void) { atomic_store(&received, 0); }

int mlp_register_group(int group) {
    for (int slot = 0; slot < GROUPS; slot++) {
        int expected = 0;
        if (atomic_compare_exchange_strong(&groups[slot], &expected, group)) {
            // A signal may have come between the child's start and this line.
            if (mlp_received_signal()) kill(-group, SIGTERM);
            return slot;
        }
    }
    return -1;
}

void mlp_unregister_group(int slot) {
    if (slot >= 0 && slot < GROUPS) atomic_store(&groups[slot], 0);
}

// MARK: - Children

static int fill_attributes(posix_spawnattr_t *attributes, int group) {
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    int reset[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT, SIGCHLD};
    for (int index = 0; index < 6; index++) sigaddset(&defaults, reset[index]);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (group >= 0) flags |= POSIX_SPAWN_SETPGROUP;
#ifdef POSIX_SPAWN_CLOEXEC_DEFAULT
    flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#endif
    int error = posix_spawnattr_setflags(attributes, flags);
    if (!error && group >= 0) error = posix_spawnattr_setpgroup(attributes, group);
    if (!error) error = posix_spawnattr_setsigmask(attributes, &none);
    if (!error) error = posix_spawnattr_setsigdefault(attributes, &defaults);
    return error;
}

static int fill_actions(posix_spawn_file_actions_t *actions, const char *directory,
                        const mlp_child *child) {
    int error = posix_spawn_file_actions_addchdir_np(actions, directory);
    if (!error && child->input < 0)
        error = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    if (!error && child->input >= 0)
        error = posix_spawn_file_actions_adddup2(actions, child->input, 0);
    if (!error) error = posix_spawn_file_actions_adddup2(actions, child->output, 1);
    if (!error) error = posix_spawn_file_actions_adddup2(actions, child->error, 2);
    if (!error && child->kept > 2) {
#ifdef __APPLE__
        error = posix_spawn_file_actions_addinherit_np(actions, child->kept);
#else
        // Onto itself: it stays open in the child.
        error = posix_spawn_file_actions_adddup2(actions, child->kept, child->kept);
#endif
    }
    return error;
}

int mlp_spawn(char *const *arguments, char *const *environment, const uint8_t *directory,
              size_t directory_length, const mlp_child *described, int *pid) {
    MLP_PATH(name, directory, directory_length);
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    int error = posix_spawnattr_init(&attributes);
    if (error) return -error;
    error = posix_spawn_file_actions_init(&actions);
    if (error) {
        posix_spawnattr_destroy(&attributes);
        return -error;
    }
    error = fill_attributes(&attributes, described->group);
    if (!error) error = fill_actions(&actions, name, described);
    pid_t child = 0;
    if (!error)
        error = posix_spawnp(&child, arguments[0], &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    *pid = child;
    return -error;
}

int mlp_replace_process(const uint8_t *path, size_t length, char *const *arguments) {
    MLP_PATH(name, path, length);
    execv(name, arguments);
    return -errno;
}

int mlp_wait(int pid, int block, mlp_exit *out) {
    int status;
    pid_t result;
    MLP_RETRY(result, waitpid(pid, &status, block ? 0 : WNOHANG));
    if (result < 0) return -errno;
    if (result == 0) return 0;
    out->exited = WIFEXITED(status) ? 1 : 0;
    out->code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    return 1;
}

int mlp_kill_group(int group, int signal_number) {
    if (group <= 1) return -EINVAL;
    return kill(-group, signal_number) == 0 ? 0 : -errno;
}

int mlp_kill(int pid, int signal_number) {
    if (pid <= 1) return -EINVAL;
    return kill(pid, signal_number) == 0 ? 0 : -errno;
}

// The flag is of the open pipe and so the child's too: only our end may have it.
static int make_pipe(int *read_end, int *write_end, int ours) {
    int ends[2];
#ifdef __linux__
    if (pipe2(ends, O_CLOEXEC) != 0) return -errno;
#else
    if (pipe(ends) != 0) return -errno;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
#endif
    fcntl(ends[ours], F_SETFL, O_NONBLOCK);
    *read_end = ends[0];
    *write_end = ends[1];
    return 0;
}

int mlp_pipe(int *read_end, int *write_end) { return make_pipe(read_end, write_end, 0); }
int mlp_pipe_to_child(int *read_end, int *write_end) { return make_pipe(read_end, write_end, 1); }

int mlp_open_for_output(const uint8_t *path, size_t length) {
    MLP_PATH(name, path, length);
    int fd;
    MLP_RETRY(fd, open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666));
    return fd < 0 ? -errno : fd;
}

int mlp_wait_readable(int first, int second, int milliseconds) {
    struct pollfd waiting[2] = {{first, POLLIN, 0}, {second, POLLIN, 0}};
    int result = poll(waiting, 2, milliseconds);
    if (result < 0) return errno == EINTR ? 0 : -errno;
    return (waiting[0].revents ? 1 : 0) | (waiting[1].revents ? 2 : 0);
}

int mlp_wait_writable(int fd, int milliseconds) {
    struct pollfd waiting = {fd, POLLOUT, 0};
    int result = poll(&waiting, 1, milliseconds);
    return result > 0 ? 1 : 0;
}

int64_t mlp_read_some(int fd, void *buffer, size_t count) {
    ssize_t got;
    MLP_RETRY(got, read(fd, buffer, count));
    return got < 0 ? -errno : (int64_t)got;
}

int64_t mlp_write_some(int fd, const void *buffer, size_t count) {
    ssize_t put;
    MLP_RETRY(put, write(fd, buffer, count));
    return put < 0 ? -errno : (int64_t)put;
}

int mlp_write_all(int fd, const void *buffer, size_t count) {
    size_t done = 0;
    while (done < count) {
        ssize_t put = write(fd, (const char *)buffer + done, count - done);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            struct pollfd waiting = {fd, POLLOUT, 0};
            poll(&waiting, 1, -1);
            continue;
        }
        if (put < 0) return -errno;
        done += (size_t)put;
    }
    return 0;
}

int mlp_broken_pipe(int error) { return error == EPIPE; }

#include "Internal.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

typedef struct {
    void (*body)(void *);
    void *context;
} background_start;

static void *run_background(void *argument) {
    background_start start = *(background_start *)argument;
    free(argument);
    start.body(start.context);
    return NULL;
}

int mlp_start_thread(void (*body)(void *), void *context) {
    background_start *start = malloc(sizeof *start);
    if (!start) return -ENOMEM;
    *start = (background_start){body, context};
    // Signals stay with the threads that were there before.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    int result = pthread_create(&thread, NULL, run_background, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result != 0) {
        free(start);
        return -result;
    }
    pthread_detach(thread);
    return 0;
}

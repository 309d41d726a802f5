/* Preloaded by sync.rs: writes down what a process syncs and renames, in order, to SYNC_LOG. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void note(const char *what, const char *path) {
    char line[9000];
    const char *log = getenv("SYNC_LOG");
    if (!log) return;
    int out = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (out < 0) return;
    int length = snprintf(line, sizeof line, "%s %s\n", what, path);
    if (write(out, line, (size_t)length) < 0) abort();
    close(out);
}

static void note_file(const char *what, int file) {
    char link[64], path[4200];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return;
    path[length] = 0;
    note(what, path);
}

int fsync(int file) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    int done = real(file);
    if (done == 0) note_file("sync", file);
    return done;
}

int fdatasync(int file) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    int done = real(file);
    if (done == 0) note_file("sync", file);
    return done;
}

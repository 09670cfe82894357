/* Sits between the server and the C library (LD_PRELOAD): writes down the order of what reaches the disk and the network, and makes
 * the disk full, broken or slow on demand. It knows nothing of SQLite; it sees system calls only.
 *
 * Environment: SHIM_LOG, a file to append to; SHIM_CONTROL, a directory whose files switch faults on:
 *   full   writes to the database fail with ENOSPC
 *   eio    syncs of the database fail with EIO
 *   slow   syncs of the database take as many milliseconds longer as the file says
 *
 * Log lines: "W marker-0001" a write to the database with this text is done; "f" a sync begins; "F" it has ended well;
 * "S marker-0001" or "S h=12" a send with this text, or with this acknowledgement (XEP-0198), begins. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int log_fd = -1;
static const char *control;

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("SHIM_LOG");
    if (path) log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    control = getenv("SHIM_CONTROL");
}

static void note(const char *text) {
    char line[128];
    int length = snprintf(line, sizeof line, "%s\n", text);
    /* One write to a file opened for appending keeps lines whole and in order. */
    if (log_fd >= 0) syscall(SYS_write, log_fd, line, (size_t)length);
}

static int is_on(const char *name, char *content, size_t size) {
    char path[4096];
    int saved = errno, found = 0;
    if (!control) return 0;
    snprintf(path, sizeof path, "%s/%s", control, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        found = 1;
        if (content) {
            ssize_t n = syscall(SYS_read, fd, content, size - 1);
            content[n > 0 ? n : 0] = 0;
        }
        close(fd);
    }
    errno = saved;
    return found;
}

/* 1: a file of the database; 2: a socket; 0: anything else. */
static int kind(int fd) {
    char link[64], path[4096];
    int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    errno = saved;
    if (n <= 0) return 0;
    path[n] = 0;
    if (strncmp(path, "socket:", 7) == 0) return 2;
    return strstr(path, ".sqlite") ? 1 : 0;
}

/* Notes every marker in the data, and every acknowledgement if it is sent. */
static void note_contents(char what, const char *data, size_t size) {
    const char *end = data + size, *at = data;
    char text[64];
    while ((at = memmem(at, (size_t)(end - at), "marker-", 7))) {
        if (end - at < 11) break;
        snprintf(text, sizeof text, "%c %.11s", what, at);
        note(text);
        at += 11;
    }
    if (what != 'S') return;
    at = data;
    while ((at = memmem(at, (size_t)(end - at), " h='", 4))) {
        at += 4;
        size_t digits = 0;
        while (at + digits < end && digits < 12 && at[digits] >= '0' && at[digits] <= '9') digits++;
        if (digits) {
            snprintf(text, sizeof text, "S h=%.*s", (int)digits, at);
            note(text);
        }
    }
}

static int refuse(int fd) {
    if (kind(fd) == 1 && is_on("full", NULL, 0)) {
        errno = ENOSPC;
        return 1;
    }
    return 0;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
    if (refuse(fd)) return -1;
    ssize_t n = syscall(SYS_pwrite64, fd, data, size, offset);
    if (n > 0 && kind(fd) == 1) note_contents('W', data, (size_t)n);
    return n;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { return pwrite64(fd, data, size, offset); }

static ssize_t noted_send(int fd, const void *data, size_t size, int flags) {
    note_contents('S', data, size);
    return syscall(SYS_sendto, fd, data, size, flags, NULL, 0);
}

ssize_t write(int fd, const void *data, size_t size) {
    int what = kind(fd);
    if (what == 1 && refuse(fd)) return -1;
    if (what == 2) note_contents('S', data, size);
    ssize_t n = syscall(SYS_write, fd, data, size);
    if (what == 1 && n > 0) note_contents('W', data, (size_t)n);
    return n;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (kind(fd) == 2)
        for (int i = 0; i < count; i++) note_contents('S', parts[i].iov_base, parts[i].iov_len);
    return syscall(SYS_writev, fd, parts, count);
}

ssize_t send(int fd, const void *data, size_t size, int flags) { return noted_send(fd, data, size, flags); }

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    for (size_t i = 0; i < message->msg_iovlen; i++) note_contents('S', message->msg_iov[i].iov_base, message->msg_iov[i].iov_len);
    return syscall(SYS_sendmsg, fd, message, flags);
}

int ftruncate64(int fd, off64_t size) {
    if (refuse(fd)) return -1;
    return (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int sync_file(int fd, long number) {
    char content[32];
    if (kind(fd) != 1) return (int)syscall(number, fd);
    note("f");
    if (is_on("eio", NULL, 0)) {
        errno = EIO;
        return -1;
    }
    int result = (int)syscall(number, fd);
    if (is_on("slow", content, sizeof content)) {
        long ms = atol(content);
        struct timespec pause = {ms / 1000, (ms % 1000) * 1000000};
        nanosleep(&pause, NULL);
    }
    if (result == 0) note("F");
    return result;
}

int fsync(int fd) { return sync_file(fd, SYS_fsync); }

int fdatasync(int fd) { return sync_file(fd, SYS_fdatasync); }

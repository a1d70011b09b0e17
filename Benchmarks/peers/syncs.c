// Counts fsync and fdatasync of a process and its children, and how long they took, so that a benchmark need not guess
// how durable a peer is, nor in what mood the disk was.
//
// Preloaded (LD_PRELOAD). The file that PENSTOCK_BENCH_SYNCS names begins with the two numbers, and the processes share
// it. A file opened with O_SYNC would go uncounted; SQLite opens none so.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static struct { _Atomic uint64_t count, nanoseconds; } *syncs;
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void begin(void) {
    real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    const char *path = getenv("PENSTOCK_BENCH_SYNCS");
    int file = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (file < 0) return;
    if (ftruncate(file, sizeof *syncs) == 0) {
        void *page = mmap(NULL, sizeof *syncs, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (page != MAP_FAILED) syncs = page;
    }
    close(file);
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static int counted(int (*sync)(int), int file) {
    uint64_t start = now();
    int status = sync(file);
    if (syncs) {
        atomic_fetch_add(&syncs->count, 1);
        atomic_fetch_add(&syncs->nanoseconds, now() - start);
    }
    return status;
}

int fsync(int file) { return counted(real_fsync, file); }
int fdatasync(int file) { return counted(real_fdatasync, file); }

#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <malloc.h>
#include <sys/vfs.h>
#else
#include <sys/mount.h>
#include <sys/param.h>
#endif

int clinux_lock(int descriptor) {
    while (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EINTR) return errno;
    }
    return 0;
}

int clinux_is_locked(int descriptor) {
    while (flock(descriptor, LOCK_SH | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return 1;
        if (errno != EINTR) return -errno;
    }
    flock(descriptor, LOCK_UN);
    return 0;
}

int clinux_filesystem(const char *path, long *kind) {
    struct statfs status;
    while (statfs(path, &status) != 0) {
        if (errno != EINTR) return errno;
    }
#ifdef __linux__
    // Some of the numbers have the top bit set, and f_type is a signed word of the machine.
    *kind = (long)(unsigned int)status.f_type;
#else
    *kind = (status.f_flags & MNT_LOCAL) ? 0 : -1;
#endif
    return 0;
}

// The numbers are from statfs(2) and linux/magic.h. FUSE is left alone: most of what uses it is local.
const char *clinux_network_name(long kind) {
    switch (kind) {
    case -1: return "a network filesystem";
    case 0x6969: return "NFS";
    case 0x517b: return "SMB";
    case 0xff534d42: return "CIFS";
    case 0xfe534d42: return "SMB2";
    case 0x01021997: return "9P";
    case 0x00c36400: return "Ceph";
    case 0x5346414f: return "AFS";
    case 0x6b414653: return "AFS";
    case 0x73757245: return "Coda";
    case 0x01161970: return "GFS2";
    case 0x7461636f: return "OCFS2";
    default: return NULL;
    }
}

int clinux_start_thread(size_t stack, void *(*body)(void *), void *context) {
    pthread_attr_t attributes;
    pthread_t thread;
    int result = pthread_attr_init(&attributes);
    if (result != 0) return result;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    result = pthread_attr_setstacksize(&attributes, stack);
    if (result == 0) result = pthread_create(&thread, &attributes, body, context);
    pthread_attr_destroy(&attributes);
    return result;
}

void clinux_name_thread(const char *name) {
#ifdef __linux__
    pthread_setname_np(pthread_self(), name);
#else
    pthread_setname_np(name);
#endif
}

int clinux_allocate(int descriptor, long size) {
#ifdef __linux__
    return posix_fallocate(descriptor, 0, size);
#else
    struct stat status;
    if (fstat(descriptor, &status) != 0) return errno;
    if (status.st_size >= size) return 0;
    return ftruncate(descriptor, size) == 0 ? 0 : errno;
#endif
}

int clinux_rename_new(const char *from, const char *to) {
#ifdef __linux__
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
#else
    if (renamex_np(from, to, RENAME_EXCL) == 0) return 0;
#endif
    // Some filesystems cannot do it in one.
    if (errno != EINVAL && errno != ENOTSUP) return errno;
    if (access(to, F_OK) == 0) return EEXIST;
    return rename(from, to) == 0 ? 0 : errno;
}

size_t clinux_heap_in_use(void) {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
#else
    return 0;
#endif
}

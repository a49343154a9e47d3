// SPDX-License-Identifier: BSD-2-Clause
// newlib's floor: the system calls that what we use of the C library expects of a kernel.
// newlib 4.5.0, libc.info, chapters "System Calls" and "Reentrancy Syscalls".
//
// One processor runs the C library and no interrupt handler calls it, so newlib's own __getreent()
// (one structure) and __retarget_lock_*() (which exclude nobody) are right as they are.
//
// There are no files and no processes: descriptors 1 and 2 are the console, and everything else
// fails with the errno that says so. Nothing here waits, so every call is complete when it returns.
// The heap is small and fixed: printf asks for some when it prints floating point, packets never.
#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "kernel/console.h"
#include "kernel/panic.h"

// newlib calls these by their plain names, and has no header that declares them for a kernel.
void *sbrk(ptrdiff_t increment);
ssize_t write(int file, const void *data, size_t length);
ssize_t read(int file, void *data, size_t length);
int close(int file);
off_t lseek(int file, off_t offset, int whence);
int isatty(int file);
int kill(int process, int signal);
int getpid(void);
_Noreturn void _exit(int status);

enum { STDOUT = 1, STDERR = 2, HEAP_SIZE = 64 * 1024 };

static _Alignas(16) unsigned char heap[HEAP_SIZE];
static size_t heap_used;

// malloc's memory. It only grows: malloc keeps what is freed.
void *sbrk(ptrdiff_t increment)
{
    unsigned char *previous = heap + heap_used;

    if (increment < 0 || (size_t)increment > HEAP_SIZE - heap_used) {
        errno = ENOMEM;
        return (void *)-1;
    }
    heap_used += (size_t)increment;
    return previous;
}

static int no_such_file(void)
{
    errno = EBADF;
    return -1;
}

ssize_t write(int file, const void *data, size_t length)
{
    if (file != STDOUT && file != STDERR)
        return no_such_file();
    console_write(data, length);
    return (ssize_t)length;
}

// Standard input is at its end: the shell reads the console itself.
ssize_t read(int file, void *data, size_t length)
{
    (void)data, (void)length;
    return file == 0 ? 0 : no_such_file();
}

int close(int file)
{
    (void)file;
    return no_such_file();
}

off_t lseek(int file, off_t offset, int whence)
{
    (void)file, (void)offset, (void)whence;
    errno = ESPIPE;
    return -1;
}

int fstat(int file, struct stat *status)
{
    if (file < 0 || file > STDERR)
        return no_such_file();
    *status = (struct stat){.st_mode = S_IFCHR};
    return 0;
}

int isatty(int file)
{
    if (file >= 0 && file <= STDERR)
        return 1;
    errno = EBADF;
    return 0;
}

// abort() comes this way.
int kill(int process, int signal)
{
    (void)process;
    panic("signal %d raised", signal);
}

int getpid(void)
{
    return 1;
}

void _exit(int status)
{
    panic("exit(%d) called", status);
}

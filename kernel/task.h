// SPDX-License-Identifier: BSD-2-Clause
// A piece of work that can stop in the middle, on a stack of its own, so that frames do not wait
// for it: whoever prints much need not be written as a state machine. There is one, the shell's
// commands; the main loop goes on between two parts of it. No thread: it runs only inside of
// task_go_on(), and nothing takes the core from it.
#pragma once
#include <stdbool.h>

enum {
    TASK_STACK_BYTES = 32 * 1024,
    TASK_PART_US = 5, // after that much time, the next task_breathe() stops
};

// Makes the stack. Once, after vm_init().
void task_init(void);

// Begins work(), and runs its first part. Returns whether there is more of it: then task_go_on()
// has to be called until that is done. None may be under way.
bool task_begin(void (*work)(void));

// Runs the next part. Returns whether there is more.
bool task_go_on(void);

// Inside the work: this part ends here. Anything may have happened before it returns, except to
// what only the main loop's caller of task_go_on() changes.
void task_pause(void);

// Inside the work: pauses when this part has taken TASK_PART_US. Elsewhere nothing.
void task_breathe(void);

// From here on there are no pauses: for a panic, which may come from inside.
void task_hold(void);

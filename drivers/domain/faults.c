// SPDX-License-Identifier: BSD-2-Clause
// Faults on purpose: each does one thing that a driver must not be able to do to the box. Runs in
// ring 3, where it must harm nobody, and, for comparison, in ring 0. docs/isolation.md lists what
// became of each. To add one: a line in drivers/domain.h and a case here.
#include "drivers/domain.h"

enum {
    FLAG_TF = 1 << 8,
    FLAG_DF = 1 << 10,
    FLAG_NT = 1 << 14,
    FLAG_AC = 1 << 18,
    MXCSR_UNMASKED = 0x0000, // SDM volume 1, 10.2.3
    MSR_LSTAR = 0xc0000082,
    NO_SUCH_BUFFER = 0x00ffffff,
};

// The address goes through here so that the compiler cannot know it.
static volatile uint64_t *hidden(uint64_t address)
{
    __asm__("" : "+r"(address));
    return (volatile uint64_t *)address;
}

static void jump(uint64_t address)
{
    __asm__ volatile("call *%0"
                     :
                     : "r"(address)
                     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
}

// Writes code where only data may be, and calls it.
static void execute_data(struct domain_answer *answer, uint64_t code)
{
    answer->generation = code;
    jump((uint64_t)answer);
}

static void set_flags(uint64_t flags)
{
    __asm__ volatile("pushfq\n\t"
                     "orq %0, (%%rsp)\n\t"
                     "popfq"
                     :
                     : "r"(flags)
                     : "memory", "cc");
}

static uint64_t own_text(void)
{
    uint64_t address;
    __asm__("lea domain_fault(%%rip), %0" : "=r"(address));
    return address;
}

static void use_up_the_stack(void)
{
    __asm__ volatile("1: pushq $0\n\t"
                     "jmp 1b");
}

static void leave_with_a_bad_stack(void)
{
    __asm__ volatile("mov $0x1234567, %%esp\n\t"
                     "jmp domain_exit"
                     :
                     : "a"(0) // no frames
                     : "memory");
}

// The address is not canonical.
static void return_nowhere(void)
{
    __asm__ volatile("push %0\n\t"
                     "ret"
                     :
                     : "r"(0x8000000000000000)
                     : "memory");
}

// What was handed over before, and is not looked at any more.
static void change_entries(struct domain_answer *answer, uint64_t from)
{
    for (uint64_t i = from; i < BURST_MAX; i++)
        answer->received[i] = (struct frame){NO_SUCH_BUFFER, 65000, 65000};
}

static void divide_by_zero(void)
{
    uint32_t zero = 0, one = 1;
    __asm__ volatile("divl %1" : "+a"(one) : "r"(zero), "d"(0) : "cc");
}

// The compiler cannot know the number.
static int hidden_number(int number)
{
    __asm__ volatile("" : "+r"(number));
    return number;
}

static void write_beyond_an_array(void)
{
    volatile uint8_t room[16];
    room[hidden_number(sizeof room)] = 1;
    (void)room[0];
}

static void load_a_descriptor_table(void)
{
    const struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } none = {0, 0};
    __asm__ volatile("lgdt %0" : : "m"(none));
}

static void unmask_vector_exceptions(void)
{
    const uint32_t value = MXCSR_UNMASKED;
    __asm__ volatile("ldmxcsr %0" : : "m"(value));
}

// What the processor should stop.
static void misuse_the_processor(const struct domain_call *call)
{
    switch (call->fault) {
    case FAULT_NULL_STORE:
        *hidden(0) = 1;
        break;
    case FAULT_STORE_FORWARDER:
    case FAULT_STORE_DRIVER:
    case FAULT_STORE_PACKET:
    case FAULT_STORE_MSIX:
        *hidden(call->target) = 0x4141414141414141;
        break;
    case FAULT_LOAD_FORWARDER:
    case FAULT_LOAD_PACKET:
        (void)*hidden(call->target);
        break;
    case FAULT_STORE_TEXT:
        *hidden(own_text()) = 0;
        break;
    case FAULT_STORE_CALL: // what ring 0 wants
        *hidden((uint64_t)&call->queue) = 0x4141414141414141;
        break;
    case FAULT_EXEC_DATA:
        execute_data(call->answer, 0xc3); // ret
        break;
    case FAULT_EXEC_WRPKRU: // its code comes from outside: the scan of the text would find it here
        execute_data(call->answer, call->target);
        break;
    case FAULT_JUMP_WRPKRU: // where ring 0 has one
    case FAULT_JUMP_KERNEL:
        jump(call->target);
        break;
    case FAULT_JUMP_NOWHERE:
        jump(0x8000000000000000); // not canonical
        break;
    case FAULT_RETURN_NOWHERE:
        return_nowhere();
        break;
    case FAULT_STACK_OVERFLOW:
        use_up_the_stack();
        break;
    case FAULT_BAD_RSP:
        leave_with_a_bad_stack();
        break;
    case FAULT_UD2:
        __asm__ volatile("ud2");
        break;
    case FAULT_DIVIDE:
        divide_by_zero();
        break;
    case FAULT_ARRAY_BOUNDS:
        write_beyond_an_array();
        break;
    case FAULT_OVERFLOW:
        (void)hidden_number(hidden_number(INT32_MAX) + 1);
        break;
    case FAULT_CLI:
        __asm__ volatile("cli");
        break;
    case FAULT_HLT:
        __asm__ volatile("hlt; cli; hlt"); // in ring 0 an interrupt ends the first one
        break;
    case FAULT_IN:
        __asm__ volatile("in $0x61, %%al" : : : "rax");
        break;
    case FAULT_OUT:
        __asm__ volatile("out %%al, $0x92" : : "a"(1)); // resets the machine
        break;
    case FAULT_WRMSR:
        __asm__ volatile("wrmsr" : : "c"(MSR_LSTAR), "a"(0), "d"(0));
        break;
    case FAULT_MOV_CR3:
        __asm__ volatile("mov %0, %%cr3" : : "r"(0ull) : "memory");
        break;
    case FAULT_LGDT:
        load_a_descriptor_table();
        break;
    case FAULT_INT:
        __asm__ volatile("int $0x20");
        break;
    case FAULT_FLAG_TF:
        set_flags(FLAG_TF);
        break;
    case FAULT_FLAG_AC:
        set_flags(FLAG_AC);
        break;
    case FAULT_FLAG_NT:
        set_flags(FLAG_NT);
        break;
    case FAULT_FLAG_DF:
        set_flags(FLAG_DF);
        break;
    case FAULT_MXCSR:
        unmask_vector_exceptions();
        break;
    case FAULT_LOOP:
        for (;;)
            __asm__ volatile("");
    default:
        break;
    }
}

// What the judge should find.
uint64_t domain_fault(const struct domain_call *call, uint64_t value)
{
    struct domain_answer *answer = call->answer;
    struct frame *frames = call->frames;
    if (domain_fault_waits(call->fault, call->given, value))
        return value;
    if (domain_fault_by_ring(call->fault)) {
        call->misdeed(call->queue, call->fault, call->target);
        if (call->fault == FAULT_LEFT_ENABLED)
            __asm__ volatile("ud2");
        return value;
    }
    switch (call->fault) {
    case FAULT_SILENCE:
    case FAULT_HOARD:
        return 0;
    case FAULT_ENTRY_CHANGED:
        change_entries(answer, value);
        return value;
    case FAULT_COUNT_AHEAD:
        return 0x10000;
    case FAULT_COUNT_BACK:
        return (uint64_t)-1;
    case FAULT_STALE:
        answer->generation--;
        return value;
    case FAULT_INDEX:
    case FAULT_SENT_INDEX:
        frames[0].buffer = NO_SUCH_BUFFER;
        return value;
    case FAULT_FOREIGN:
    case FAULT_SENT_FOREIGN:
        frames[0].buffer = (uint32_t)call->target;
        return value;
    case FAULT_DUPLICATE:
        value = value < 2 ? 2 : value;
        frames[value - 1] = frames[0];
        return value;
    case FAULT_SENT_DUPLICATE:
        frames[1].buffer = frames[0].buffer;
        return value;
    case FAULT_LENGTH_13:
        frames[0].length = 13;
        return value;
    case FAULT_LENGTH_64K:
        frames[0].length = 65535;
        return value;
    case FAULT_OFFSET:
        frames[0].offset = 65000;
        return value;
    case FAULT_SENT_COUNT:
        return value + 1;
    default:
        misuse_the_processor(call);
        return value;
    }
}

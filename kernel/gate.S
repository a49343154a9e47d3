// SPDX-License-Identifier: BSD-2-Clause
// The one door between ring 0 and ring 3: in by SYSRET, out by SYSCALL or, when ring 3 broke a rule,
// through gate_unwind(). gate.h says what each promises. SDM volume 2, SYSCALL and SYSRET; volume 3,
// 5.8.8.
//
// One processor at a time: gate_stack is one variable. Interrupts are off wherever rsp is not what
// the code around it thinks.

    .set MXCSR_REST, 0x1f80 // SDM volume 1, 10.2.3: all exceptions masked
    .set X87_REST, 0x037f   // SDM volume 1, 8.1.5: the same for the x87

    .text
    .balign 16
    // struct gate_result gate_enter(const struct gate_entry *entry);
    .global gate_enter
gate_enter:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    pushfq
    cli
    mov %rsp, gate_stack(%rip)
    incq gate_crossings(%rip)
    movb $1, gate_inside(%rip)

    mov (%rdi), %r8    // rip
    mov 8(%rdi), %r9   // rsp
    mov 16(%rdi), %r10 // the argument
    mov 24(%rdi), %rbx // page-table root and its number, or 0
    mov 32(%rdi), %rsi // PKRU, or 0: no keys
    test %rsi, %rsi
    jz 1f
    mov %esi, %eax
    xor %ecx, %ecx
    xor %edx, %edx
    .global gate_wrpkru
gate_wrpkru:
    wrpkru
    // Ring 0's half is the same under every root: ring 0 goes on under that of the domain that ran
    // last. The bits that say "keep the translations" (SDM volume 3, 4.10.4.1) are in gate_keep.
1:  test %rbx, %rbx
    jz 2f
    cmp %rbx, gate_root(%rip)
    je 2f
    mov %rbx, gate_root(%rip)
    or gate_keep(%rip), %rbx
    mov %rbx, %cr3

    // Ring 3 sees of ring 0's registers: nothing.
2:  cmpb $0, gate_wide(%rip)
    je 6f
    vzeroupper // and of the upper halves of the vector registers what is left below
6:  mov %r8, %rcx
    mov %r9, %rsp
    mov %r10, %rdi
    mov gate_flags(%rip), %r11d
    xor %eax, %eax
    xor %ebx, %ebx
    xor %edx, %edx
    xor %esi, %esi
    xor %ebp, %ebp
    xor %r8d, %r8d
    xor %r9d, %r9d
    xor %r10d, %r10d
    xor %r12d, %r12d
    xor %r13d, %r13d
    xor %r14d, %r14d
    xor %r15d, %r15d
    .altmacro
    .macro clear_vector number
    xorps %xmm\number, %xmm\number
    .endm
    .set number, 0
    .rept 16
    clear_vector %number
    .set number, number + 1
    .endr
    sysretq

    .balign 16
    // Where SYSCALL arrives while gate_look() is on.
    .global gate_syscall_looked_at
gate_syscall_looked_at:
    mov %r11, gate_left(%rip) // RFLAGS, before IA32_FMASK
    mov %rsp, gate_left+8(%rip)
    stmxcsr gate_left+16(%rip)
    jmp gate_syscall

    .balign 16
    // Where SYSCALL arrives: rax holds the result, everything else is what ring 3 left, rsp too.
    // IA32_FMASK has cleared IF, TF, DF, NT and AC.
    .global gate_syscall
gate_syscall:
    xor %edx, %edx
leave:
    mov gate_stack(%rip), %rsp
    movb $0, gate_inside(%rip)
    // What ring 3 may have unmasked must not raise an exception here.
    ldmxcsr mxcsr_rest(%rip)
    fnstcw x87_left(%rip)
    cmpw $X87_REST, x87_left(%rip)
    jne 5f
    // POPFQ would take longer. Of the flags only IF can be another than the caller's: SYSCALL, or
    // trap.S, has cleared the rest.
4:  testb $2, 1(%rsp) // IF
    lea 8(%rsp), %rsp
    jz 7f
    sti
7:  pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret
5:  fninit
    jmp 4b

    .balign 16
    // _Noreturn void gate_unwind(uint64_t ended);
    .global gate_unwind
gate_unwind:
    mov %rdi, %rdx
    xor %eax, %eax
    jmp leave

    .section .rodata
    .balign 4
mxcsr_rest:
    .long MXCSR_REST

    .data
    .balign 4
    .global gate_flags
gate_flags: // RFLAGS for ring 3: interrupts on, everything else at rest; gate_step() adds TF
    .long 0x202

    .bss
    .balign 8
gate_stack: // ring 0's stack pointer while ring 3 runs
    .skip 8
    .global gate_crossings
gate_crossings:
    .skip 8
    .global gate_root
gate_root: // whose page tables are in use; 0: the kernel's own, and no domain has run
    .skip 8
    .global gate_keep
gate_keep:
    .skip 8
    .global gate_left
gate_left: // struct gate_left
    .skip 24
x87_left:
    .skip 2
    .global gate_inside
gate_inside:
    .skip 1
    .global gate_wide
gate_wide: // vector registers have upper halves
    .skip 1
    .section .note.GNU-stack, "", @progbits

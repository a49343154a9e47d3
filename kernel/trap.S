// SPDX-License-Identifier: BSD-2-Clause
// The 256 entries of the interrupt descriptor table. SDM volume 3, 6.12 and 6.13.

    .text
    // Pushes a zero where the processor pushes no error code, so that all frames look alike.
    .altmacro
    .macro entry vector
    .balign 16
    .if \vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17 || \vector == 21 || \vector == 29 || \vector == 30
    .else
    push $0
    .endif
    pushq $\vector
    jmp save
    .endm

    .balign 16
    .global trap_entries // 256 entries of 16 bytes
trap_entries:
    .set number, 0
    .rept 256
    entry %number
    .set number, number + 1
    .endr

save:
    push %rax
    push %rcx
    push %rdx
    push %rbx
    push %rbp
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %r11
    push %r12
    push %r13
    push %r14
    push %r15
    cld
    // From ring 3, whatever its flags were: AC would open user pages to ring 0 (SDM volume 3, 4.6).
    testb $3, 144(%rsp) // cs
    jz 1f
    pushq $2
    popfq
1:  // The handlers are ordinary C and may use XMM registers. They are compiled without AVX, and leave
    // the upper halves of YMM registers as they are.
    mov %rsp, %rdi
    mov %rsp, %rbx
    sub $512, %rsp
    and $~15, %rsp
    fxsave64 (%rsp)
    call trap_dispatch
    fxrstor64 (%rsp)
    mov %rbx, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rbp
    pop %rbx
    pop %rdx
    pop %rcx
    pop %rax
    add $16, %rsp
    iretq

    .section .note.GNU-stack, "", @progbits

// SPDX-License-Identifier: BSD-2-Clause
// Ways to crash on purpose: each must trap, or the protection that it tests is not there.
#pragma once

// Runs the test named by argv[1]; without a name, or with an unknown one, lists them. When a test
// comes back, the protection failed, and that is printed.
void panic_test(int argc, char **argv);

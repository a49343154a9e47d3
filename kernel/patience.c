// SPDX-License-Identifier: BSD-2-Clause
// What a sleep teaches about the next one.
#include "kernel/patience.h"

uint32_t patience_us(const struct patience *patience)
{
    return patience->longer ? patience->after_us * PATIENCE_FACTOR : patience->after_us;
}

void patience_learn(struct patience *patience, bool frame, uint64_t quiet_us)
{
    const uint64_t after = patience->after_us;
    if (quiet_us >= after * PATIENCE_ENDS_FACTOR)
        patience->longer = false;
    else if (frame && quiet_us < after * PATIENCE_FACTOR)
        patience->longer = true;
}

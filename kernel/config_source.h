// SPDX-License-Identifier: BSD-2-Clause
// Where a value of the configuration comes from.
#pragma once

enum config_origin { CONFIG_UNSET, CONFIG_FILE, CONFIG_COMMAND_LINE };

struct config_source {
    enum config_origin origin;
    unsigned line; // of the file; 0: none in particular
};

// The commit this program was built from. `make` writes commit.h, and touches this file when its words change; a plain
// `swift build` finds none and says so. Only this file is compiled again for another commit.

#include "cbuildinfo.h"

#if __has_include("commit.h")
#include "commit.h"
#endif

#ifndef BUILD_INFO_COMMIT
#define BUILD_INFO_COMMIT ""
#endif

const char *build_info_commit(void) { return BUILD_INFO_COMMIT; }

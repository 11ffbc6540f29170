// The commit this program was built from, where the build knew it.

#ifndef CBUILDINFO_H
#define CBUILDINFO_H

/// Abbreviated commit, with "-dirty" where files differed from it; empty where the build did not say.
const char *build_info_commit(void);

#endif

// The first code of the process, before the initialisers of the libraries it is linked with.
//
// Two things go wrong if they wait for main(). A signal that comes while libraries start finds no handler, and is lost
// for good where the parent ignored it, as shells do for what they start with &. And OpenBLAS starts a thread a
// processor, each of which asks for a buffer again and again for ever where the process's addresses are limited: the
// process could neither work nor end.
#define _GNU_SOURCE
#include "cprocessstart.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef __linux__
#include <sched.h>
#endif

// Measured: below it the libraries themselves do not start, and end the process in ways of their own.
static const unsigned long long least = 192ULL << 20;

unsigned long long ps_least_address_space(void) { return least; }

unsigned long long ps_address_space_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 0;
  return limit.rlim_cur;
}

// Nothing is there yet that could be kept.
static void end(int signal) { _exit(128 + signal); }

static void catch_signals(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = end;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  // A parent that starts us from a thread which blocks them, as thread pools do, did not mean to.
  sigset_t both;
  sigemptyset(&both);
  sigaddset(&both, SIGINT);
  sigaddset(&both, SIGTERM);
  sigprocmask(SIG_UNBLOCK, &both, NULL);
}

#ifdef __linux__

static cpu_set_t processors;
static int is_narrowed;

static void refuse(unsigned long long limit) {
  char line[160];
  int length = snprintf(
      line, sizeof line,
      "moebench: not enough memory: this process may use %llu MiB of addresses (ulimit -v), and needs %llu\n",
      limit >> 20, least >> 20);
  if (length > 0 && write(STDERR_FILENO, line, (size_t)length) < 0) _exit(71);
  _exit(71);
}

// OpenBLAS makes as many threads as it sees processors. Ours are the only ones it is called from.
static void see_one_processor(void) {
  if (sched_getaffinity(0, sizeof processors, &processors) != 0) return;
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int i = 0; i < CPU_SETSIZE; i++) {
    if (CPU_ISSET(i, &processors)) {
      CPU_SET(i, &one);
      break;
    }
  }
  is_narrowed = sched_setaffinity(0, sizeof one, &one) == 0;
}

static void before_libraries(void) {
  catch_signals();
  unsigned long long limit = ps_address_space_limit();
  if (limit == 0) return;
  if (limit < least) refuse(limit);
  see_one_processor();
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(void) = before_libraries;

__attribute__((constructor)) static void after_libraries(void) {
  if (is_narrowed) sched_setaffinity(0, sizeof processors, &processors);
}

#else

__attribute__((constructor)) static void after_libraries(void) { catch_signals(); }

#endif

// The guard of mapped files: a SIGBUS handler that knows which addresses belong to a file.
#define _GNU_SOURCE
#include "cfileguard.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { SLOTS = 4096, NAME = 256 };

// `base` is written last and cleared first, so that the handler never sees half a registration.
static struct {
  _Atomic uintptr_t base;
  size_t length;
  char name[NAME];
} slots[SLOTS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int installed;
// Several workers may meet the missing page at once: one speaks.
static atomic_flag spoken = ATOMIC_FLAG_INIT;
static struct sigaction previous;

static void put(const char *text) {
  size_t left = strlen(text);
  while (left > 0) {
    ssize_t n = write(STDERR_FILENO, text, left);
    if (n <= 0) return;
    text += n;
    left -= (size_t)n;
  }
}

static void on_bus_error(int signal, siginfo_t *info, void *context) {
  uintptr_t address = (uintptr_t)info->si_addr;
  for (int i = 0; i < SLOTS; i++) {
    uintptr_t base = atomic_load_explicit(&slots[i].base, memory_order_acquire);
    if (base != 0 && address >= base && address - base < slots[i].length) {
      if (atomic_flag_test_and_set(&spoken)) _exit(74);
      char line[NAME + 48] = "moebench: ";
      strcat(line, slots[i].name);
      strcat(line, ": file changed while reading\n");
      put(line);
      _exit(74);
    }
  }
  if (previous.sa_flags & SA_SIGINFO) {
    previous.sa_sigaction(signal, info, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
  } else {
    // The faulting instruction runs again and meets the system's own action.
    struct sigaction standard;
    memset(&standard, 0, sizeof standard);
    standard.sa_handler = SIG_DFL;
    sigaction(signal, &standard, NULL);
  }
}

static int install(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  return sigaction(SIGBUS, &action, &previous);
}

int cs_guard(const void *base, size_t length, const char *name) {
  int slot = -1;
  pthread_mutex_lock(&lock);
  if (!installed && install() == 0) installed = 1;
  for (int i = 0; installed && i < SLOTS; i++) {
    if (atomic_load_explicit(&slots[i].base, memory_order_relaxed) == 0) {
      slot = i;
      slots[i].length = length;
      strncpy(slots[i].name, name, NAME - 1);
      slots[i].name[NAME - 1] = 0;
      atomic_store_explicit(&slots[i].base, (uintptr_t)base, memory_order_release);
      break;
    }
  }
  pthread_mutex_unlock(&lock);
  return slot;
}

void cs_unguard(int slot) {
  if (slot < 0 || slot >= SLOTS) return;
  pthread_mutex_lock(&lock);
  atomic_store_explicit(&slots[slot].base, 0, memory_order_release);
  pthread_mutex_unlock(&lock);
}

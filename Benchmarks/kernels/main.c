// kernel-bench: the rate of each kernel over the machine's ceilings, measured in the same process.
//
//   kernel-bench [--threads N] [--isa NAME] [--rows N] [--cols N] [--megabytes N] [--format NAME]
//
// Decode: one token against `megabytes` of weights (beyond every cache), in bytes of weights a second over the read
// bandwidth. Prefill: 64 tokens against the same rows, in operations a second over the peak of the dot products.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "ceilings.h"
#include "ck.h"

enum { max_threads = 256, repetitions = 7 };

typedef struct {
  size_t threads, rows, cols, bytes;
  ck_isa isa;
  const char *format;
} options;

typedef struct work {
  void (*run)(const struct work *, size_t thread);
  size_t threads;
  const ck_kernels *kernels;
  ck_matrix matrix;
  ck_multiply_fn multiply;
  const void *x;
  size_t x_stride, tokens;
  float *y;
  const uint8_t *bytes;
  size_t count;
} work;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct {
  const work *w;
  size_t index;
  pthread_barrier_t *barrier;
  double begin[repetitions], end[repetitions];
} thread_argument;

static void *thread_main(void *p) {
  thread_argument *a = p;
  for (int i = 0; i < repetitions; i++) {
    pthread_barrier_wait(a->barrier);
    a->begin[i] = now();
    a->w->run(a->w, a->index);
    a->end[i] = now();
  }
  return NULL;
}

// Seconds of the fastest of several runs, from the first thread's beginning to the last one's end.
static double measure(const work *w) {
  pthread_t threads[max_threads];
  static thread_argument arguments[max_threads];
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, (unsigned)w->threads);
  for (size_t t = 0; t < w->threads; t++) {
    arguments[t].w = w;
    arguments[t].index = t;
    arguments[t].barrier = &barrier;
    pthread_create(&threads[t], NULL, thread_main, &arguments[t]);
  }
  for (size_t t = 0; t < w->threads; t++) pthread_join(threads[t], NULL);
  pthread_barrier_destroy(&barrier);
  double best = 1e30;
  for (int i = 0; i < repetitions; i++) {
    double begin = arguments[0].begin[i], end = arguments[0].end[i];
    for (size_t t = 1; t < w->threads; t++) {
      if (arguments[t].begin[i] < begin) begin = arguments[t].begin[i];
      if (arguments[t].end[i] > end) end = arguments[t].end[i];
    }
    if (end - begin < best) best = end - begin;
  }
  return best;
}

static void run_read(const work *w, size_t thread) {
  const size_t share = w->count / w->threads / 64 * 64;
  ceiling_sink(ceiling_read(w->bytes + thread * share, share));
}

static void run_int8(const work *w, size_t thread) {
  (void)thread;
  ceiling_sink(ceiling_int8(w->count));
}

static void run_fma(const work *w, size_t thread) {
  (void)thread;
  ceiling_sink(ceiling_fma(w->count));
}

static void run_multiply(const work *w, size_t thread) {
  const size_t share = (w->matrix.rows / w->threads + 15) / 16 * 16;
  size_t begin = thread * share, end = begin + share;
  if (begin > w->matrix.rows) begin = w->matrix.rows;
  if (end > w->matrix.rows) end = w->matrix.rows;
  w->multiply(&w->matrix, begin, end, w->x, w->x_stride, NULL, w->tokens, w->y + begin, w->matrix.rows);
}

static void *pages(size_t bytes) {
  void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) {
    perror("mmap");
    exit(71);
  }
#ifdef MADV_HUGEPAGE
  madvise(p, bytes, MADV_HUGEPAGE);
#endif
  return p;
}

// Random codes and small scales: what they are does not change the time, so long as no number is subnormal.
static void fill(uint8_t *p, size_t bytes) {
  uint32_t s = 1;
  for (size_t i = 0; i < bytes; i++) p[i] = (uint8_t)(((s = s * 1664525 + 1013904223) >> 24) & 0x3F) | 0x10;
}

typedef struct {
  double read, int8, fma;  // bytes, operations, operations a second
} ceilings;

static ceilings measure_ceilings(const options *o, const uint8_t *bytes) {
  work w = {.run = run_read, .threads = o->threads, .bytes = bytes, .count = o->bytes};
  ceilings c;
  c.read = (double)o->bytes / measure(&w);
  w.run = run_int8;
  w.count = 20000000;
  c.int8 = ceiling_int8_operations(w.count) * (double)o->threads / measure(&w);
  w.run = run_fma;
  c.fma = ceiling_fma_operations(w.count) * (double)o->threads / measure(&w);
  return c;
}

static void row(const options *o, const ceilings *c, const ck_kernels *k, ck_format format, ck_layout layout,
                const uint8_t *data, const void *x, float *y) {
  const size_t row_bytes = o->cols / ck_format_block(format) * ck_format_block_bytes(format);
  const size_t decode_rows = o->bytes / row_bytes / 32 * 32;
  static float scales[1 << 16];
  for (size_t i = 0; i < 1 << 16; i++) scales[i] = 1;
  work w = {.run = run_multiply, .threads = o->threads, .kernels = k, .x = x, .y = y};
  w.matrix = (ck_matrix){.data = data, .scales = scales, .scale_cols = 0, .rows = decode_rows, .cols = o->cols,
                         .row_bytes = row_bytes, .format = format, .layout = layout};
  w.multiply = k->multiply[format];
  w.tokens = 1;
  const int q8 = ck_format_activation(format) == CK_ACT_Q8;
  w.x_stride = q8 ? o->cols / 32 * sizeof(ck_block_q8) : o->cols * sizeof(float);
  const double rate = (double)(decode_rows * row_bytes) / measure(&w);
  printf("%-9s %-8s %8.2f %6.1f %%", ck_format_name(format), layout == CK_ROWS ? "rows" : "rows_x16", rate * 1e-9,
         100 * rate / c->read);
  w.matrix.rows = o->rows;
  const double ceiling = q8 ? c->int8 : c->fma;
  for (size_t tokens = 1; tokens <= 64; tokens *= 4) {
    w.tokens = tokens;
    const double seconds = measure(&w), operations = 2.0 * (double)(o->rows * o->cols * tokens) / seconds;
    printf("  %8.1f %5.1f %%", operations * 1e-9, 100 * operations / ceiling);
  }
  printf("\n");
  fflush(stdout);
}

static size_t number(const char *text) {
  char *end;
  const unsigned long long v = strtoull(text, &end, 10);
  if (*end || v == 0) {
    fprintf(stderr, "kernel-bench: '%s' is not a positive number\n", text);
    exit(64);
  }
  return (size_t)v;
}

static options parse(int argc, char **argv) {
  options o = {.threads = 2, .rows = 1024, .cols = 2048, .bytes = (size_t)256 << 20, .isa = ck_isa_best()};
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!strcmp(argv[i], "--threads")) o.threads = number(argv[i + 1]);
    else if (!strcmp(argv[i], "--rows")) o.rows = number(argv[i + 1]);
    else if (!strcmp(argv[i], "--cols")) o.cols = number(argv[i + 1]);
    else if (!strcmp(argv[i], "--megabytes")) o.bytes = number(argv[i + 1]) << 20;
    else if (!strcmp(argv[i], "--format")) o.format = argv[i + 1];
    else if (!strcmp(argv[i], "--isa")) {
      for (int isa = 0; isa < CK_ISAS; isa++)
        if (!strcmp(ck_isa_name((ck_isa)isa), argv[i + 1])) o.isa = (ck_isa)isa;
    }
  }
  if (o.threads > max_threads) o.threads = max_threads;
  return o;
}

int main(int argc, char **argv) {
  const options o = parse(argc, argv);
  const ck_kernels *k = ck_kernels_for(o.isa);
  if (!k) {
    fprintf(stderr, "kernel-bench: this machine does not have %s\n", ck_isa_name(o.isa));
    return 69;
  }
  uint8_t *data = pages(o.bytes + (1 << 20));
  fill(data, o.bytes + (1 << 20));
  float *x = pages(o.cols * 64 * sizeof(float)), *y = pages(o.bytes);
  ck_block_q8 *q = pages(o.cols / 32 * 64 * sizeof(ck_block_q8));
  for (size_t i = 0; i < o.cols * 64; i++) x[i] = (float)(i % 17) * 0.1f - 0.8f;
  k->quantize_q8(x, o.cols * 64, q);
  const ceilings c = measure_ceilings(&o, data);
  printf("%s, %zu threads, %zu columns: read %.1f GB/s, int8 %.0f GOP/s, f32 %.0f GFLOP/s\n", k->name, o.threads,
         o.cols, c.read * 1e-9, c.int8 * 1e-9, c.fma * 1e-9);
  printf("%-9s %-8s %8s %8s  %18s%18s%18s%18s\n", "format", "layout", "GB/s", "of read", "1 token, GOP/s",
         "4 tokens", "16", "64");
  for (int f = 0; f < CK_FORMATS; f++) {
    if (o.format && strcmp(o.format, ck_format_name((ck_format)f))) continue;
    const void *in = ck_format_activation((ck_format)f) == CK_ACT_Q8 ? (void *)q : (void *)x;
    row(&o, &c, k, (ck_format)f, CK_ROWS, data, in, y);
    if (ck_packed_bytes((ck_format)f, 16, o.cols)) row(&o, &c, k, (ck_format)f, CK_ROWS_X16, data, in, y);
  }
  return 0;
}

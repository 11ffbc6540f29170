// kernel-bench: the rate of each kernel over the machine's ceilings, measured in the same process.
//
//   kernel-bench [--threads N] [--isa NAME] [--rows N] [--cols N] [--megabytes N] [--format NAME] [--exact]
//
// Decode: one token against `megabytes` of weights (beyond every cache), in bytes of weights a second over the read
// bandwidth. Prefill: 1 to 64 tokens against `rows` rows, in operations a second over the peak of the dot products.
// A kernel and its ceiling run in turn, so that what disturbs one disturbs the other: shown are the kernel's best rate
// and the median of the ratios.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "ceilings.h"
#include "ck.h"

enum { max_threads = 256, max_tokens = 64, repetitions = 15 };

typedef struct {
  size_t threads, rows, cols, bytes;
  int exact;
  ck_isa isa;
  const char *format;
} options;

typedef struct work {
  void (*run)(const struct work *, size_t thread);
  size_t threads;
  ck_matrix matrix;
  ck_multiply_fn multiply;
  const void *x;
  size_t x_stride, tokens;
  float *y;
  const uint8_t *bytes;
  size_t count;
  double amount;  // bytes or operations of a run on all threads
} work;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct {
  const work *w[2];
  size_t index;
  pthread_barrier_t *barrier;
  double begin[2][repetitions], end[2][repetitions];
} thread_argument;

static void *thread_main(void *p) {
  thread_argument *a = p;
  for (int i = 0; i < repetitions; i++)
    for (int k = 0; k < 2; k++) {
      pthread_barrier_wait(a->barrier);
      a->begin[k][i] = now();
      a->w[k]->run(a->w[k], a->index);
      a->end[k][i] = now();
    }
  return NULL;
}

// Seconds of repetition i of work k, from the first thread's beginning to the last one's end.
static double seconds_of(const thread_argument *arguments, size_t threads, int k, int i) {
  double begin = arguments[0].begin[k][i], end = arguments[0].end[k][i];
  for (size_t t = 1; t < threads; t++) {
    if (arguments[t].begin[k][i] < begin) begin = arguments[t].begin[k][i];
    if (arguments[t].end[k][i] > end) end = arguments[t].end[k][i];
  }
  return end - begin;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

typedef struct {
  double rate, share;  // amount a second, its share of the ceiling
} result;

static result measure(const work *w, const work *ceiling) {
  pthread_t threads[max_threads];
  static thread_argument arguments[max_threads];
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, (unsigned)w->threads);
  for (size_t t = 0; t < w->threads; t++) {
    arguments[t] = (thread_argument){.w = {ceiling, w}, .index = t, .barrier = &barrier};
    pthread_create(&threads[t], NULL, thread_main, &arguments[t]);
  }
  for (size_t t = 0; t < w->threads; t++) pthread_join(threads[t], NULL);
  pthread_barrier_destroy(&barrier);
  result r = {0, 0};
  double ratios[repetitions];
  for (int i = 0; i < repetitions; i++) {
    const double rate = w->amount / seconds_of(arguments, w->threads, 1, i);
    ratios[i] = rate / (ceiling->amount / seconds_of(arguments, w->threads, 0, i));
    if (rate > r.rate) r.rate = rate;
  }
  qsort(ratios, repetitions, sizeof *ratios, ascending);
  r.share = ratios[repetitions / 2];
  return r;
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
  work read, int8, fma;
} ceilings;

static ceilings make_ceilings(const options *o, const uint8_t *bytes) {
  const double threads = (double)o->threads;
  ceilings c;
  c.read = (work){.run = run_read, .threads = o->threads, .bytes = bytes, .count = o->bytes};
  c.read.amount = (double)o->bytes;
  c.int8 = (work){.run = run_int8, .threads = o->threads, .count = 200000};
  c.int8.amount = ceiling_int8_operations(c.int8.count) * threads;
  c.fma = (work){.run = run_fma, .threads = o->threads, .count = 200000};
  c.fma.amount = ceiling_fma_operations(c.fma.count) * threads;
  return c;
}

static void row(const options *o, const ceilings *c, const ck_kernels *k, ck_format format, ck_layout layout,
                const uint8_t *data, const void *x, float *y) {
  const size_t row_bytes = o->cols / ck_format_block(format) * ck_format_block_bytes(format);
  const size_t decode_rows = o->bytes / row_bytes / 32 * 32;
  static float scales[1 << 16];
  for (size_t i = 0; i < 1 << 16; i++) scales[i] = 1;
  work w = {.run = run_multiply, .threads = o->threads, .x = x, .y = y, .tokens = 1};
  w.matrix = (ck_matrix){.data = data, .scales = scales, .scale_cols = 0, .rows = decode_rows, .cols = o->cols,
                         .row_bytes = row_bytes, .format = format, .layout = layout};
  const int q8 = !o->exact && ck_format_activation(format) == CK_ACT_Q8;
  w.multiply = o->exact ? k->multiply_f32[format] : k->multiply[format];
  w.x_stride = q8 ? o->cols / 32 * sizeof(ck_block_q8) : o->cols * sizeof(float);
  w.amount = (double)(decode_rows * row_bytes);
  const result decode = measure(&w, &c->read);
  printf("%-9s %-8s %8.2f %6.1f %%", ck_format_name(format), layout == CK_ROWS ? "rows" : "rows_x16",
         decode.rate * 1e-9, 100 * decode.share);
  w.matrix.rows = o->rows;
  for (w.tokens = 1; w.tokens <= max_tokens; w.tokens *= 4) {
    w.amount = 2.0 * (double)(o->rows * o->cols * w.tokens);
    const result r = measure(&w, q8 ? &c->int8 : &c->fma);
    printf("  %8.1f %5.1f %%", r.rate * 1e-9, 100 * r.share);
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
  for (int i = 1; i < argc; i += 2) {
    if (!strcmp(argv[i], "--exact")) {
      o.exact = 1;
      i--;
      continue;
    }
    if (i + 1 == argc) {
      fprintf(stderr, "kernel-bench: %s needs a value\n", argv[i]);
      exit(64);
    }
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
  const ceilings c = make_ceilings(&o, data);
  printf("%s, %zu threads, %zu columns: read %.1f GB/s, int8 %.0f GOP/s, f32 %.0f GFLOP/s\n", k->name, o.threads,
         o.cols, measure(&c.read, &c.fma).rate * 1e-9, measure(&c.int8, &c.fma).rate * 1e-9,
         measure(&c.fma, &c.int8).rate * 1e-9);
  printf("%-9s %-8s %8s %8s  %18s%18s%18s%18s\n", "format", "layout", "GB/s", "of read", "1 token, GOP/s",
         "4 tokens", "16", "64");
  for (int f = 0; f < CK_FORMATS; f++) {
    if (o.format && strcmp(o.format, ck_format_name((ck_format)f))) continue;
    const void *in = !o.exact && ck_format_activation((ck_format)f) == CK_ACT_Q8 ? (void *)q : (void *)x;
    row(&o, &c, k, (ck_format)f, CK_ROWS, data, in, y);
    if (ck_packed_bytes((ck_format)f, 16, o.cols)) row(&o, &c, k, (ck_format)f, CK_ROWS_X16, data, in, y);
  }
  return 0;
}

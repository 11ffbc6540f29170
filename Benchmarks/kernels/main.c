// kernel-bench: the rate of each kernel over the machine's ceilings, measured in the same process.
//
//   kernel-bench [--threads N] [--isa NAME] [--rows N] [--cols N] [--megabytes N] [--format NAME] [--exact]
//
// Decode: one token against `megabytes` of weights (beyond every cache), in bytes of weights a second over the read
// bandwidth. Prefill: 1 to 512 tokens against `rows` rows, in operations a second over the instruction set's peak.
// A kernel and its ceiling run in turn, in bursts shorter than a time slice of the system, so that a busy neighbour
// spoils some bursts and not all: rates are the ninth deciles of the bursts, shares the ratio of two such rates.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "ceilings.h"
#include "ck.h"

enum { max_threads = 256, max_tokens = 512, most_bursts = 64, compute_bursts = 21 };

typedef struct {
  size_t threads, rows, cols, bytes;
  int exact;
  ck_isa isa;
  const char *format;
} options;

typedef struct work {
  void (*run)(const struct work *, size_t thread, size_t burst);
  size_t threads;
  ck_matrix matrix;
  ck_multiply_fn multiply;
  double (*peak)(size_t steps);
  const void *x;
  size_t x_stride, tokens;
  float *y;
  const uint8_t *bytes;
  size_t count;
  size_t slice;   // rows of a burst, one slice after the other; 0: all rows every time
  double amount;  // bytes or operations of a burst on all threads
} work;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct {
  const work *w[2];
  size_t index, bursts;
  pthread_barrier_t *barrier;
  double begin[2][most_bursts], end[2][most_bursts];
} thread_argument;

static void *thread_main(void *p) {
  thread_argument *a = p;
  for (size_t i = 0; i < a->bursts; i++)
    for (size_t k = 0; k < 2; k++) {
      pthread_barrier_wait(a->barrier);
      a->begin[k][i] = now();
      a->w[k]->run(a->w[k], a->index, i);
      a->end[k][i] = now();
    }
  return NULL;
}

// Seconds of burst i of work k, from the first thread's beginning to the last one's end.
static double seconds_of(const thread_argument *arguments, size_t threads, size_t k, size_t i) {
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

// The ninth decile of a work's rates.
static double rate_of(const thread_argument *arguments, const work *w, size_t k, size_t bursts) {
  double rates[most_bursts];
  for (size_t i = 0; i < bursts; i++) rates[i] = w->amount / seconds_of(arguments, w->threads, k, i);
  qsort(rates, bursts, sizeof *rates, ascending);
  return rates[bursts * 9 / 10];
}

static result measure(const work *w, const work *ceiling, size_t bursts) {
  pthread_t threads[max_threads];
  static thread_argument arguments[max_threads];
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, (unsigned)w->threads);
  for (size_t t = 0; t < w->threads; t++) {
    arguments[t] = (thread_argument){.w = {ceiling, w}, .index = t, .bursts = bursts, .barrier = &barrier};
    pthread_create(&threads[t], NULL, thread_main, &arguments[t]);
  }
  for (size_t t = 0; t < w->threads; t++) pthread_join(threads[t], NULL);
  pthread_barrier_destroy(&barrier);
  const double rate = rate_of(arguments, w, 1, bursts);
  return (result){rate, rate / rate_of(arguments, ceiling, 0, bursts)};
}

// Burst i takes slice i: of the first half of the bytes for the ceiling, of the second for a kernel, so that neither
// finds in a cache what the other has read.
static void run_read(const work *w, size_t thread, size_t burst) {
  const size_t share = w->slice / w->threads / 64 * 64, slices = w->count / w->slice;
  ceiling_sink(ceiling_read(w->bytes + burst % slices * w->slice + thread * share, share));
}

static void run_peak(const work *w, size_t thread, size_t burst) {
  (void)thread, (void)burst;
  w->peak(w->count);
}

static void run_multiply(const work *w, size_t thread, size_t burst) {
  const size_t rows = w->slice ? w->slice : w->matrix.rows, slices = w->matrix.rows / rows;
  const size_t share = (rows / w->threads + 15) / 16 * 16, first = burst % slices * rows;
  size_t begin = thread * share, end = begin + share;
  if (begin > rows) begin = rows;
  if (end > rows) end = rows;
  w->multiply(&w->matrix, first + begin, first + end, w->x, w->x_stride, NULL, w->tokens, w->y + begin, rows);
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

static work peak(const options *o, double (*loop)(size_t)) {
  work w = {.run = run_peak, .peak = loop, .threads = o->threads, .count = 50000};
  w.amount = loop(1) * (double)(w.count * o->threads);
  return w;
}

static ceilings make_ceilings(const options *o, const ck_kernels *k, const uint8_t *bytes) {
  ceilings c;
  c.read = (work){.run = run_read, .threads = o->threads, .bytes = bytes, .count = o->bytes};
  c.read.slice = o->bytes / (2 * most_bursts);
  c.read.amount = (double)(c.read.slice / o->threads / 64 * 64 * o->threads);
  c.int8 = peak(o, k->peak_int8);
  c.fma = peak(o, k->peak_f32);
  return c;
}

static const size_t token_counts[] = {1, 4, 8, 16, 32, 64, max_tokens};

static void row(const options *o, const ceilings *c, const ck_kernels *k, ck_format format, ck_layout layout,
                const uint8_t *data, const void *x, float *y) {
  const size_t row_bytes = o->cols / ck_format_block(format) * ck_format_block_bytes(format);
  const size_t slice = o->bytes / (2 * most_bursts) / row_bytes / (16 * o->threads) * (16 * o->threads);
  const size_t decode_rows = most_bursts * slice;
  static float scales[1 << 16];
  for (size_t i = 0; i < 1 << 16; i++) scales[i] = 1;
  work w = {.run = run_multiply, .threads = o->threads, .x = x, .y = y, .tokens = 1};
  w.matrix = (ck_matrix){.data = data + o->bytes / 2, .scales = scales, .scale_cols = 0, .rows = decode_rows,
                         .cols = o->cols, .row_bytes = row_bytes, .format = format, .layout = layout};
  const int q8 = !o->exact && ck_format_activation(format) == CK_ACT_Q8;
  w.multiply = o->exact ? k->multiply_f32[format] : k->multiply[format];
  w.x_stride = q8 ? o->cols / 32 * sizeof(ck_block_q8) : o->cols * sizeof(float);
  w.amount = (double)(slice * row_bytes);
  w.slice = slice;
  const result decode = measure(&w, &c->read, most_bursts);
  printf("%-9s %-8s %8.2f %6.1f %%", ck_format_name(format), layout == CK_ROWS ? "rows" : "rows_x16",
         decode.rate * 1e-9, 100 * decode.share);
  w.matrix.rows = o->rows;
  w.slice = 0;
  for (size_t i = 0; i < sizeof token_counts / sizeof *token_counts; i++) {
    w.tokens = token_counts[i];
    if (w.tokens == max_tokens) w.matrix.rows = (o->rows + 7) / 8;
    w.amount = 2.0 * (double)(w.matrix.rows * o->cols * w.tokens);
    const result r = measure(&w, q8 ? &c->int8 : &c->fma, compute_bursts);
    printf("  %6.0f %3.0f %%", r.rate * 1e-9, 100 * r.share);
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
  float *x = pages(o.cols * max_tokens * sizeof(float)), *y = pages(o.bytes);
  ck_block_q8 *q = pages(o.cols / 32 * max_tokens * sizeof(ck_block_q8));
  for (size_t i = 0; i < o.cols * max_tokens; i++) x[i] = (float)(i % 17) * 0.1f - 0.8f;
  k->quantize_q8(x, o.cols * max_tokens, q);
  const ceilings c = make_ceilings(&o, k, data);
  printf("%s, %zu threads, %zu columns: read %.1f GB/s, int8 %.0f GOP/s, f32 %.0f GFLOP/s\n", k->name, o.threads,
         o.cols, measure(&c.read, &c.fma, most_bursts).rate * 1e-9, measure(&c.int8, &c.fma, most_bursts).rate * 1e-9,
         measure(&c.fma, &c.int8, most_bursts).rate * 1e-9);
  printf("%-9s %-8s %8s %8s  %s\n", "format", "layout", "GB/s", "of read",
         "GOP/s and share of the ceiling with 1, 4, 8, 16, 32, 64 and 512 tokens");
  for (int f = 0; f < CK_FORMATS; f++) {
    if (o.format && strcmp(o.format, ck_format_name((ck_format)f))) continue;
    const void *in = !o.exact && ck_format_activation((ck_format)f) == CK_ACT_Q8 ? (void *)q : (void *)x;
    row(&o, &c, k, (ck_format)f, CK_ROWS, data, in, y);
    if (ck_packed_bytes((ck_format)f, 16, o.cols)) row(&o, &c, k, (ck_format)f, CK_ROWS_X16, data, in, y);
  }
  return 0;
}

// The catalogue's files as bytes: each function gives the text of a JSON array of one kind of file.
#ifndef MODEL_DATA_H
#define MODEL_DATA_H

typedef struct {
  const unsigned char *start;
  long count;
} md_text;

md_text md_architectures(void);
md_text md_prices(void);
md_text md_machines(void);
md_text md_workloads(void);
// Plain text, not JSON.
md_text md_prompts(void);

#endif

// Workloads and scenarios as one JSON array in the binary: brackets and commas around the files.
#include "model_data.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char text[] = {
  '[',
#embed "../../Benchmarks/workloads/agent.json"
, ',',
#embed "../../Benchmarks/workloads/assistant.json"
, ',',
#embed "../../Benchmarks/workloads/chat.json"
, ',',
#embed "../../Benchmarks/workloads/scenarios.json"
, ',',
#embed "../../Benchmarks/workloads/summaries.json"
, ',',
#embed "../../Benchmarks/workloads/tickets.json"
, ']'
};

md_text md_workloads(void) { return (md_text){text, sizeof text}; }
